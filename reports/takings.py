"""What came in and what went back, by way: channels and the counter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core import clock, db

COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Takings:
    """What a stretch of time brought, in fen, by ``wechat_pay``, ``alipay`` and ``counter``; ``given_back_fen`` by the same."""

    taken_fen: Mapping[str, int] = field(default_factory=dict)
    given_back_fen: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_fen(self) -> int:
        """What came in less what went back."""
        return sum(self.taken_fen.values()) - sum(self.given_back_fen.values())


_TAKEN = """
SELECT (paid_at AT TIME ZONE $3)::date AS day, channel AS way, sum(amount_fen)::bigint AS fen FROM payment
WHERE channel = ANY ($4::text[]) AND paid_at >= $1 AND paid_at < $2 AND state = 'paid' GROUP BY 1, 2
UNION ALL
SELECT (created_at AT TIME ZONE $3)::date, 'counter', sum(amount_fen)::bigint FROM counter_payment
WHERE created_at >= $1 AND created_at < $2 AND state = 'taken' GROUP BY 1
"""
_GIVEN_BACK = """
SELECT (ended_at AT TIME ZONE $3)::date AS day, tender AS way, sum(amount_fen)::bigint AS fen FROM refund_part
WHERE tender = ANY ($4::text[]) AND state = 'paid' AND ended_at >= $1 AND ended_at < $2 AND NOT EXISTS (
    SELECT FROM refund r JOIN counter_payment c ON c.purpose = 'top_up' AND c.purpose_no = r.subject_no
    WHERE r.id = refund_part.refund_id AND r.kind = 'top_up' AND c.state = 'undone'
) GROUP BY 1, 2
"""  # what was recorded wrongly at the counter neither came in nor went back
_CHANNELS = ["wechat_pay", "alipay"]


async def by_day(begins_at: datetime, ends_at: datetime) -> dict[date, Takings]:
    """What came in and went back on each business day from one instant up to, but not at, another; days without either are left out."""
    zone = clock.zone().key
    taken = await db.fetch(_TAKEN, begins_at, ends_at, zone, _CHANNELS)
    back = await db.fetch(_GIVEN_BACK, begins_at, ends_at, zone, [*_CHANNELS, COUNTER])
    into: dict[date, dict[str, int]] = defaultdict(dict)
    out: dict[date, dict[str, int]] = defaultdict(dict)
    for rows, ways in ((taken, into), (back, out)):
        for row in rows:
            ways[row["day"]][row["way"]] = row["fen"]
    return {day: Takings(into.get(day, {}), out.get(day, {})) for day in {*into, *out}}


async def of(day: date, *, until: datetime | None = None) -> Takings:
    """What a business day brought, or brought ``until`` an instant of it."""
    ends_at = min(until, clock.start_of(day + timedelta(days=1))) if until is not None else None
    found = await by_day(clock.start_of(day), ends_at or clock.start_of(day + timedelta(days=1)))
    return found.get(day, Takings())
