"""The counter in the model: top-ups and bills that an operator took money for, and recordings that are undone the same day."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.bills import Paid
from tests.model.books.refused import Refused
from tests.model.books.top_ups import Payment

DAY = 1440


@dataclass
class Taken:
    """Money that was recorded: for which bill (its payment is ``paid``), or else as a top-up, which ``payments`` has."""

    customer: int
    amount: int
    tender: str
    reference: str | None
    day: int
    source: str | None = None
    paid: Paid | None = None
    state: str = "taken"


class Counter:
    """Part of ``Books``."""

    def refuse_recorded(self, tender, reference):
        if reference is not None and any(
            (one.tender, one.reference, one.state) == (tender, reference, "taken")
            for one in self.taken.values()
        ):
            raise Refused("counter_already_recorded")

    @staticmethod
    def _refuse_slip(tender, reference):
        if (reference is None) != (tender == "cash"):
            raise Refused("counter_reference_needed")

    # top-ups

    def top_up_at_counter(self, customer, terms, tender, reference, key, seen):
        self._refuse_slip(tender, reference)
        content = (customer, terms, tender, reference)

        def act():
            self._agreed(content)
            return self._either("counter_top_up", content, customer, self._pay(terms), seen)

        return self.once("operator", "counter top-up", key, content, act)

    @staticmethod
    def _pay(terms):
        return terms[1].pay if terms[1] else terms[2]

    def _agreed(self, content):
        customer, terms, tender, reference = content
        if self.accounts[customer].state != "active":
            raise Refused("customer_has_left")
        self.refuse_recorded(tender, reference)
        self.allowed(customer, terms)

    def _counter_top_up(self, content, number):
        self._agreed(content)
        customer, terms, tender, reference = content
        package, amount = terms[1], self._pay(terms)
        bonus, days = (package.bonus, package.days) if package else (0, None)
        self.payments[number] = Payment(
            customer, number, "counter", amount, bonus, days, None, self.now, state="paid", package=terms[0],
            claw_back=self.terms.claw_back, right_days=self.terms.right_days,
        )  # fmt: skip
        self.taken[number] = Taken(customer, amount, tender, reference, self.now // DAY)
        self.credit(self.payments[number], f"counter:{number}")

    # bills

    def bill_at_counter(self, source, amount, tender, reference, key, seen):
        self._refuse_slip(tender, reference)

        def act():
            self.refuse_recorded(tender, reference)
            fen = self._fits(source, amount)
            content = (source, fen, tender, reference)
            return self._either("counter_bill", content, self.bills[source].customer, fen, seen)

        return self.once("operator", "counter bill", key, (source, amount, tender, reference), act)

    def _fits(self, source, amount):
        bill = self.bills.get(source)
        if bill is None:
            raise Refused("no_such_bill")
        if not bill.is_owed:
            raise Refused("bill_not_owed")
        self.refuse_pending(bill)
        fen = bill.owed if amount is None else amount
        if fen > bill.owed:
            raise Refused("amount_above_owed")
        if bill.mode == "full" and fen < bill.owed:
            raise Refused("paid_in_full_only")
        if self.accounts[bill.customer].state != "active":
            raise Refused("customer_has_left")
        return fen

    def _counter_bill(self, content, number):
        source, amount, tender, reference = content
        self.refuse_recorded(tender, reference)
        fen, bill = self._fits(source, amount), self.bills[source]
        paid = Paid("counter", fen)
        bill.payments.append(paid)
        bill.was_paid(fen)
        self.taken[number] = Taken(bill.customer, fen, tender, reference, self.now // DAY, source, paid)
        self.accounts[bill.customer].tell("counter_paid")
        if source.startswith("order:") and not bill.is_owed:
            self.orders[source[6:]].state = "paid"

    # undoing

    def undo_taking(self, number, key, seen):
        def act():
            one = self._undoable(number)
            if any(
                it.kind == "counter_undo" and it.content == (number,) and it.state == "waiting"
                for it in self.approvals.values()
            ):
                raise Refused("counter_already_undone")
            return self._either("counter_undo", (number,), one.customer, one.amount, seen)

        return self.once("operator", "undo taking", key, number, act)

    def _undoable(self, number):
        if number not in self.taken:
            raise Refused("no_such_counter_payment")
        one = self.taken[number]
        if one.state == "undone":
            raise Refused("counter_already_undone")
        if one.day != self.now // DAY:
            raise Refused("counter_too_late_to_undo")
        return one

    def _counter_undo(self, content, number):
        (undone,) = content
        one = self._undoable(undone)
        if one.source is None:
            self._take_back(undone)
        else:
            self._owe_again(one)
        one.state = "undone"

    def _take_back(self, number):
        payment = self.payments[number]
        account, left, rule = self.accounts[payment.customer], self.left_of(payment), self.rule_of(payment)
        untouched = (left.principal_left, left.bonus_left) == (payment.amount, payment.bonus)
        if not untouched or account.used or left.most(rule) != payment.amount:
            raise Refused("money_spent")
        refund = self.take_out(number, None, rule, "open")
        refund.state = "paid"
        self.taken_back[number] = refund
        account.tell("top_up_refund_paid")

    def _owe_again(self, one):
        bill = self.bills[one.source]
        if self.accounts[bill.customer].state != "active":
            raise Refused("customer_has_left")
        if one.source.startswith("order:"):
            raise Refused("bill_of_an_order")
        if bill.is_owed:
            self.refuse_pending(bill)
        if bill.payments[-1] is not one.paid or one.paid.going_back:
            raise Refused("counter_not_the_last_payment")
        if "running" in bill.arrangements and bill.base > bill.paid - one.amount:
            raise Refused("counter_arranged_since")
        bill.payments.pop()
        one.paid.is_undone = True
        bill.was_paid(-one.amount)
        self.accounts[bill.customer].tell("counter_undone")
