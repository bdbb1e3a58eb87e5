"""Holds in the model."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.accounts import PAST_THE_MINUTE_S
from tests.model.books.refused import Refused

DAY = 1440


@dataclass
class Hold:
    customer: int
    amount: int
    expires: int | None
    state: str = "open"
    captured: int = 0
    of_operator: bool = False

    @property
    def ends(self):
        return self.expires and self.expires * 60 + PAST_THE_MINUTE_S


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

    # by operators

    def place_hold(self, customer, amount, ends, key, seen):
        """``ends``: the minute it lasts to, if not until it is ended; asked again later it is the same."""

        def act():
            if self.accounts[customer].state != "active":
                raise Refused("customer_has_left")
            if ends is not None and not 0 < ends - self.now <= 366 * DAY:
                raise Refused("hold_expiry_out_of_range")
            account = self.accounts[customer]
            before, number = account.available, seen or "?"
            if amount > before:
                raise Refused("insufficient_balance")
            account.held += amount
            self.holds[number] = Hold(customer, amount, ends, of_operator=True)
            account.tell("held")
            self.falls(customer, before)
            return number

        return self.once("operator", "place hold", key, (customer, amount, ends), act)

    def _operators(self, number):
        if number not in self.holds or not self.holds[number].of_operator:
            raise Refused("no_such_operator_hold")
        return self.holds[number]

    def capture_hold(self, number, amount, key):
        """What is captured is a bill that is paid; the rest is free."""
        hold = self._operators(number)

        def act():
            if hold.state != "open":
                raise Refused("hold_ended")
            if amount > hold.amount:
                raise Refused("capture_too_large")
            self._end(hold, "captured")
            hold.captured, source = amount, f"hold:{number}"
            self.issue(
                source, hold.customer, amount, self.now, mode="full", automatic=False, on_the_minute=False
            )
            bill = self.bills[source]
            bill.stamped = self.next()
            self.take_lots(bill, amount)
            bill.was_paid(amount)
            self.accounts[hold.customer].tell("deducted")
            if amount < hold.amount:
                self.settle(hold.customer)

        self.once("operator", "capture hold", key, (number, amount), act)
        return number

    def release_hold(self, number, key):
        hold = self._operators(number)

        def act():
            if hold.state != "open":
                raise Refused("hold_ended")
            self._end(hold, "released")
            self.accounts[hold.customer].tell("hold_released")
            self.settle(hold.customer)

        self.once("operator", "release hold", key, number, act)
        return number

    # the clock

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
