"""Steps of the shop that chooses anew how money is matched to bills and what happens to a bonus when its top-up goes back."""

from __future__ import annotations

from dataclasses import replace

from billing import terms
from tests.model.books.terms import CLAW_BACKS, MATCHING_ORDERS, RIGHT_DAYS, Terms
from tests.model.steps.step import step


def in_force(chosen):
    """What the shop goes by from now on."""
    terms.use(
        replace(
            terms.current(), matching_order=chosen.matching_order, claw_back=chosen.claw_back, refund_right_days=chosen.right_days
        )
    )  # fmt: skip


def choose(machine, customer, a, b, c):
    chosen = Terms(MATCHING_ORDERS[a % 3], CLAW_BACKS[b % 3], RIGHT_DAYS[c % 2])

    def change(model, seen):
        model.terms = chosen

    async def call():
        in_force(chosen)

    return step(call, change)


NEEDS = {}
AT_ONCE = ()
EVERY = ("choose", "issue", "take_due_bills", "start_plainly", "paid", "ask_refund")
