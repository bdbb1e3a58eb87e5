"""Points that are soon over 积分到期提醒: their customer is told some days ahead, once for each day on which some end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core import clock, db
from members import points_rules
from notifications import outbox, truth

PAGE = 1_000
_SPENT = "spent"

_SOON = """
SELECT DISTINCT l.customer_id, l.expires_at FROM points_lot l
WHERE l.remaining > 0 AND l.expires_at > $1 AND l.expires_at <= $2 AND (l.customer_id, l.expires_at) > ($3, $4)
    AND NOT EXISTS (SELECT FROM outbox_message m
                    WHERE m.dedup_key = 'points_expiring:' || l.customer_id || ':' || extract(epoch FROM l.expires_at)::bigint)
ORDER BY l.customer_id, l.expires_at LIMIT $5
"""


async def remind() -> int:
    """Tells of all points that end within the days of the rule and were not told of. Run by the clock. Returns how many messages."""
    rule = await points_rules.current()
    if rule is None or rule.remind_days is None:
        return 0
    now, told = clock.now(), 0
    place: tuple[int, datetime] = (0, now)
    while rows := await db.fetch(_SOON, now, now + timedelta(days=rule.remind_days), *place, PAGE):
        messages = [_message(row["customer_id"], row["expires_at"]) for row in rows]
        async with db.transaction():
            await outbox.tell(messages)
        told += len(messages)
        place = (rows[-1]["customer_id"], rows[-1]["expires_at"])
    return told


def _message(customer_id: int, ends_at: datetime) -> outbox.Message:
    key = f"points_expiring:{customer_id}:{int(ends_at.timestamp())}"
    return outbox.Message(customer_id, "points_expiring", key, {"at": ends_at}, stale_after=ends_at)


_LEFT = """
SELECT w.id FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) w (id, customer_id, expires_at)
WHERE EXISTS (SELECT FROM points_lot l WHERE l.customer_id = w.customer_id AND l.remaining > 0 AND l.expires_at = w.expires_at)
"""


async def _untrue(waiting: Sequence[truth.Waiting]) -> Mapping[int, str]:
    rows = await db.fetch(
        _LEFT,
        [one.id for one in waiting],
        [one.customer_id for one in waiting],
        [datetime.fromisoformat(one.params["at"]) for one in waiting],
    )
    left = {row["id"] for row in rows}
    return {one.id: _SPENT for one in waiting if one.id not in left}


truth.register("points_expiring", _untrue)
