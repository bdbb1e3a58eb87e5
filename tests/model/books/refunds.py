"""What the shop promises about refunds, in plain Python, written from docs/money.md. A part of ``Books``."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from tests.model.books.refused import Refused


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
    """Refunds of bills that were paid from the balance, and of top-ups by ``pro_rata`` with an operator's word."""

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
        """From the newest payment on: the channel's share first, which is on its way then, and of each payment from the balance
        into the lot burnt last."""
        channels = min(amount, bill.by_channel - bill.going_back)
        bill.going_back += channels
        amount -= channels
        lots = {lot.seq: lot for lot in self.accounts[bill.customer].lots}
        for burnt in reversed(bill.burnt):
            back = 0
            for at in reversed(range(len(burnt))):
                seq, taken = burnt[at]
                part = min(taken, amount)
                burnt[at] = (seq, taken - part)
                lots[seq].left += part
                assert lots[seq].left <= lots[seq].original
                amount, back = amount - part, back + part
            bill.refunded += back
            if back:
                self.came_in(bill.customer, "refunded")
        assert not amount
        if channels:
            self.accounts[bill.customer].tell("refund_started")

    def may_go_back(self, payment, lots):
        """(the most, what was spent) of a top-up, by the proportion of what was paid and given."""
        principal = sum(lot.left for lot in lots if lot.kind == "principal")
        bonus = sum(lot.left for lot in lots if lot.kind == "bonus")
        expired = sum(lot.expired for lot in lots)
        spent = (
            payment.amount - payment.refunded - principal + payment.bonus - payment.clawed - expired - bonus
        )
        total = payment.amount + payment.bonus
        worth = floor(Fraction((total - spent) * payment.amount, total)) - payment.refunded
        return max(0, min(principal, worth))

    def ask_refund(self, customer, number, amount, key, seen):
        payment = self.payments.get(number)

        def act():
            if payment is None or payment.customer != customer or payment.top_up_state != "credited":
                raise Refused("no_such_top_up_to_refund")
            account = self.accounts[customer]
            lots = [lot for lot in account.lots if lot.seq in payment.lots]
            most = 0 if account.used else self.may_go_back(payment, lots)
            wanted = most if amount is None else amount
            if not 0 < wanted <= most:
                raise Refused("top_up_not_refundable")
            due = ceil(Fraction((payment.refunded + wanted) * payment.bonus, payment.amount)) - payment.clawed
            back = max(0, min(due, sum(lot.left for lot in lots if lot.kind == "bonus")))
            if wanted + back > account.available:
                raise Refused("insufficient_balance")
            before, took = account.available, []
            for lot in lots:
                taken = wanted if lot.kind == "principal" else back
                lot.left -= taken
                took.append((lot.seq, taken))
            payment.refunded += wanted
            payment.clawed += back
            account.entries += 1
            account.tell("refund_requested")
            self.falls(customer, before)
            self.refunds[seen or "?"] = Refund(customer, number, wanted, back, took)
            return seen or "?"

        return self.once(customer, "ask_refund", key, (number, amount), act)

    def approve_refund(self, number):
        self._requested(number).state = "open"

    def reject_refund(self, number):
        refund = self._requested(number)
        refund.state = "rejected"
        self._return(refund)

    def _requested(self, number):
        if number not in self.refunds:
            raise Refused("no_such_refund")
        if self.refunds[number].state != "requested":
            raise Refused("refund_state_forbids")
        return self.refunds[number]

    def word_on_refund(self, number, said):
        """What the channel says of one that was taken there; repeats change nothing."""
        refund = self.refunds[number]
        if refund.state != "open" or said == "accepted":
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
