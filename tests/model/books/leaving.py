"""Who leaves, in the model: customers merged into others, accounts closed, and money that comes late."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.operators import Approval
from tests.model.books.refused import Refused

DAY = 1440


@dataclass
class Closing:
    customer: int
    bonus: int = 0
    paid_out: int = 0
    state: str = "paying"


class Leaving:
    """Part of ``Books``."""

    def keeper(self, customer):
        """Whose the money is that just came: after a merge it moves on, and reopens a closing."""
        account = self.accounts[customer]
        if account.state == "merged":
            heir = self.heir(customer)
            self._hand_over(customer, heir)
            return self.keeper(heir)
        if account.state == "closed":
            account.state = "closing"
            self.closings[self._closing_of(customer)].state = "paying"
        return customer

    def heir(self, customer):
        while self.accounts[customer].heir is not None:
            customer = self.accounts[customer].heir
        return customer

    def numbers_of(self, customer):
        """All numbers a person has had: theirs, and those that were merged into it."""
        return {customer, *(gone for gone, one in self.accounts.items() if one.state == "merged" and self.heir(gone) == customer)}  # fmt: skip

    def _closing_of(self, customer):
        return next(number for number, one in self.closings.items() if one.customer == customer)

    def _hand_over(self, gone, kept):
        lots = sorted((lot for lot in self.accounts[gone].lots if lot.left), key=lambda lot: lot.order)
        for lot in lots:
            self.give(kept, lot.kind, lot.left, "merge_in", lot.expires, lot.on_the_minute)
            lot.left = 0
        if lots:
            self.accounts[gone].entries += 1
            self.accounts[kept].entries += 1
            self.accounts[kept].tell("merged")

    def _owes_or_holds(self, customer):
        """What stands in the way of leaving, besides bills."""
        account = self.accounts[customer]
        return (
            account.held
            or account.used
            or any(one.customer == customer and one.state in ("requested", "open") for one in self.refunds.values())
            or any(one.customer == customer and one.going_back for one in self.bills.values())
        )  # fmt: skip

    def _owed_by(self, customer):
        return [
            (source, one) for source, one in self.bills.items() if one.customer == customer and one.is_owed
        ]

    # merges

    def ask_merge(self, gone, kept, key, seen):
        if gone == kept:
            raise Refused("nothing_to_merge")

        def act():
            self._refuse_merge(gone, kept)
            return self._waits("merged", (gone, kept), gone, seen)

        return self.once("operator", "merge", key, (gone, kept), act)

    def _waits(self, kind, content, customer, seen):
        number = seen or "?"
        self.approvals[number] = Approval(kind, content, customer, 1, self.now + 7 * DAY)
        return number

    def _refuse_merge(self, gone, kept):
        states = {self.accounts[gone].state, self.accounts[kept].state}
        bills = [one.pending or one.state == "partly_paid" for _, one in self._owed_by(gone)]
        if states != {"active"} or self._owes_or_holds(gone) or any(bills):
            raise Refused("cannot_merge")

    def _merged(self, content, number):
        gone, kept = content
        self._refuse_merge(gone, kept)
        for plan in self.plans.values():
            if plan.customer == gone and (plan.state == "active" or plan.next_day is not None):
                plan.customer = kept
        for source, bill in self._owed_by(gone):
            if not source.startswith("order:"):
                bill.customer = kept
        self._hand_over(gone, kept)
        account = self.accounts[gone]
        account.limit, account.automatic_only = 0, False
        account.state, account.heir = "merged", kept
        for one in self.accounts.values():
            one.heir = kept if one.heir == gone else one.heir
        self.settle(kept)

    # closings

    def ask_closing(self, customer, key, seen):
        def act():
            self._refuse_closing(customer)
            return self._waits("closing", (customer,), customer, seen)

        return self.once("operator", "close", key, customer, act)

    def _refuse_closing(self, customer):
        bills = [one.pending or not source.startswith("order:") for source, one in self._owed_by(customer)]
        if self.accounts[customer].state != "active" or self._owes_or_holds(customer) or any(bills):
            raise Refused("cannot_close")

    def _closing(self, content, number):
        (customer,) = content
        self._refuse_closing(customer)
        for plan in self.plans.values():
            if plan.customer == customer:
                plan.state, plan.until = "cancelled", plan.started
        account = self.accounts[customer]
        account.limit, account.automatic_only, account.state = 0, False, "closing"
        self.closings[number] = Closing(customer)
        self._forfeit(self.closings[number])
        account.tell("account_closing")
        self._finish(self.closings[number])

    def _forfeit(self, closing):
        account = self.accounts[closing.customer]
        if bonus := min(account.of("bonus"), account.available):
            self.burn(closing.customer, bonus, "bonus")
            closing.bonus += bonus

    def _finish(self, closing):
        account = self.accounts[closing.customer]
        on_its_way = any(
            one.customer == closing.customer and one.state in ("requested", "open")
            for one in self.refunds.values()
        ) or any(one.customer == closing.customer and one.going_back for one in self.bills.values())
        if closing.state == "paying" and not account.total and not account.held and not on_its_way:
            closing.state = account.state = "closed"

    def pay_out(self, number, amount, key):
        """Answers the state it leads to."""

        def act():
            if number not in self.closings:
                raise Refused("no_such_closing")
            closing = self.closings[number]
            account = self.accounts[closing.customer]
            of_bonus = min(account.of("bonus"), account.available)
            there = min(account.of("principal"), account.available - of_bonus)
            wanted = there if amount is None else amount
            if not 0 < wanted <= there:
                raise Refused("nothing_to_pay_out")
            self._forfeit(closing)
            self.burn(closing.customer, wanted, "principal")
            closing.paid_out += wanted
            account.tell("paid_out")
            self._finish(closing)

        self.once("operator", "pay_out", key, (number, amount), act)
        return self.closings[number].state

    def finish_paid(self):
        """The clock: accounts whose last money left another way, or came back as bonus only."""
        empty = [
            one
            for one in self.closings.values()
            if one.state == "paying"
            and not self.accounts[one.customer].of("principal")
            and not self.accounts[one.customer].held
        ]
        for closing in empty:
            self._forfeit(closing)
            self._finish(closing)
