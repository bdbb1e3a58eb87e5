"""Top-ups in the model: who may buy what, and what a channel's word about one leads to."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.books.refused import Refused

DAY, UNPAID = 1440, 30
FREE_MOST_FEN = 500_000


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
    claw_back: str = "pro_rata"
    right_days: int = 0
    """What its refund goes by, as it was when it was started."""
    credited: int | None = None
    served: list = field(default_factory=list)
    """What the customer had paid for when it was credited."""

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


class ToppingUp:
    """Part of ``Books``."""

    def start_top_up(self, customer, terms, channel, method, payer, key, channel_says, seen):
        """``terms`` is (package id and Package, or None twice, amount or None); answers (top-up, payment)."""
        number, package, asked = terms
        pay, bonus, days = (package.pay, package.bonus, package.days) if package else (asked, 0, None)
        if method == "jsapi" and payer is None:
            raise Refused("payer_unknown")

        def act():
            self.allowed(customer, terms)
            made = seen or ("?", "?")
            self.payments[made[1]] = Payment(
                customer, made[0], channel, pay, bonus, days, payer if method == "jsapi" else None, self.now + UNPAID,
                package=number, claw_back=self.terms.claw_back, right_days=self.terms.right_days,
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

    @property
    def at_channels(self):
        return {number: one for number, one in self.payments.items() if one.channel != "counter"}

    def allowed(self, customer, terms):
        number, package, asked = terms
        if package is None and not 1 <= asked <= FREE_MOST_FEN:
            raise Refused("top_up_amount_out_of_range")
        if package is not None:
            self._may_buy(customer, number, package)
        if (package.pay if package else asked) > self.room(customer):
            raise Refused("balance_limit")

    def unfinished(self, customer):
        return [one for one in self.payments.values() if one.customer == customer and one.may_be_paid]

    def _may_buy(self, customer, number, package):
        """Limits count what was paid and what may still be."""
        bought = [one for one in self.payments.values() if one.package == number]
        paid = [one for one in bought if one.top_up_state == "credited"]
        numbers = self.numbers_of(customer)
        own = [one for one in paid if one.customer in numbers]
        waiting = [one for one in bought if one.customer in numbers and one.may_be_paid]
        if package.until is not None and self.now >= package.until:
            raise Refused("package_over")
        if package.tier is not None and self.accounts[customer].tier != package.tier:
            raise Refused("package_not_for_tier")
        if package.first_time_only:
            if any(
                one.customer in numbers and one.top_up_state == "credited" for one in self.payments.values()
            ):
                raise Refused("package_first_only")
            if any(one.customer in numbers and one.may_be_paid for one in self.payments.values()):
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
            return self.quarantined(channel, trade, number)
        if state == "paid":
            return self._paid(payment, number, channel, trade, amount, right_names, payer)
        if payment is None:
            return "unknown_number"
        if state == "refunded" and payment.state == "paid" and self.sent_back(number):
            return "repeated"
        if state == "refunded":
            self._set_aside(payment, trade)
            self.quarantined(channel, trade, number)
            return "refunded_at_channel"
        if payment.state not in ("created", "prepared"):
            return "closed" if payment.state == "closed" else "repeated"
        if state == "closed" or (payment.expires <= self.now and state in ("missing", "failed")):
            payment.state = payment.top_up_state = "closed"
            return "closed"
        return "waiting"

    def _paid(self, payment, number, channel, trade, amount, right_names, payer):
        if payment is None:
            return self.quarantined(channel, trade, number)
        if payment.state == "paid" and payment.trade == trade:
            return "repeated"
        if payment.state in ("paid", "quarantined"):
            return "quarantined" if payment.trade == trade else self.quarantined(channel, trade, number)
        if (
            amount != payment.amount
            or not right_names
            or (payer and payment.payer and payer != payment.payer)
        ):
            self._set_aside(payment, trade)
            return self.quarantined(channel, trade, number)
        payment.state, payment.trade = "paid", trade
        self.credit(payment, f"top_up:{payment.top_up}")
        return "credited"

    def credit(self, payment, source):
        payment.top_up_state, payment.credited = "credited", self.now
        payment.served = self.paid_so_far()
        payment.lots = [self.give(payment.customer, "principal", payment.amount, source)]
        if payment.bonus:
            ends = None if payment.days is None else (self.now // DAY + payment.days + 1) * DAY
            payment.lots.append(self.give(payment.customer, "bonus", payment.bonus, source, ends))
        self.came_in(payment.customer, "topped_up")

    def credited(self):
        return {number for number, one in self.payments.items() if one.credited is not None}

    def paid_so_far(self):
        return [(bill, one) for bill in self.bills.values() for one in bill.payments]

    def _set_aside(self, payment, trade):
        if payment.state in ("created", "prepared", "closed"):
            payment.state, payment.trade = "quarantined", trade

    def quarantined(self, channel, trade, number):
        self.quarantine.add((channel, trade or f"?{number}"))
        return "quarantined"

    def ask(self, number, trade, state, paid_meanwhile, give_up=False):
        """The clock or an operator asks the channel; one that is over, or given up, is closed there first."""
        payment = self.payments[number]
        if state in ("waiting", "missing", "failed") and (give_up or payment.expires <= self.now):
            state = "paid" if paid_meanwhile else "closed"
        trade = trade if state == "paid" else None
        return self.confirm(
            number=number, channel=payment.channel, trade=trade, state=state, amount=payment.amount
        )
