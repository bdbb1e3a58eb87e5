"""The horizon: one period ahead for each of many plans, against one hand-written statement that leaves the same rows."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta

from benchmarks import counters, place, seeds
from benchmarks.rounds import Contest, RunFailed
from billing import horizon, plans
from core import clock, db

PLANS = int(os.environ.get("HORIZON_PLANS", "1000000"))
FLOOR = f"one hand-written statement that makes the same rows of {PLANS:,} plans in one transaction"
TARGET = 0.6
_EACH = 100
"""So many plans has each customer."""

_PLANS = """
INSERT INTO plan (customer_id, offer_id, name, amount_fen, cycle, schedule, trial_periods, trial_fen, first_period, catch_up, on_pause,
                  notice_days, state, started_on, next_period_no, next_on, next_due_on, ahead_on, consent_version, consent_text,
                  consented_at, consented_fen, consent_door, created_at)
SELECT customer_id, $2, '日课', 100, 'daily', '{"every": "day"}', 0, 0, 'whole', 'all', 'waive', 3, 'active', $3, 0, $3, $3, $3, '1', '同意',
       $4, 100, 'mini_program', $4
FROM unnest($1::bigint[]) AS customer_id, generate_series(1, $5)
"""
_BY_HAND = """
WITH ahead AS MATERIALIZED (
    SELECT id, amount_fen, notice_days, next_period_no, next_on, next_due_on FROM plan
    WHERE state = 'active' AND ahead_on <= $1 ORDER BY ahead_on, id FOR NO KEY UPDATE
), moved AS (
    UPDATE plan SET next_period_no = plan.next_period_no + 1, next_on = plan.next_on + 1, next_due_on = plan.next_due_on + 1,
        ahead_on = plan.ahead_on + 1, last_due_on = plan.next_due_on
    FROM ahead WHERE plan.id = ahead.id
)
INSERT INTO plan_period (plan_id, period_no, covers_from, covers_to, due_on, amount_fen, notice_on, only_latest, state, created_at)
SELECT id, next_period_no, next_on, next_on, next_due_on, amount_fen, next_due_on - notice_days, false, 'upcoming', $2 FROM ahead
"""


@contextlib.asynccontextmanager
async def periods(where: place.Place) -> AsyncIterator[Contest]:
    """``billing.horizon.run``. Every segment is one business day, on which each plan gets one period; its length is ignored."""
    async with place.opened(where):
        await _subscribed()
        day = 0

        async def one_day(made: int, began: float) -> float:
            nonlocal day
            took = time.perf_counter() - began
            if made != PLANS:
                raise RunFailed(f"{made} periods were made instead of {PLANS}")
            day += 1
            clock.set_offset(timedelta(days=day))
            return PLANS / took

        async def floor(_seconds: float) -> float:
            began = time.perf_counter()
            return await one_day(await db.execute(_BY_HAND, clock.today(), clock.now()), began)

        async def subject(_seconds: float) -> float:
            began = time.perf_counter()
            return await one_day(await horizon.run(days_ahead=0), began)

        async def counted() -> dict[str, float]:
            whole = await counters.per_operation(where.database_url, lambda _: subject(0), times=2)
            return {f"{name}_per_period": round(count / PLANS, 4) for name, count in whole.items()}

        async def before_round() -> None:
            """A segment makes the next one's day by itself."""

        try:
            yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)
        finally:
            clock.set_offset(timedelta())


async def _subscribed() -> None:
    made = await seeds.customers(max(1, PLANS // _EACH))
    offer = await plans.add_offer(
        name="日课", amount_fen=100, cycle="daily", consent_version="1", consent_text="同意"
    )
    await db.execute(_PLANS, made, offer.id, clock.today(), clock.now(), min(PLANS, _EACH))
    await db.execute("ANALYZE")
