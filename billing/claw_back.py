"""Claw-back: how much of a top-up may go back, and how much of its bonus goes with it. Plain arithmetic in integer fen.

P was paid and B given as bonus. p and b are what is left of them, R what was refunded before and C the bonus taken back with it.
S is what was spent of both (given to others or taken by the shop counts as spent; expired bonus does not). docs/money.md has the
examples.

``pro_rata``      every fen spent was paid for and given in the proportion P : B. Of the value not spent, (P + B − S) · P / (P + B)
                  was paid, rounded down; less R, and never more than p, may go back. With it goes the bonus that belongs to what
                  went back in all: (R + amount) · B / P rounded up, less C, as far as there is any.
``bonus_first``   what was spent counts as bonus as long as there is any. All of p may go back, and with the first part the bonus
                  that is left; where principal was spent first, the customer keeps of it what stands for money paid.
``unspent_only``  all of p may go back, and with the first part all bonus that is left.
``right``         the same, within the days in which no reason is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from billing.terms import ClawBack

Rule = ClawBack | Literal["right"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one top-up stands. Amounts in fen."""

    paid_fen: int
    bonus_fen: int
    principal_left_fen: int
    bonus_left_fen: int
    refunded_fen: int = 0
    clawed_fen: int = 0
    expired_fen: int = 0

    @property
    def spent_fen(self) -> int:
        principal_fen = self.paid_fen - self.refunded_fen - self.principal_left_fen
        return principal_fen + self.bonus_fen - self.clawed_fen - self.expired_fen - self.bonus_left_fen


def refundable_fen(standing: Standing, rule: Rule) -> int:
    """The most that may go back of a top-up now."""
    if rule != "pro_rata":
        return standing.principal_left_fen
    total_fen = standing.paid_fen + standing.bonus_fen
    worth_fen = (total_fen - standing.spent_fen) * standing.paid_fen // total_fen - standing.refunded_fen
    return max(0, min(standing.principal_left_fen, worth_fen))


def bonus_with(standing: Standing, rule: Rule, amount_fen: int) -> int:
    """How much bonus is taken back when ``amount_fen``, at most the refundable, goes back."""
    assert 0 < amount_fen <= refundable_fen(standing, rule)
    if rule == "pro_rata":
        returned_fen = standing.refunded_fen + amount_fen
        due_fen = -(-returned_fen * standing.bonus_fen // standing.paid_fen) - standing.clawed_fen
        return max(0, min(standing.bonus_left_fen, due_fen))
    if rule == "bonus_first":
        left_fen = standing.principal_left_fen + standing.bonus_left_fen
        beyond_bonus_fen = max(0, standing.spent_fen - standing.bonus_fen)
        paid_for_fen = min(left_fen, standing.paid_fen - standing.refunded_fen - beyond_bonus_fen)
        return min(standing.bonus_left_fen, left_fen - paid_for_fen)
    return standing.bonus_left_fen
