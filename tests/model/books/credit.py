"""Credit in the model: what a balance does not cover is drawn up to a limit, and what becomes available pays it back first."""

from __future__ import annotations

from tests.model.books.operators import APPROVAL_ABOVE_FEN
from tests.model.books.refused import Refused

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
            if account.state != "active":
                raise Refused("customer_has_left")
            if limit != account.limit:
                account.tell("credit_limit_set")
            account.limit, account.automatic_only = limit, automatic_only

        self.once("operator", "set_limit", key, (customer, limit, automatic_only), act)

    def on_credit(self, wanted, by, matched_by=None):
        """Takes what the balance did not cover of a bill, drawing the rest. Answers how much."""
        customer = self.bills[wanted.source].customer
        own = self.accounts[customer].available
        drawn = self.draw(wanted, by, own)
        if not drawn:
            return 0
        self.draws(customer, drawn)
        return self.take(wanted, matched_by, before=own)

    def draw(self, wanted, by, own):
        """How much has to be drawn; 0 where there is not enough credit for it, or none for who asks."""
        account = self.accounts[self.bills[wanted.source].customer]
        left = account.limit - account.used
        if not left or (account.automatic_only and by != "clock"):
            return 0
        drawn = wanted.amount - own
        if wanted.or_less:
            drawn = min(drawn, left)
        return drawn if 0 < drawn <= left else 0

    def draws(self, customer, amount):
        account = self.accounts[customer]
        self.give(customer, "principal", amount, "credit_draw")
        account.used += amount
        account.entries += 1
        account.tell("credit_drawn")

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
