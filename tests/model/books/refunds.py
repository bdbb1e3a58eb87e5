"""What the shop promises about refunds, in plain Python, written from docs/money.md. A part of ``Books``."""

from dataclasses import dataclass

from tests.model.books.claw_back import Left
from tests.model.books.refused import Refused

DAY = 1440


@dataclass
class Refund:
    """A top-up's refund: whose, of which payment, how much, and which lots gave it."""

    customer: int
    payment: str
    amount: int
    bonus: int
    took: list[tuple[int, int]]
    state: str = "requested"


class Refunding:
    """Refunds of bills, and of top-ups by the rule written down with each, by the customer's right or with an operator's word."""

    def refund_bill(self, source, amount, key):
        bill = self.bills.get(source)

        def act():
            if bill is None:
                raise Refused("no_such_bill")
            self.refuse_pending(bill)
            if not bill.to_give_back:
                raise Refused("nothing_to_refund")
            if amount > bill.to_give_back:
                raise Refused("refund_too_large")
            if bill.is_owed:
                bill.no_more_unasked()
            self.give_back(bill, amount)

        self.once("operator", "refund_bill", key, (source, amount), act)

    def give_back(self, bill, amount):
        """From the newest payment on: what came from the balance into the lot burnt last, the rest is on its way then."""
        outside = 0
        for paid in reversed(bill.payments):
            part = min(amount, paid.to_give_back)
            amount -= part
            if paid.tender != "balance":
                paid.going_back += part
                outside += part
            elif part:
                self._into_the_lots(bill, paid, part)
                bill.refunded += part
                self.came_in(bill.customer, "refunded")
        assert not amount
        if outside:
            self.accounts[bill.customer].tell("refund_started")

    def _into_the_lots(self, bill, paid, amount):
        lots = {lot.seq: lot for lot in self.accounts[bill.customer].lots}
        for at in reversed(range(len(paid.left))):
            seq, taken = paid.left[at]
            part = min(taken, amount)
            paid.left[at] = (seq, taken - part)
            lots[seq].left += part
            assert lots[seq].left <= lots[seq].original
            amount -= part

    def rule_of(self, payment):
        """The customer's right within its days, unless they had been served before; else what was written down."""
        numbers = self.numbers_of(payment.customer)
        served = any(
            bill.customer in numbers and not one.is_undone and not one.is_refunded
            for bill, one in payment.served
        )
        by_right = self.now < payment.credited + payment.right_days * DAY and not served
        return "right" if by_right else payment.claw_back

    def left_of(self, payment):
        lots = self.lots_of(payment)
        return Left(
            payment.amount,
            payment.bonus,
            sum(lot.left for lot in lots if lot.kind == "principal"),
            sum(lot.left for lot in lots if lot.kind == "bonus"),
            payment.refunded,
            payment.clawed,
            sum(lot.expired for lot in lots),
        )

    def lots_of(self, payment):
        return [lot for lot in self.accounts[payment.customer].lots if lot.seq in payment.lots]

    def ask_refund(self, customer, number, amount, key, seen):
        payment = self.payments.get(number)

        def act():
            if payment is None or payment.customer != customer or payment.top_up_state != "credited":
                raise Refused("no_such_top_up_to_refund")
            rule = self.rule_of(payment)
            state = "open" if rule == "right" else "requested"
            self.refunds[seen or "?"] = self.take_out(number, amount, rule, state)
            return seen or "?"

        return self.once(customer, "ask_refund", key, (number, amount), act)

    def take_out(self, number, amount, rule, state):
        """Out of the top-up's lots, before anybody is asked."""
        payment = self.payments[number]
        account, left = self.accounts[payment.customer], self.left_of(payment)
        most = 0 if account.used else left.most(rule)
        wanted = most if amount is None else amount
        if not 0 < wanted <= most:
            raise Refused("top_up_not_refundable")
        back = left.bonus_with(rule, wanted)
        if wanted + back > account.available:
            raise Refused("insufficient_balance")
        before, took = account.available, []
        for lot in self.lots_of(payment):
            taken = wanted if lot.kind == "principal" else back
            lot.left -= taken
            took.append((lot.seq, taken))
        payment.refunded += wanted
        payment.clawed += back
        account.entries += 1
        account.tell("refund_requested" if state == "requested" else "top_up_refund_started")
        self.falls(payment.customer, before)
        return Refund(payment.customer, number, wanted, back, took, state)

    def approve_refund(self, number, key):
        def act():
            self._requested(number).state = "open"

        self.once("operator", "approve refund", key, number, act)

    def reject_refund(self, number, key):
        def act():
            refund = self._requested(number)
            refund.state = "rejected"
            self._return(refund)

        self.once("operator", "reject refund", key, number, act)

    def _requested(self, number):
        if number not in self.refunds:
            raise Refused("no_such_refund")
        if self.refunds[number].state != "requested":
            raise Refused("refund_state_forbids")
        return self.refunds[number]

    def pay_out_refund(self, number, key):
        """The counter has paid out what it took; a channel's is not its own."""

        def act():
            if number not in self.refunds:
                raise Refused("no_such_refund")
            refund = self.refunds[number]
            if refund.state != "open" or not self._is_of_the_counter(refund):
                raise Refused("refund_state_forbids")
            refund.state = "paid"
            self.accounts[refund.customer].tell("top_up_refund_paid")

        self.once("operator", "pay out refund", key, number, act)

    def _is_of_the_counter(self, refund):
        return self.payments[refund.payment].channel == "counter"

    def word_on_refund(self, number, said):
        """What the channel says of one that was taken there; repeats change nothing."""
        refund = self.refunds[number]
        if refund.state != "open" or said == "accepted" or self._is_of_the_counter(refund):
            return
        if said == "paid_back":
            refund.state = "paid"
            self.accounts[refund.customer].tell("top_up_refund_paid")
        else:
            refund.state = "failed"
            self._return(refund)

    def _return(self, refund):
        lots = {lot.seq: lot for lot in self.accounts[refund.customer].lots}
        for seq, taken in refund.took:
            lots[seq].left += taken
        self.payments[refund.payment].refunded -= refund.amount
        self.payments[refund.payment].clawed -= refund.bonus
        self.came_in(refund.customer, "top_up_refund_failed")

    def sent_back(self, number):
        """Whether money of this payment went back, or is on its way."""
        return any(
            one.payment == number and one.state not in ("failed", "rejected") for one in self.refunds.values()
        )
