"""Standings 会员等级的升降: customers come to a tier at once when they have spent enough, and leave it when its time is over and they have
not spent enough again, or at once when what they came to it by went back. A tier that an operator gave is only left for a better one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core import clock, db
from members import spending, tiers
from notifications import outbox


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's tier and what comes next: ``keeps_until`` None: for as long as nobody changes it; ``spent_fen`` of ``next_fen``
    to the next tier, within that tier's days."""

    tier: tiers.Tier | None
    keeps_until: date | None
    next_tier: tiers.Tier | None
    spent_fen: int


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of a tier: the code from now on, until when it is kept, and what must stay spent since when for it."""

    tier: str | None
    by_rule: bool
    keeps_until: date | None = None
    counts_from: datetime | None = None
    needs_fen: int | None = None


_LOOK_AT = """
INSERT INTO tier_standing (customer_id, by_rule, judge_at) SELECT c.id, c.tier IS NULL, $2 FROM customer c
WHERE c.id = ANY ($1::bigint[]) AND c.state IN ('active', 'blocked') AND EXISTS (SELECT FROM tier WHERE spend_fen IS NOT NULL) ORDER BY c.id
ON CONFLICT (customer_id) DO UPDATE SET judge_at = least(tier_standing.judge_at, $2)
"""


async def look_at(customer_ids: Collection[int]) -> None:
    """The clock looks at the tiers of these customers next. Part of the caller's transaction."""
    await db.execute(_LOOK_AT, sorted(set(customer_ids)), clock.now())


_BY_HAND = """
INSERT INTO tier_standing (customer_id, by_rule) VALUES ($1, $2)
ON CONFLICT (customer_id) DO UPDATE SET by_rule = $2, keeps_until = NULL, counts_from = NULL, needs_fen = NULL, judge_at = NULL
"""


async def set_by_hand(customer_id: int, tier: str | None) -> None:
    """An operator gave the tier, or took it away. Part of the caller's transaction, which has the customer locked."""
    await db.execute(_BY_HAND, customer_id, tier is None)


_FORGET = "UPDATE tier_standing SET judge_at = NULL, keeps_until = NULL WHERE customer_id = $1"


async def forget(customer_id: int) -> None:
    """Nobody looks at the tier of who has left any more. Part of the caller's transaction."""
    await db.execute(_FORGET, customer_id)


_CLAIM = """
SELECT c.id, c.tier, t.rank, t.name_zh, t.name_en, s.by_rule, s.keeps_until, s.counts_from, s.needs_fen
FROM tier_standing s JOIN customer c ON c.id = s.customer_id LEFT JOIN tier t ON t.code = c.tier
WHERE s.judge_at <= $1 ORDER BY s.judge_at, s.id LIMIT $2 FOR NO KEY UPDATE OF c, s SKIP LOCKED
"""
_REACHED = """
SELECT DISTINCT ON (w.id) w.id, t.code, t.rank, t.spend_fen, t.window_days, t.keep_days, t.name_zh, t.name_en FROM unnest($1::bigint[]) w (id) CROSS JOIN tier t
WHERE t.spend_fen <= (
    SELECT sum(s.amount_fen) FROM spending s WHERE s.customer_id = w.id AND s.at > $2::timestamptz - make_interval(days => t.window_days))
ORDER BY w.id, t.rank DESC, t.id DESC
"""
_WENT_BACK = """
SELECT s.customer_id FROM tier_standing s WHERE s.customer_id = ANY ($1::bigint[]) AND s.needs_fen > (
    SELECT coalesce(sum(p.amount_fen), 0) FROM spending p WHERE p.customer_id = s.customer_id AND p.at > s.counts_from)
"""
_KEEP = """
UPDATE tier_standing s SET by_rule = v.by_rule, keeps_until = v.keeps_until, counts_from = v.counts_from, needs_fen = v.needs_fen,
    judge_at = v.judge_at
FROM unnest($1::bigint[], $2::bool[], $3::date[], $4::timestamptz[], $5::bigint[], $6::timestamptz[])
    v (customer_id, by_rule, keeps_until, counts_from, needs_fen, judge_at)
WHERE s.customer_id = v.customer_id
"""
_CHANGE = """
WITH changed AS (
    UPDATE customer c SET tier = v.tier FROM unnest($1::bigint[], $2::text[], $3::text[]) v (id, tier, before) WHERE c.id = v.id
    RETURNING c.id, v.before, v.tier
)
INSERT INTO setting_change (customer_id, setting, before, after, operator, changed_at)
SELECT id, 'tier', before, tier, 'clock', $4 FROM changed RETURNING customer_id, id
"""


