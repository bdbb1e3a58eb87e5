"""The horizon: every plan's periods are made ahead, one row each, so that what is due lies in a table and nothing is left to ask.

Bounded: only what is due within ``terms.plan_days_ahead`` days has a row. After a downtime, however long, the periods behind are
made as well, and the plan's catch-up policy says whether all of them are taken or only the latest.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from billing import halving, plan_rows, plans_ahead, terms
from core import clock, db

log = logging.getLogger(__name__)

BATCH = 5_000
_MOST_AT_ONCE = 50
"""So many periods of a plan are made in one transaction; a plan that was left for long is come back to."""

_NAMES = plan_rows.KEY.replace("::text", "")
_WAITING = "FROM plan WHERE state = 'active' AND ahead_on <= $1"
_NEXT = "AND id <> ALL ($3::bigint[]) ORDER BY ahead_on, id LIMIT $2"
_WOULD_BE_CLAIMED = f"SELECT id {_WAITING} {_NEXT}"
_CLAIM = f"""
WITH locked AS MATERIALIZED (SELECT id, {plan_rows.KEY} {_WAITING} {{which}} FOR NO KEY UPDATE SKIP LOCKED)
SELECT array_agg(id) AS ids, 0 AS id, 0 AS customer_id, {_NAMES} FROM locked GROUP BY {_NAMES}
"""
_CLAIM_NEXT = _CLAIM.format(which=_NEXT)
_CLAIM_THESE = _CLAIM.format(which="AND id = ANY ($2::bigint[]) ORDER BY ahead_on, id")


async def run(*, days_ahead: int | None = None, batch: int = BATCH) -> int:
    """Makes the periods of all plans that begin or are due within so many days, batch by batch, and lapses what catching up leaves out.
    Returns how many it made.

    Each batch is one transaction: claim the plans, work out their periods (once for plans that have the same), write them down,
    move the plans on. A process that dies leaves nothing half done; several may run at once and share the work. A plan whose periods
    cannot be worked out or written keeps no others waiting: it is left out of this run, logged, and named by the proof (I16) until it is
    mended.
    """
    ahead = terms.current().plan_days_ahead if days_ahead is None else days_ahead
    until, made = clock.today() + timedelta(days=ahead), 0
    broken: list[int] = []
    while (done := await _next(until, batch, broken)) is not None:
        made += done
    await lapse_missed()
    return made


async def _next(until: date, batch: int, broken: list[int]) -> int | None:
    """Makes the next batch; None: there is no other that nobody works on."""
    try:
        return await _extend(until, broken, _CLAIM_NEXT, batch, broken)
    except Exception as error:
        if not db.is_of_the_rows(error):
            raise
        log.exception("a batch of the horizon failed; it is done again in halves")

    async def these(plan_ids: Sequence[int]) -> int:
        return await _extend(until, broken, _CLAIM_THESE, list(plan_ids)) or 0

    async def left_out(plan_id: int, error: BaseException) -> int:
        broken.append(plan_id)
        return 0

    plan_ids = [row["id"] for row in await db.fetch(_WOULD_BE_CLAIMED, until, batch, broken)]
    return sum(await halving.in_halves(plan_ids, these, left_out))


async def _extend(until: date, broken: list[int], claim: str, *which: object) -> int | None:
    async with db.transaction():
        rows = await db.fetch(claim, until, *which)
        return await _write(_readable(rows, until, broken)) if rows else None


@dataclass(frozen=True, slots=True)
class _Alike:
    """Locked, active plans that have the same periods ahead: which, where they stand afterwards, and the period after these."""

    ids: Sequence[int]
    terms: plans_ahead.Terms
    periods: Sequence[plans_ahead.Period]
    place: plans_ahead.Place
    coming: plans_ahead.Period | None


def _readable(rows: Sequence[Mapping[str, Any]], until: date, broken: list[int]) -> list[_Alike]:
    """What is ahead of the claimed plans; those that make no sense are added to ``broken``."""
    found = []
    for row in rows:
        try:
            found.append(_work_out(row["ids"], plan_rows.of(tuple(row.values())[1:]), until))
        except Exception:
            log.exception("the periods of plans %s cannot be worked out", row["ids"])
            broken += row["ids"]
    return found


def _work_out(ids: Sequence[int], plan: plan_rows.Row, until: date) -> _Alike:
    return _Alike(
        ids,
        plan.terms,
        *plans_ahead.until(plan.terms, plan.span, plan.price, plan.place, until, most=_MOST_AT_ONCE),
    )


@dataclass(slots=True)
class _Made:
    """Rows to be written, a column a list; ``group_no`` says which plans get them."""

    group_no: list[int] = field(default_factory=list)
    period_no: list[int] = field(default_factory=list)
    covers_from: list[date] = field(default_factory=list)
    covers_to: list[date] = field(default_factory=list)
    due_on: list[date] = field(default_factory=list)
    amount_fen: list[int | None] = field(default_factory=list)
    notice_on: list[date | None] = field(default_factory=list)
    only_latest: list[bool] = field(default_factory=list)

    def add(self, group_no: int, alike: _Alike) -> None:
        for one in alike.periods:
            self.group_no.append(group_no)
            self.notice_on.append(alike.terms.notice_on(one))
            self.only_latest.append(alike.terms.catch_up == "latest")
            self.period_no.append(one.period_no)
            self.covers_from.append(one.covers_from)
            self.covers_to.append(one.covers_to)
            self.due_on.append(one.due_on)
            self.amount_fen.append(one.amount_fen)


_EXTEND = """
WITH member AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::int[]) AS m (plan_id, group_no)
), moved AS (
    UPDATE plan SET next_period_no = m.period_no, next_on = m.on_day, next_due_on = m.due_on, last_due_on = m.last_due_on,
        ahead_on = least(m.on_day, m.due_on)
    FROM member JOIN unnest($3::int[], $4::date[], $5::date[], $6::date[])
         WITH ORDINALITY AS m (period_no, on_day, due_on, last_due_on, group_no) ON m.group_no = member.group_no
    WHERE plan.id = member.plan_id
)
INSERT INTO plan_period (plan_id, period_no, covers_from, covers_to, due_on, amount_fen, notice_on, only_latest, units, state, reason, created_at, ended_at)
SELECT member.plan_id, period_no, covers_from, covers_to, due_on, amount_fen, notice_on, only_latest, CASE WHEN amount_fen IS NULL THEN 0 END,
       CASE WHEN amount_fen = 0 THEN 'waived' ELSE 'upcoming' END, CASE WHEN amount_fen = 0 THEN 'free' END, $15,
       CASE WHEN amount_fen = 0 THEN $15::timestamptz END
