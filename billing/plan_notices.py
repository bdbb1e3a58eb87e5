"""Pre-notice 扣款预告: customers are told some days before a plan takes something, as the plan says; once for each period.

What would come too late, because the clock was down, is not told any more: the receipt will say it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from billing import plan_rows
from core import clock, db
from notifications import outbox, truth

BATCH = 1_000

_CLAIM = f"""
SELECT o.id, o.plan_id, o.period_no, o.due_on, p.customer_id, p.name, p.unit, p.state,
       coalesce(o.amount_fen, {plan_rows.BY_USE}) AS amount_fen
FROM plan_period o JOIN plan p ON p.id = o.plan_id
WHERE o.state = 'upcoming' AND o.notice_on <= $1 AND p.state <> 'paused'
ORDER BY o.notice_on, o.id LIMIT $2 FOR NO KEY UPDATE OF p, o SKIP LOCKED
"""
_TOLD = "UPDATE plan_period SET notice_on = NULL WHERE id = ANY ($1::bigint[])"


async def run(*, batch: int = BATCH) -> int:
    """Tells of all periods whose day for it has come. Returns of how many."""
    told = 0
    while True:
        async with db.transaction():
            today = clock.today()
            rows = await db.fetch(_CLAIM, today, batch)
            if not rows:
                return told
            await db.execute(_TOLD, [row["id"] for row in rows])
            messages = [_message(row) for row in rows if row["due_on"] > today and row["state"] == "active"]
            await outbox.tell(messages)
            told += len(messages)


def _message(row: Mapping[str, Any]) -> outbox.Message:
    due_on: date = row["due_on"]
    return outbox.Message(
        row["customer_id"],
        "deduction_ahead" if row["unit"] is None else "usage_ahead",
        f"deduction_ahead:{row['plan_id']}:{row['period_no']}:{due_on}",
        {
            "title": row["name"],
            "amount_fen": row["amount_fen"],
            "plan_id": row["plan_id"],
            "period_no": row["period_no"],
            "at": clock.start_of(due_on),
        },
        stale_after=clock.start_of(due_on),
    )


_STILL = """
SELECT o.plan_id, o.period_no, p.state, p.unit IS NULL, o.state, o.due_on, o.amount_fen FROM unnest($1::bigint[], $2::int[]) AS m (plan_id, period_no)
JOIN plan_period o ON o.plan_id = m.plan_id AND o.period_no = m.period_no JOIN plan p ON p.id = o.plan_id
"""


async def _untrue(waiting: Sequence[truth.Waiting]) -> dict[int, str]:
    """What is not to be taken any more, on another day, or another amount."""
    asked = [(one.params["plan_id"], one.params["period_no"]) for one in waiting]
    rows = await db.fetch(_STILL, [plan_id for plan_id, _ in asked], [number for _, number in asked])
    now = {(row[0], row[1]): tuple(row[2:]) for row in rows}
    found: dict[int, str] = {}
    for message, key in zip(waiting, asked, strict=True):
        state, is_fixed, period_state, due_on, amount_fen = now.get(key, ("gone", True, "gone", None, None))
        if state != "active":
            found[message.id] = "plan_not_active"
        elif period_state != "upcoming":
            found[message.id] = "period_not_ahead"
        elif not message.dedup_key.endswith(f":{due_on}"):
            found[message.id] = "another_day"
        elif is_fixed and amount_fen != message.params["amount_fen"]:
            found[message.id] = "another_amount"
    return found


truth.register("deduction_ahead", _untrue)
truth.register("usage_ahead", _untrue)
