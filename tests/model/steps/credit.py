"""Steps of operators who give credit."""

from __future__ import annotations

from billing import credit_limits
from tests.model.books.credit import CEILING_FEN
from tests.model.steps.step import a_key, step

LIMITS = (0, 100, 333, 1000, 2500, 4000, 1, CEILING_FEN + 1)


def credit(machine, customer, a, b, c):
    limit, automatic_only, key = LIMITS[a], b >= 6, a_key(machine, c)

    async def call():
        await credit_limits.set_limit(
            1, customer, limit_fen=limit, automatic_only=automatic_only, reason="老顾客", assessed=False, key=key
        )  # fmt: skip

    return step(call, lambda model, seen: model.set_limit(customer, limit, automatic_only, key))


NEEDS = {}
AT_ONCE = ("credit", "credit")
EVERY = AT_ONCE
