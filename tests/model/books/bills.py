"""Bills in the model: paid whole, in part or in instalments, settled by new money, taken by the clock on their day."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.books.accounts import PAST_THE_MINUTE_S
from tests.model.books.instalments import Proposal
from tests.model.books.refused import Refused

DAY = 1440
ON_THE_MINUTE, AS_ISSUED, AS_STAMPED = 0, 1, 2
"""Within one minute: a day that begins, an instant of the example's opening second, an instant the shop stamped after it."""
REVIEW = "review"
"""What a bill waits for while an operator looks at its deduction; else the number of a combined payment."""


@dataclass(frozen=True)
class Wanted:
    """So much of a bill; ``or_less``: as far as it goes."""

    source: str
    amount: int
    or_less: bool


@dataclass
class Paid:
    """What a bill was paid with, once: from the balance (which lots gave how much, and what of that has not been given back), through
    a channel or at the counter (how much of it is on its way back)."""

    tender: str
    amount: int
    took: list[tuple[int, int]] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    going_back: int = 0
    matched_by: str | None = None
    is_undone: bool = False

    @property
    def to_give_back(self):
        if self.tender == "balance":
            return sum(amount for _, amount in self.left)
        return self.amount - self.going_back

    @property
    def is_refunded(self):
        return self.tender == "balance" and not self.to_give_back


