"""What the shop promises about money, once more, in plain Python and in memory: written from docs/money.md, not from the SQL.

Amounts are fen. Time is whole minutes since midnight of the day the example starts on; what the shop stamps itself lies a few
real milliseconds later, which is why a thing that lasts 30 minutes is over when the clock has been moved by exactly 30.
Numbers the shop makes up (of orders, top-ups, plans) come in as ``seen``, from its answer.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.model.combined_books import Combining
from tests.model.credit_books import Credit
from tests.model.operator_books import Operations
from tests.model.refund_books import Refunding
from tests.model.refused import Refused

DAY, UNPAID = 1440, 30
FREE_MOST_FEN = 500_000
NEVER = 10**12


@dataclass
class Lot:
    seq: int
    kind: str
    original: int
    left: int
    expires: int | None = None
    expired: int = 0
    on_the_minute: bool = True
    """Whether it ends when a day begins; otherwise somewhat later in that minute."""
    drawn: bool = False

    @property
    def order(self):
        ends = (NEVER, True) if self.expires is None else (self.expires, not self.on_the_minute)
        return (*ends, self.kind == "principal", self.seq)


@dataclass
class Account:
    policy: str
    threshold: int | None
    named: bool = False
    tier: str | None = None
    held: int = 0
    limit: int = 0
    used: int = 0
    automatic_only: bool = False
    entries: int = 0
    lots: list[Lot] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)

    def of(self, kind):
        return sum(lot.left for lot in self.lots if lot.kind == kind)

    @property
    def available(self):
        return sum(lot.left for lot in self.lots) - self.held

    def tell(self, kind):
        self.told[kind] = self.told.get(kind, 0) + 1


@dataclass
class Bill:
    seq: int
    customer: int
    amount: int
    due: int
    mode: str
    automatic: bool
    on_the_minute: bool
    period: tuple[int, int] | None = None
    paid: int = 0
    refunded: int = 0
    state: str = "open"
    pending: str | None = None
    by_channel: int = 0
    burnt: list[list[tuple[int, int]]] = field(default_factory=list)

    @property
    def owed(self):
        return self.amount - self.paid


@dataclass
class Payment:
    customer: int
    top_up: str
    channel: str
    amount: int
    bonus: int
    days: int | None
    payer: str | None
    expires: int
    state: str = "created"
    trade: str | None = None
    top_up_state: str = "pending"
    package: int | None = None
    lots: list[int] = field(default_factory=list)
    refunded: int = 0
    clawed: int = 0

    @property
    def may_be_paid(self):
        return self.top_up_state == "pending" and self.state in ("created", "prepared")


@dataclass(frozen=True)
class Package:
    """What is paid and given, and who may have it; ``until`` is a minute."""

    pay: int
    bonus: int
    days: int | None
    first_time_only: bool = False
    per_customer: int | None = None
    stock: int | None = None
    until: int | None = None
    tier: str | None = None


@dataclass
class Order:
    customer: int
    lines: dict[int, int]
    total: int
    expires: int
    state: str = "placed"


@dataclass
class Plan:
    customer: int
    amount: int
    cycle: str
    started: date
    period: int = 0
    state: str = "active"


@dataclass
class Hold:
    customer: int
    amount: int
    expires: int | None
    state: str = "open"
    captured: int = 0


@dataclass
class Sku:
    price: int
    stock: int
    on_shelf: bool = True


def period_day(started, cycle, number):
    """The day a period is due; months and years count from the start and end early where the month is short."""
    if cycle in ("daily", "weekly"):
        return started + timedelta(days=number * (7 if cycle == "weekly" else 1))
    year, month = started.year, started.month
    for _ in range(number * (12 if cycle == "yearly" else 1)):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = started.day
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


class Books(Refunding, Operations, Combining, Credit):
    """Everything the shop knows, of the customers of one example."""

    def __init__(self, first_day):
        self.first_day, self.now, self.seq = first_day, 0, 0
        self.accounts, self.bills, self.payments, self.orders = {}, {}, {}, {}
        self.refunds = {}
        self.plans, self.holds, self.skus, self.keys, self.references = {}, {}, {}, {}, {}
        self.approvals, self.acts, self.combined = {}, {}, {}
        self.quarantine = set()

    def copy(self):
        return pickle.loads(pickle.dumps(self, protocol=5))

    def next(self):
        self.seq += 1
        return self.seq

    @property
    def today(self):
        return self.first_day + timedelta(days=self.now // DAY)

    # keys

    def once(self, caller, operation, key, content, act):
        """One effect per key; a refusal leaves the key unused."""
        if (old := self.keys.get((caller, operation, key))) is not None:
            if old[0] != content:
                raise Refused("idempotency_key_reused")
            return old[1]
        answer = act()
        self.keys[caller, operation, key] = (content, answer, self.now)
        return answer

    def forget_keys(self):
        self.keys = {name: kept for name, kept in self.keys.items() if self.now - kept[2] < 7 * DAY}

    # lots

    def give(self, customer, kind, amount, expires=None, on_the_minute=True):
        lot = Lot(self.next(), kind, amount, amount, expires, on_the_minute=on_the_minute)
        self.accounts[customer].lots.append(lot)
        return lot.seq

    def burn(self, customer, amount, kind=None):
        """Takes from the open lots, as the policy says; answers which lots gave how much, in that order."""
        account = self.accounts[customer]
        lots = sorted((one for one in account.lots if one.left), key=lambda one: one.order)
        if amount > account.available or (kind and amount > account.of(kind)):
            raise Refused("insufficient_balance")
        by_kind = {name: [one for one in lots if one.kind == name] for name in ("bonus", "principal")}
        if kind:
            shares = [(by_kind[kind], amount)]
        elif account.policy == "bonus_first":
            shares = [(by_kind["bonus"] + by_kind["principal"], amount)]
        elif account.policy == "principal_first":
            shares = [(by_kind["principal"] + by_kind["bonus"], amount)]
        elif account.policy == "earliest_expiry":
            shares = [(lots, amount)]
        else:
            bonus = amount * account.of("bonus") // (account.of("bonus") + account.of("principal"))
            shares = [(by_kind["bonus"], bonus), (by_kind["principal"], amount - bonus)]
        burnt = []
        for source, wanted in shares:
            for lot in source:
                taken = min(lot.left, wanted)
                if taken:
                    lot.left -= taken
                    wanted -= taken
                    burnt.append((lot.seq, taken))
            assert not wanted
        account.entries += 1
        return burnt

    def falls(self, customer, before):
        """Alerts when the available balance has crossed the customer's threshold downwards."""
        account = self.accounts[customer]
        if account.threshold is not None and before >= account.threshold > account.available:
            account.tell("low_balance")

    # bills

    def issue(self, source, customer, amount, due, **more):
        self.bills[source] = Bill(self.next(), customer, amount, due, **more)

    def collect(self, source, *, asked=False):
        """Takes a bill from the balance, the rest on credit, or what there is if it may be paid in parts. Answers how much.
        ``asked``: the customer pays it themselves."""
        return self.take(source) + self.on_credit(source, asked=asked)

    def take(self, source, before=None):
        """Takes a bill from the balance. ``before``: what was the customer's own of it."""
        bill = self.bills[source]
        account = self.accounts[bill.customer]
        there = account.available
        amount = min(bill.owed, there) if bill.mode == "partial" else bill.owed
        if amount <= 0 or amount > there:
            return 0
        bill.burnt.append(self.burn(bill.customer, amount))
        bill.paid += amount
        bill.state = "paid" if bill.paid == bill.amount else "partly_paid"
        account.tell("deducted")
        self.falls(bill.customer, there if before is None else before)
        return amount

    def collect_all(self, sources):
        """A set at once: from the balances first, then on credit what they did not cover."""
        taken = [self.take(source) for source in sources]
        return [fen + self.on_credit(source, asked=False) for source, fen in zip(sources, taken, strict=True)]

    def settle(self, customer):
        """What came in pays back credit, then due bills that may be taken without asking, oldest due first."""
        self.repay(customer)
        due = [
            source
            for source, bill in self.bills.items()
            if bill.customer == customer and bill.automatic and bill.due <= self.now
            and bill.state in ("open", "partly_paid") and not bill.pending
        ]  # fmt: skip
        self.collect_all(sorted(due, key=lambda one: self._due_order(self.bills[one])))

    @staticmethod
    def _due_order(bill):
        return (bill.due, not bill.on_the_minute, bill.seq)

    def take_in_full(self, source):
        if self.bills[source].state not in ("open", "partly_paid"):
            raise Refused("bill_not_owed")
        if self.bills[source].pending:
            raise Refused("bill_payment_pending")
        if not self.collect(source, asked=True):
            raise Refused("insufficient_balance")

    def pay_bill(self, customer, source, key):
        bill = self.bills.get(source)

        def act():
            if bill is None or bill.customer != customer or source.startswith("order:"):
                raise Refused("no_such_bill")
            self.take_in_full(source)
            return source

        return self.once(customer, "pay_bill", key, source, act)

    # top-ups

    def start_top_up(self, customer, terms, channel, method, payer, key, channel_says, seen):
        """``terms`` is (package id and Package, or None twice, amount or None); answers (top-up, payment)."""
        number, package, asked = terms
        pay, bonus, days = (package.pay, package.bonus, package.days) if package else (asked, 0, None)
        if method == "jsapi" and payer is None:
            raise Refused("payer_unknown")

        def act():
            if package is None and not 1 <= asked <= FREE_MOST_FEN:
                raise Refused("top_up_amount_out_of_range")
            if package is not None:
                self._may_buy(customer, number, package)
            if pay > self.room(customer):
                raise Refused("balance_limit")
            made = seen or ("?", "?")
            self.payments[made[1]] = Payment(
                customer, made[0], channel, pay, bonus, days, payer if method == "jsapi" else None, self.now + UNPAID,
                package=number,
            )  # fmt: skip
            return made

        made = self.once(customer, "start_top_up", key, (number, asked, channel, method), act)
        payment = self.payments[made[1]]
        if payment.state == "created":
            if channel_says == "no answer":
                raise Refused("channel_unavailable")
            if channel_says == "no":
                payment.state = payment.top_up_state = "closed"
                raise Refused("channel_declined")
            payment.state = "prepared"
        return made

    def _unfinished(self, customer):
        return [one for one in self.payments.values() if one.customer == customer and one.may_be_paid]

    def _may_buy(self, customer, number, package):
        """Limits count what was paid and what may still be."""
        bought = [one for one in self.payments.values() if one.package == number]
        paid = [one for one in bought if one.top_up_state == "credited"]
        own = [one for one in paid if one.customer == customer]
        waiting = [one for one in bought if one.customer == customer and one.may_be_paid]
        if package.until is not None and self.now >= package.until:
            raise Refused("package_over")
        if package.tier is not None and self.accounts[customer].tier != package.tier:
            raise Refused("package_not_for_tier")
        if package.first_time_only:
            if any(
                one.customer == customer and one.top_up_state == "credited" for one in self.payments.values()
            ):
                raise Refused("package_first_only")
            if self._unfinished(customer):
                raise Refused("top_up_unfinished")
        if package.per_customer is not None and len(own) >= package.per_customer:
            raise Refused("package_limit_reached")
        if package.per_customer is not None and len(own) + len(waiting) >= package.per_customer:
            raise Refused("top_up_unfinished")
        if package.stock is not None and len(paid) + sum(one.may_be_paid for one in bought) >= package.stock:
            raise Refused("package_sold_out")

    def confirm(self, *, number, channel, trade, state, amount, right_names=True, payer=None):
        """What a channel says of a payment; money is credited at most once, or set aside for an operator."""
        payment = self.payments.get(number)
        if payment is not None and payment.channel != channel:
            payment = None
        taken = any(
            other.channel == channel and other.trade == trade and trade and name != number
            for name, other in self.payments.items()
        )
        if payment is not None and taken:
            self._set_aside(payment, None)
            return self._quarantined(channel, trade, number)
        if state == "paid":
            return self._paid(payment, number, channel, trade, amount, right_names, payer)
        if payment is None:
            return "unknown_number"
        if state == "refunded" and payment.state == "paid" and self.sent_back(number):
            return "repeated"
        if state == "refunded":
            self._set_aside(payment, trade)
            self._quarantined(channel, trade, number)
            return "refunded_at_channel"
        if payment.state not in ("created", "prepared"):
            return "closed" if payment.state == "closed" else "repeated"
        if state == "closed" or (payment.expires <= self.now and state in ("missing", "failed")):
            payment.state = payment.top_up_state = "closed"
            return "closed"
        return "waiting"

    def _paid(self, payment, number, channel, trade, amount, right_names, payer):
        if payment is None:
            return self._quarantined(channel, trade, number)
        if payment.state == "paid" and payment.trade == trade:
            return "repeated"
        if payment.state in ("paid", "quarantined"):
            return "quarantined" if payment.trade == trade else self._quarantined(channel, trade, number)
        if (
            amount != payment.amount
            or not right_names
            or (payer and payment.payer and payer != payment.payer)
        ):
            self._set_aside(payment, trade)
            return self._quarantined(channel, trade, number)
        payment.state, payment.trade, payment.top_up_state = "paid", trade, "credited"
        payment.lots = [self.give(payment.customer, "principal", payment.amount)]
        if payment.bonus:
            ends = None if payment.days is None else (self.now // DAY + payment.days + 1) * DAY
            payment.lots.append(self.give(payment.customer, "bonus", payment.bonus, ends))
        self._came_in(payment.customer, "topped_up")
        return "credited"

    def _came_in(self, customer, told):
        self.accounts[customer].entries += 1
        self.accounts[customer].tell(told)
        self.settle(customer)

    def _set_aside(self, payment, trade):
        if payment.state in ("created", "prepared", "closed"):
            payment.state, payment.trade = "quarantined", trade

    def _quarantined(self, channel, trade, number):
        self.quarantine.add((channel, trade or f"?{number}"))
        return "quarantined"

    def ask(self, number, trade, state, paid_meanwhile, give_up=False):
        """The clock or an operator asks the channel; one that is over, or given up, is closed there first."""
        payment = self.payments[number]
        if give_up and payment.state not in ("created", "prepared"):
            return None
        if state in ("waiting", "missing", "failed") and (give_up or payment.expires <= self.now):
            state = "paid" if paid_meanwhile else "closed"
        trade = trade if state == "paid" else None
        return self.confirm(
            number=number, channel=payment.channel, trade=trade, state=state, amount=payment.amount
        )

    # orders

    def place(self, customer, wanted, key, seen):
        lines = {}
        for sku, quantity in wanted:
            lines[sku] = lines.get(sku, 0) + quantity

        def act():
            wrong = set()
            for sku, quantity in lines.items():
                if sku not in self.skus or not self.skus[sku].on_shelf:
                    wrong.add("sku_not_for_sale")
                elif self.skus[sku].stock < quantity:
                    wrong.add("out_of_stock")
            if wrong:
                raise Refused(*wrong)
            for sku, quantity in lines.items():
                self.skus[sku].stock -= quantity
            total = sum(self.skus[sku].price * quantity for sku, quantity in lines.items())
            number, ends = seen or "?", self.now + UNPAID
            self.orders[number] = Order(customer, lines, total, ends)
            self.issue(
                f"order:{number}", customer, total, ends, mode="full", automatic=False, on_the_minute=False
            )
            return number

        return self.once(customer, "place", key, sorted(lines.items()), act)

    def _order(self, customer, number):
        order = self.orders.get(number)
        if order is None or order.customer != customer:
            raise Refused("no_such_order")
        return order

    def pay_order(self, customer, number, key):
        def act():
            order = self._order(customer, number)
            if order.state != "placed":
                raise Refused("order_state_forbids")
            self.take_in_full(f"order:{number}")
            order.state = "paid"
            return number

        answer = self.once(customer, "pay_order", key, number, act)
        self._order(customer, number)
        return answer

    def cancel(self, customer, number):
        order = self._order(customer, number)
        if order.state == "completed":
            raise Refused("order_state_forbids")
        if order.state == "cancelled":
            return
        bill = self.bills[f"order:{number}"]
        if bill.pending:
            raise Refused("bill_payment_pending")
        for sku, quantity in order.lines.items():
            self.skus[sku].stock += quantity
        if order.state == "paid":
            self.give_back(bill, bill.paid - bill.refunded)
        else:
            bill.state = "void"
        order.state = "cancelled"

    def complete(self, number):
        if number not in self.orders or self.orders[number].state != "paid":
            raise Refused("order_state_forbids")
        self.orders[number].state = "completed"

    def unpaid_in_time(self):
        return [
            number
            for number, one in self.orders.items()
            if one.state == "placed" and one.expires <= self.now and not self.bills[f"order:{number}"].pending
        ]

    def expire_order(self, number):
        if self.orders[number].state != "placed":
            return 0
        self.cancel(self.orders[number].customer, number)
        return 1

    # plans

    def subscribe(self, customer, offer, version, key, seen):
        """``offer`` is (id, amount, cycle), or None for one that is not on offer."""

        def act():
            if offer[1] is None:
                raise Refused("no_such_offer")
            if version != "1":
                raise Refused("consent_outdated")
            self.plans[seen or -1] = Plan(customer, offer[1], offer[2], self.today)
            return seen or -1

        return self.once(customer, "subscribe", key, (offer[0], version), act)

    def end_plan(self, customer, number):
        if number not in self.plans or self.plans[number].customer != customer:
            raise Refused("no_such_plan")
        self.plans[number].state = "cancelled"

    def due_plans(self):
        due = [
            (period_day(plan.started, plan.cycle, plan.period), number)
            for number, plan in self.plans.items()
            if plan.state == "active"
        ]
        return sorted(one for one in due if one[0] <= self.today)

    def charge_round(self, batch):
        """One batch of a due run; answers (due, charged)."""
        claimed = self.due_plans()[:batch]
        sources = [self.issue_period(number) for _, number in claimed]
        charged = sum(map(bool, self.collect_all(sources)))
        self.remind(sources)
        return len(claimed), charged

    def issue_period(self, number):
        plan = self.plans[number]
        day = period_day(plan.started, plan.cycle, plan.period)
        source = f"plan:{number}:{plan.period}"
        self.issue(
            source, plan.customer, plan.amount, (day - self.first_day).days * DAY, mode="full", automatic=True,
            on_the_minute=True, period=(number, plan.period),
        )  # fmt: skip
        plan.period += 1
        return source

    def remind(self, sources):
        for source in sources:
            if self.bills[source].state != "paid":
                self.accounts[self.bills[source].customer].tell("payment_due")

    # grants, spends

    def post(self, reference, content, act):
        """One transfer for a reference; the same again changes nothing, another content is refused."""
        if reference in self.references:
            if self.references[reference] != content:
                raise Refused("reference_taken")
            return
        act()
        self.references[reference] = content

    def grant(self, customer, kind, amount, lasts, reference):
        def act():
            ends = None if lasts is None else self.now + lasts
            self.give(customer, kind, amount, ends, on_the_minute=False)
            self.accounts[customer].entries += 1

        self.post(reference, (customer, kind, amount, None if lasts is None else self.now + lasts), act)

    def spend(self, customer, amount, kind, partial, reference):
        def act():
            account = self.accounts[customer]
            most = min(account.available, account.of(kind) if kind else NEVER)
            taken = min(amount, most) if partial else amount
            if taken <= 0:
                raise Refused("insufficient_balance")
            self.burn(customer, taken, kind)

        self.post(reference, (customer, amount, kind, partial), act)

    def expire_bonus(self):
        """What is left of bonus that is over goes back, as far as it is not held; the rest waits for the next run."""
        due = [
            (lot.order, customer, lot, min(lot.left, account.available))
            for customer, account in self.accounts.items()
            for lot in account.lots
            if lot.left and lot.expires is not None and lot.expires <= self.now and account.available > 0
        ]
        expired = 0
        for _, customer, lot, amount in sorted(due, key=lambda one: (one[0][:2], one[2].seq)):
            account = self.accounts[customer]
            before = account.available
            if amount <= before:
                lot.left -= amount
                lot.expired += amount
                account.entries += 1
                account.tell("bonus_expired")
                self.falls(customer, before)
                expired += 1
        return expired

    # holds

    def hold(self, customer, reference, amount, lasts):
        account, old = self.accounts[customer], self.holds.get(reference)
        if old is not None:
            if (old.customer, old.amount) != (customer, amount):
                raise Refused("reference_taken")
            if old.state in ("released", "expired"):
                raise Refused("hold_ended")
            return
        if account.available < amount:
            raise Refused("insufficient_balance")
        account.held += amount
        self.holds[reference] = Hold(customer, amount, None if lasts is None else self.now + lasts)

    def capture(self, reference, amount):
        hold = self._hold(reference)
        if hold.state == "captured" and hold.captured == amount:
            return
        if hold.state != "open":
            raise Refused("hold_ended")
        if amount > hold.amount:
            raise Refused("capture_too_large")
        self._end(hold, "captured")
        hold.captured = amount
        self.burn(hold.customer, amount)

    def release(self, reference):
        hold = self._hold(reference)
        if hold.state == "captured":
            raise Refused("hold_ended")
        if hold.state == "open":
            self._end(hold, "released")

    def holds_over(self):
        return [
            name
            for name, one in self.holds.items()
            if one.state == "open" and one.expires is not None and one.expires <= self.now
        ]

    def expire_hold(self, reference):
        if self.holds[reference].state != "open":
            return 0
        hold = self.holds[reference]
        self._end(hold, "expired")
        self.accounts[hold.customer].tell("hold_released")
        self.settle(hold.customer)
        return 1

    def _end(self, hold, state):
        hold.state = state
        self.accounts[hold.customer].held -= hold.amount

    def _hold(self, reference):
        if reference not in self.holds:
            raise Refused("no_such_hold")
        return self.holds[reference]

    # what can be compared

    def look(self):
        """Everything that must agree with the shop, in the form ``shop.LOOK`` gives it."""
        return {
            "accounts": {
                str(number): [one.of("principal"), one.of("bonus"), one.held, one.entries, one.limit, one.used]
                for number, one in self.accounts.items()
            },
            "lots": {
                str(number): [
                    [lot.kind, lot.original, lot.left] for lot in sorted(one.lots, key=lambda lot: (lot.kind, lot.seq))
                ]
                for number, one in self.accounts.items()
                if one.lots
            },
            "told": {str(number): dict(one.told) for number, one in self.accounts.items() if one.told},
            "bills": {source: [one.state, one.paid, one.refunded] for source, one in self.bills.items()},
            "payments": {
                number: [one.state, one.trade, one.top_up_state] for number, one in self.payments.items()
            },
            "orders": {number: one.state for number, one in self.orders.items()},
            "plans": {
                str(number): [
                    one.state, one.period, str(period_day(one.started, one.cycle, one.period)),
                    ["charged" if self.bills[f"plan:{number}:{done}"].state == "paid" else "owed" for done in range(one.period)],
                ]
                for number, one in self.plans.items()
            },
            "combined": {
                number: [one.state, one.payment, one.trade, one.balance, one.channel, self.bills[one.source].pending == number]
                for number, one in self.combined.items()
            },
            "holds": {name: [one.state, one.captured] for name, one in self.holds.items()},
            "stock": {str(number): one.stock for number, one in self.skus.items()},
            "quarantine": len(self.quarantine),
            "approvals": {number: one.state for number, one in self.approvals.items()},
            "refunds": {number: one.state for number, one in self.refunds.items()},
        }  # fmt: skip