async def judge(*, limit: int = 500, turns: int = 200) -> int:
    """Looks at customers whose spending or time has changed: better tiers come at once, worse ones when the time is over or the money
    went back; each change is told. Run once their spending is counted. Returns how many were looked at."""
    looked_at = 0
    for _ in range(turns):
        done = await _judge(limit)
        looked_at += done
        if done < limit:
            break
    return looked_at


@db.retried
async def _judge(limit: int) -> int:
    async with db.transaction():
        now = clock.now()
        rows = {row["id"]: row for row in await db.fetch(_CLAIM, now, limit)}
        if not rows:
            return 0
        reached = {row["id"]: row for row in await db.fetch(_REACHED, list(rows), now)}
        went_back = {row["customer_id"] for row in await db.fetch(_WENT_BACK, list(rows))}
        verdicts = {
            number: _verdict(row, reached.get(number), went_back=number in went_back, now=now)
            for number, row in rows.items()
        }
        await _keep(verdicts)
        changed = [number for number, one in verdicts.items() if one.tier != rows[number]["tier"]]
        if changed:
            made = await db.fetch(
                _CHANGE, changed, [verdicts[number].tier for number in changed], [rows[number]["tier"] for number in changed], now
            )  # fmt: skip
            numbers = {row["customer_id"]: row["id"] for row in made}
            await outbox.tell(
                [_told(number, rows[number], reached.get(number), numbers[number]) for number in changed]
            )
    return len(rows)


async def _keep(verdicts: Mapping[int, _Verdict]) -> None:
    every = verdicts.values()
    await db.execute(
        _KEEP, list(verdicts), [one.by_rule for one in every], [one.keeps_until for one in every],
        [one.counts_from for one in every], [one.needs_fen for one in every],
        [None if one.keeps_until is None else clock.start_of(one.keeps_until) for one in every],
    )  # fmt: skip


def _verdict(
    has: Mapping[str, Any], reached: Mapping[str, Any] | None, *, went_back: bool, now: datetime
) -> _Verdict:
    kept, today = has["keeps_until"], clock.day_of(now)
    if reached is None or (has["tier"] is not None and reached["rank"] <= has["rank"]):
        if not has["by_rule"] or has["tier"] is None:
            return _Verdict(has["tier"], has["by_rule"])
        if kept is not None and kept > today and not went_back:
            return _Verdict(has["tier"], True, kept, has["counts_from"], has["needs_fen"])
    if reached is None:
        return _Verdict(None, True)
    return _Verdict(
        reached["code"],
        True,
        today + timedelta(days=reached["keep_days"]),
        now - timedelta(days=reached["window_days"]),
        reached["spend_fen"],
    )


def _told(
    customer_id: int, before: Mapping[str, Any], after: Mapping[str, Any] | None, change_id: int
) -> outbox.Message:
    is_up = after is not None and (before["tier"] is None or after["rank"] > before["rank"])
    named = before if after is None else after
    params = {
        "tier_zh": named["name_zh"],
        "tier_en": named["name_en"],
        "at": clock.now(),
    }
    kind: outbox.Kind = "tier_up" if is_up else "tier_down" if after is not None else "tier_over"
    return outbox.Message(customer_id, kind, f"tier:{change_id}", params)


_STANDING = """
SELECT c.tier, s.keeps_until, s.by_rule FROM customer c LEFT JOIN tier_standing s ON s.customer_id = c.id WHERE c.id = $1
"""


async def of(customer_id: int) -> Standing:
    """A customer's tier, until when they have it, and how far the next one is."""
    row = await db.fetchrow(_STANDING, customer_id)
    every = await tiers.listing()
    tier = next((one for one in every if row is not None and one.code == row["tier"]), None)
    better = [
        one for one in every if one.rule.spend_fen is not None and (tier is None or one.rank > tier.rank)
    ]
    spent_fen = 0
    if better:
        spent_fen = await spending.within(customer_id, better[0].rule.window_days)
    return Standing(tier, row["keeps_until"] if row else None, better[0] if better else None, spent_fen)