FROM member JOIN unnest($7::int[], $8::int[], $9::date[], $10::date[], $11::date[], $12::bigint[], $13::date[], $14::boolean[])
     AS p (group_no, period_no, covers_from, covers_to, due_on, amount_fen, notice_on, only_latest) ON p.group_no = member.group_no
"""


async def _write(groups: Sequence[_Alike]) -> int:
    """Writes down what is ahead of locked plans and moves them on. A period that costs nothing is over at once. Returns how many."""
    made = _Made()
    for number, alike in enumerate(groups, 1):
        made.add(number, alike)
    await db.execute(
        _EXTEND,
        [plan_id for alike in groups for plan_id in alike.ids],
        [number for number, alike in enumerate(groups, 1) for _ in alike.ids],
        [alike.place.period_no for alike in groups],
        [alike.place.on for alike in groups],
        [None if alike.coming is None else alike.coming.due_on for alike in groups],
        [alike.place.last_due_on for alike in groups],
        made.group_no,
        made.period_no,
        made.covers_from,
        made.covers_to,
        made.due_on,
        made.amount_fen,
        made.notice_on,
        made.only_latest,
        clock.now(),
    )
    return sum(len(alike.periods) * len(alike.ids) for alike in groups)


async def extend_by(plan_id: int, until: date) -> None:
    """Makes all periods of one locked, active plan that begin or are due by ``until``. Part of the caller's transaction."""
    while await _write([_work_out([plan_id], await _locked(plan_id), until)]) == _MOST_AT_ONCE:
        pass


async def extend_to_horizon(plan_id: int) -> None:
    """The same as far ahead as periods are made."""
    await extend_by(plan_id, clock.today() + timedelta(days=terms.current().plan_days_ahead))


async def _locked(plan_id: int) -> plan_rows.Row:
    row = await db.fetchrow(plan_rows.LOCK, plan_id)
    assert row is not None
    return plan_rows.of(row)


_STAND = """
UPDATE plan SET next_period_no = $2, next_on = $3, next_due_on = $4, ahead_on = least($3::date, $4::date), last_due_on = $5 WHERE id = $1
"""


async def stand(plan: plan_rows.Row, place: plans_ahead.Place) -> None:
    """The locked plan goes on from this place. Part of the caller's transaction."""
    coming = plans_ahead.following(plan.terms, plan.span, plan.price, place)
    on, due_on = (None, None) if coming is None else (place.on, coming[0].due_on)
    await db.execute(_STAND, plan.id, place.period_no, on, due_on, place.last_due_on)


MISSED = """
o.only_latest AND EXISTS (
    SELECT FROM plan_period later WHERE later.plan_id = o.plan_id AND later.period_no > o.period_no AND later.due_on <= $1
        AND later.state <> 'waived' AND (p.state <> 'paused' OR later.due_on < p.paused_on))
"""
"""Whether a due period ``o`` of a plan ``p`` is not taken any more because a later one, which is, is due by the day ``$1``."""

_LAPSE = f"""
WITH missed AS (
    SELECT o.id FROM plan_period o JOIN plan p ON p.id = o.plan_id
    WHERE o.state = 'upcoming' AND o.due_on < $1 AND p.state <> 'paused' AND {MISSED}
    ORDER BY o.id LIMIT 10000 FOR NO KEY UPDATE OF p, o SKIP LOCKED
)
UPDATE plan_period SET state = 'waived', reason = 'catch_up', ended_at = $2 FROM missed WHERE plan_period.id = missed.id
"""


async def lapse_missed() -> int:
    """Of plans that catch up with the latest period only, those before it lapse. Returns how many."""
    done = 0
    while lapsed := await db.execute(_LAPSE, clock.today(), clock.now()):
        done += lapsed
    return done