@dataclass
class Bill:
    seq: int
    customer: int
    amount: int
    due: int
    mode: str
    automatic: bool
    on_the_minute: bool
    paid: int = 0
    refunded: int = 0
    state: str = "open"
    pending: str | None = None
    payments: list[Paid] = field(default_factory=list)
    comes: tuple[int, int] | None = None
    """When the clock comes: (minute, place in that minute)."""
    issued: int = 0
    """In this order they were issued, by the instant the shop stamped."""
    stamped: int = 0
    """Not 0: it is due since an instant the shop stamped, in this order; and which second that was."""
    stamped_s: int | None = None
    reminded: list[int] = field(default_factory=list)
    """Of which due dates the customer was reminded: the second."""
    parts: list[tuple[int, int]] = field(default_factory=list)
    """(the sum paid once this part is paid, the minute it is due) of the instalments that run."""
    base: int = 0
    """What was paid when these were proposed."""
    former: tuple[str, bool] | None = None
    manual: bool = False
    proposed: Proposal | None = None
    arrangements: list[str] = field(default_factory=list)
    reviews: list = field(default_factory=list)

    @property
    def owed(self):
        return self.amount - self.paid

    @property
    def is_owed(self):
        return self.state in ("open", "partly_paid")

    @property
    def due_order(self):
        place = AS_STAMPED if self.stamped else ON_THE_MINUTE if self.on_the_minute else AS_ISSUED
        return (self.due, place, self.stamped, self.seq)

    def place(self, rule, now):
        """Where it stands among those that new money settles."""
        if rule == "oldest_issued":
            return (self.issued, self.seq)
        return (self.due_by(now), *self.due_order) if rule == "smallest_first" else self.due_order

    @property
    def turn(self):
        """Its place among those the clock comes for."""
        minute, place = self.comes
        return (minute, place, self.stamped if place == AS_STAMPED else 0, self.seq)

    @property
    def comes_s(self):
        minute, place = self.comes
        return self.stamped_s if place == AS_STAMPED else minute * 60 + (place and PAST_THE_MINUTE_S)

    @property
    def to_give_back(self):
        return sum(one.to_give_back for one in self.payments)

    @property
    def going_back(self):
        return sum(one.going_back for one in self.payments)

    def due_by(self, now):
        """How much of it is due: all of a bill past its date, of instalments the parts whose day has come."""
        if self.mode != "instalments":
            return self.owed if self.due <= now else 0
        return max(0, max((up_to for up_to, due in self.parts if due <= now), default=0) - self.paid)

    def asked(self, now):
        """What paying it means where nobody says how much."""
        if self.mode != "instalments":
            return self.owed
        return self.due_by(now) or next(up_to for up_to, _ in self.parts if up_to > self.paid) - self.paid

    def no_more_unasked(self):
        """A refund of what is still owed, or a payment that was turned down, ends its being taken without asking."""
        if self.automatic or self.mode == "instalments":
            self.automatic, self.manual = False, True

    def was_paid(self, amount):
        """A bill in instalments is due with its next part."""
        self.paid += amount
        self.state = "paid" if self.paid == self.amount else "partly_paid" if self.paid else "open"
        coming = [due for up_to, due in self.parts if up_to > self.paid]
        if self.mode == "instalments" and coming:
            self.due, self.on_the_minute, self.stamped = coming[0], True, 0

    def parts_by_arrangement(self):
        """The parts of what is proposed, with whether they would be taken unasked, and of what runs."""
        found = {}
        if self.proposed:
            found[str(self.proposed.number)] = self._listed(self.proposed.parts, self.proposed.automatic)
        if "running" in self.arrangements:
            found[str(self.arrangements.index("running") + 1)] = self._listed(self.parts, None)
        return found

    @staticmethod
    def _listed(parts, automatic):
        return [automatic, *([up_to, due // DAY] for up_to, due in parts)]

    def look(self):
        coming = self.due // DAY if self.mode == "instalments" and self.is_owed else None
        return [
            self.customer, self.state, self.paid, self.refunded, self.mode, self.automatic, coming, self.arrangements,
            [[one.state, one.amount, one.drawn] for one in self.reviews],
        ]  # fmt: skip


class Owing:
    """Part of ``Books``."""

    def issue(self, source, customer, amount, due, **more):
        self.bills[source] = Bill(self.next(), customer, amount, due, issued=self.next(), **more)

    def issue_as_operator(self, title, customer, amount, due, mode, automatic, key):
        """``due`` is a minute that begins a day, a minute as issued, or None: at once."""

        def act():
            if self.accounts[customer].state != "active":
                raise Refused("customer_has_left")
            minute, place = due or (self.now, AS_STAMPED)
            self.issue(
                title, customer, amount, minute, mode=mode, automatic=automatic, on_the_minute=not place
            )
            bill = self.bills[title]
            bill.comes, bill.stamped = (minute, place), self.next() if place == AS_STAMPED else 0
            self.accounts[customer].tell("bill_issued")
            return title

        content = (title, customer, amount, due, mode, automatic)
        return self.once("operator", "issue", key, content, act)

    # taking

    def collect(self, wanted, by, matched_by=None):
        """Takes a set: from the balances first, then on credit what they did not cover. What a rule wants looked at is held
        instead. Answers how much was taken of each. ``matched_by`` is the rule that chose the bills, kept with each payment."""
        met = self.judge(wanted, by)
        held = [one for one in wanted if any(rule.holds for rule in met.get(one.source, ()))]
        plain = [one for one in wanted if one not in held]
        taken = {one.source: self.take(one, matched_by) for one in plain}
        for one in plain:
            if rest := one.amount - taken[one.source]:
                taken[one.source] += self.on_credit(Wanted(one.source, rest, one.or_less), by, matched_by)
        for one in plain:
            if taken[one.source]:
                self.tell_of_rules(one.source, met)
        for one in held:
            taken[one.source] = 0
            self.hold_for_review(one, by)
        return taken

    def take(self, wanted, matched_by=None, before=None):
        """Takes a bill from the balance. ``before``: what was the customer's own of it."""
        bill = self.bills[wanted.source]
        there = self.accounts[bill.customer].available
        amount = min(wanted.amount, there) if wanted.or_less else wanted.amount
        if amount <= 0 or amount > there:
            return 0
        self.pay(bill, amount, there if before is None else before, matched_by)
        return amount

    def pay(self, bill, amount, before, matched_by=None):
        account = self.accounts[bill.customer]
        self.take_lots(bill, amount, matched_by)
        bill.was_paid(amount)
        account.tell("deducted")
        self.falls(bill.customer, before)

    def take_lots(self, bill, amount, matched_by=None):
        burnt = self.burn(bill.customer, amount)
        bill.payments.append(Paid("balance", amount, burnt, [*burnt], matched_by=matched_by))
        self.accounts[bill.customer].deducted.append((self.now, amount))

    def settle(self, customer):
        """What came in pays back credit, then due bills that may be taken without asking, in the shop's order."""
        owner = self.keeper(customer)
        self.repay(owner)
        due = [
            (bill.place(self.terms.matching_order, self.now), source)
            for source, bill in self.bills.items()
            if bill.customer == owner and bill.automatic and bill.is_owed and not bill.pending and bill.due_by(self.now)
        ]  # fmt: skip
        self.collect([self._due(source) for _, source in sorted(due)], "clock", self.terms.matching_order)

    def _due(self, source):
        bill = self.bills[source]
        return Wanted(source, bill.due_by(self.now), bill.mode != "full")

    @staticmethod
    def refuse_pending(bill):
        if bill.pending:
            raise Refused("bill_under_review" if bill.pending == REVIEW else "bill_payment_pending")

    def take_in_full(self, source, by):
        bill = self.bills[source]
        if not bill.is_owed:
            raise Refused("bill_not_owed")
        self.refuse_pending(bill)
        taken = self.collect([Wanted(source, bill.owed, bill.mode != "full")], by)
        if not taken[source] and bill.pending != REVIEW:
            raise Refused("insufficient_balance")

    def pay_bill(self, customer, source, amount, key):
        bill = self.bills.get(source)

        def act():
            if bill is None or bill.customer != customer or self.is_paid_with_its_order(source):
                raise Refused("no_such_bill")
            self._pay_some(source, bill, amount, "customer")

        self.once(customer, "pay_bill", key, (source, amount), act)
        if bill.customer != customer:
            raise Refused("no_such_bill")  # it followed a merge
        return source

    def pay_as_operator(self, source, amount, key):
        def act():
            self._pay_some(source, self._of_an_operator(source), amount, "operator")

        self.once("operator", "pay", key, (source, amount), act)

    def _pay_some(self, source, bill, amount, by):
        if not bill.is_owed:
            raise Refused("bill_not_owed")
        self.refuse_pending(bill)
        if amount is None and bill.mode != "instalments":
            self.take_in_full(source, by)
            return
        amount = bill.asked(self.now) if amount is None else amount
        if amount > bill.owed:
            raise Refused("amount_above_owed")
        if bill.mode == "full" and amount < bill.owed:
            raise Refused("paid_in_full_only")
        if not self.collect([Wanted(source, amount, False)], by)[source] and bill.pending != REVIEW:
            raise Refused("insufficient_balance")

    # the clock

    def take_due_bills(self, batch):
        """One batch of the run over bills whose time has come; answers how many it looked at, and (due, taken)."""
        waiting = [
            source
            for source, bill in self.bills.items()
            if bill.is_owed and not bill.pending and bill.comes and bill.comes[0] <= self.now
        ]
        claimed = sorted(waiting, key=lambda one: self.bills[one].turn)[:batch]
        due = [self._due(source) for source in claimed]
        due = [one for one in due if one.amount]
        dates = {source: self.bills[source].comes_s for source in claimed}
        for source in claimed:
            coming = [minute for _, minute in self.bills[source].parts if minute > self.now]
            self.bills[source].comes = (coming[0], ON_THE_MINUTE) if coming else None
        taken = self.collect([one for one in due if self.bills[one.source].automatic], "clock", "due_date")
        missed = [one for one in due if taken.get(one.source, 0) < one.amount]
        for one in missed:
            bill = self.bills[one.source]
            if not (bill.automatic and bill.pending) and dates[one.source] not in bill.reminded:
                bill.reminded.append(dates[one.source])
                self.accounts[bill.customer].tell("payment_due" if bill.automatic else "bill_due")
        return len(claimed), (len(due), len(due) - len(missed))

    # what operators do

    def _of_an_operator(self, source):
        bill = self.bills.get(source)
        if bill is None:
            raise Refused("no_such_bill")
        if self.is_paid_with_its_order(source):
            raise Refused("bill_of_an_order")
        return bill

    def is_paid_with_its_order(self, source):
        """Afterwards it is a bill as any."""
        return source.startswith("order:") and not self.bills[source].paid

    def void_bill(self, source, key):
        def act():
            bill = self._of_an_operator(source)
            if source.startswith("order:"):
                raise Refused("bill_of_an_order")
            if bill.paid:
                raise Refused("bill_has_payments")
            if not bill.is_owed:
                raise Refused("bill_not_owed")
            self.void(bill)
            self.end_arrangements(bill)

        self.once("operator", "void_bill", key, source, act)

    def void(self, bill):
        """A review ends with the bill, and what was held for it settles what else is due."""
        if bill.pending == REVIEW:
            self.free(bill, "withdrawn")
            bill.state = "void"
            self.settle(bill.customer)
        else:
            self.refuse_pending(bill)
            bill.state = "void"
