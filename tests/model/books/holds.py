"""Holds in the model."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.refused import Refused


@dataclass
class Hold:
    customer: int
    amount: int
    expires: int | None
    state: str = "open"
    captured: int = 0


class Holding:
    """Part of ``Books``."""

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
