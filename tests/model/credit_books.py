"""Credit in the model: what a balance does not cover is drawn up to a limit, and what becomes available pays it back first."""

from __future__ import annotations

from tests.model.operator_books import APPROVAL_ABOVE_FEN
from tests.model.refused import Refused

CEILING_FEN = 200_000


class Credit:
    """What the books know of credit."""

    def set_limit(self, customer, limit, automatic_only, key):
        """One operator sets a limit; ``limit`` never needs a second person here."""
        if not 0 <= limit <= CEILING_FEN:
            raise Refused("credit_limit_out_of_range")
        assert limit <= APPROVAL_ABOVE_FEN
        account = self.accounts[customer]

        def act():
            if limit < account.used:
                raise Refused("credit_limit_below_used")
            if limit != account.limit:
                account.tell("credit_limit_set")
            account.limit, account.automatic_only = limit, automatic_only

        self.once("operator", "set_limit", key, (customer, limit, automatic_only), act)

    def on_credit(self, source, *, asked):
        """Takes what the balance did not cover of a bill, drawing the rest. Answers how much."""
        bill = self.bills[source]
        account = self.accounts[bill.customer]
        left = account.limit - account.used
        if not bill.owed or not left or (asked and account.automatic_only):
            return 0
        own = account.available
        drawn = bill.owed - own
        if bill.mode == "partial":
            drawn = min(drawn, left)
        if not 0 < drawn <= left:
            return 0
        self.give(bill.customer, "principal", drawn)
        account.lots[-1].drawn = True
        account.used += drawn
        account.entries += 1
        account.tell("credit_drawn")
        return self.take(source, before=own)

    def repay(self, customer):
        """Pays credit back from available principal: what was drawn and not spent first, then the oldest."""
        account = self.accounts[customer]
        amount = min(account.used, account.of("principal"), account.available)
        if amount <= 0:
            return
        account.used -= amount
        for lot in sorted(account.lots, key=lambda one: (not one.drawn, one.seq)):
            if lot.kind == "principal" and amount:
                taken = min(lot.left, amount)
                lot.left -= taken
                amount -= taken
        account.entries += 1
        account.tell("credit_repaid")
