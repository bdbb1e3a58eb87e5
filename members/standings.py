"""Standings 会员等级的升降: customers come to a tier at once when they have spent enough, and leave it when its time is over and they have
not spent enough again. A tier that an operator gave is only left for a better one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core import clock, db
from members import tiers
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
    """What becomes of a tier: the code from now on, and until when it is kept."""

    tier: str | None
    keeps_until: date | None
    by_rule: bool


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
ON CONFLICT (customer_id) DO UPDATE SET by_rule = $2, keeps_until = NULL, judge_at = NULL
"""


async def set_by_hand(customer_id: int, tier: str | None) -> None:
    """An operator gave the tier, or took it away. Part of the caller's transaction, which has the customer locked."""
    await db.execute(_BY_HAND, customer_id, tier is None)


_FORGET = "UPDATE tier_standing SET judge_at = NULL, keeps_until = NULL WHERE customer_id = $1"


async def forget(customer_id: int) -> None:
    """Nobody looks at the tier of who has left any more. Part of the caller's transaction."""
    await db.execute(_FORGET, customer_id)


_CLAIM = """
SELECT c.id, c.tier, t.rank, t.name_zh, t.name_en, s.by_rule, s.keeps_until
FROM tier_standing s JOIN customer c ON c.id = s.customer_id LEFT JOIN tier t ON t.code = c.tier
WHERE s.judge_at <= $1 ORDER BY s.judge_at, s.id LIMIT $2 FOR NO KEY UPDATE OF c, s SKIP LOCKED
"""
_REACHED = """
SELECT DISTINCT ON (w.id) w.id, t.code, t.rank, t.keep_days, t.name_zh, t.name_en FROM unnest($1::bigint[]) w (id) CROSS JOIN tier t
WHERE t.spend_fen <= (
    SELECT sum(s.amount_fen) FROM spending s WHERE s.customer_id = w.id AND s.at > $2::timestamptz - make_interval(days => t.window_days))
ORDER BY w.id, t.rank DESC, t.id DESC
"""
_KEEP = """
UPDATE tier_standing s SET by_rule = v.by_rule, keeps_until = v.keeps_until, judge_at = v.judge_at
FROM unnest($1::bigint[], $2::bool[], $3::date[], $4::timestamptz[]) v (customer_id, by_rule, keeps_until, judge_at)
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
    """Looks at customers whose spending or time has changed: better tiers come at once, worse ones when the time is over; each change is
    told. Run by the clock. Returns how many were looked at."""
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
        now, today = clock.now(), clock.today()
        rows = {row["id"]: row for row in await db.fetch(_CLAIM, now, limit)}
        if not rows:
            return 0
        reached = {row["id"]: row for row in await db.fetch(_REACHED, list(rows), now)}
        verdicts = {number: _verdict(row, reached.get(number), today) for number, row in rows.items()}
        ends = [one.keeps_until for one in verdicts.values()]
        await db.execute(
            _KEEP, list(verdicts), [one.by_rule for one in verdicts.values()], ends,
            [None if end is None else clock.start_of(end) for end in ends],
        )  # fmt: skip
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


def _verdict(now: Mapping[str, Any], reached: Mapping[str, Any] | None, today: date) -> _Verdict:
    kept = now["keeps_until"]
    if reached is not None and (now["tier"] is None or reached["rank"] > now["rank"]):
        return _Verdict(reached["code"], today + timedelta(days=reached["keep_days"]), True)
    if not now["by_rule"] or now["tier"] is None:
        return _Verdict(now["tier"], None, now["by_rule"])
    if kept is not None and kept > today:
        return _Verdict(now["tier"], kept, True)
    if reached is None:
        return _Verdict(None, None, True)
    return _Verdict(reached["code"], today + timedelta(days=reached["keep_days"]), True)


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
_SPENT = "SELECT coalesce(sum(amount_fen), 0)::bigint FROM spending WHERE customer_id = $1 AND at > $2"


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
        begins = clock.now() - timedelta(days=better[0].rule.window_days)
        spent_fen = max(0, await db.fetchval(_SPENT, customer_id, begins))
    return Standing(tier, row["keeps_until"] if row else None, better[0] if better else None, spent_fen)
