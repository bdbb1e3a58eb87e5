"""How much of a top-up may go back, and how much bonus with it, written from the table in docs/money.md."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor


@dataclass(frozen=True)
class Left:
    """Of ``paid`` and ``bonus``: what is left, what was refunded and taken back before, and the bonus that expired."""

    paid: int
    bonus: int
    principal_left: int
    bonus_left: int
    refunded: int
    clawed: int
    expired: int

    @property
    def spent(self):
        principal = self.paid - self.refunded - self.principal_left
        return principal + self.bonus - self.clawed - self.expired - self.bonus_left

    def most(self, rule):
        if rule != "pro_rata":
            return self.principal_left
        total = self.paid + self.bonus
        worth = floor(Fraction((total - self.spent) * self.paid, total)) - self.refunded
        return max(0, min(self.principal_left, worth))

    def bonus_with(self, rule, amount):
        """Of the bonus that is left, what goes with ``amount``."""
        if rule == "pro_rata":
            due = ceil(Fraction((self.refunded + amount) * self.bonus, self.paid)) - self.clawed
        elif rule == "bonus_first":
            # what was spent beyond the bonus was money paid; what of the rest does not stand for money paid was given
            money = self.paid - self.refunded - max(0, self.spent - self.bonus)
            due = self.principal_left + self.bonus_left - money
        else:
            due = self.bonus_left
        return max(0, min(due, self.bonus_left))
