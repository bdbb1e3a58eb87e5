"""What is done for a whole segment 批量发放: a coupon for each, or a word to each who agreed to marketing.

The clock goes through the customers in the order of their ids, some at a time; how far it came is written with what it did, so that
whoever dies or comes twice gives nobody two and leaves nobody out.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db, errors, ids
from ledger import idempotency
from members import coupon_templates, coupons, limits, segment_rules, segments
from notifications import outbox, truth

KeyReused = idempotency.KeyReused
NoSuchSegment = segments.NoSuchSegment
NoSuchTemplate = coupon_templates.NoSuchTemplate
Kind = Literal["coupons", "message"]
STALE_AFTER = timedelta(days=3)


class NoSuchRun(errors.NotFound):
    """There is no such run."""

    code = "no_such_segment_run"


class RunEnded(errors.Conflict):
    """The run is over; what it did stays."""

    code = "segment_run_ended"


@dataclass(frozen=True, slots=True)
class Run:
    """One of them, and how far it is: customers looked at, and those who got something."""

    id: int
    run_no: str
    segment_id: int
    kind: Kind
    template_id: int | None
    text: str | None
    state: str
    looked_at: int
    done: int
    asked_by: str
    created_at: datetime
    ended_at: datetime | None
    approval_no: str | None
    expected: int | None


_COLUMNS = "id, run_no, segment_id, kind, template_id, text, state, looked_at, done, asked_by, created_at, ended_at, approval_no, expected"
_START = """
INSERT INTO segment_run (run_no, segment_id, kind, rule, template_id, text, state, after_id, looked_at, done, asked_by, created_at, expected,
                         approval_no)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, 'running', 0, 0, 0, $7, $8, $9, $10)
"""


async def give_coupons(operator_id: int, segment_id: int, template_id: int, *, key: str) -> Run:
    """Everybody in the segment gets a coupon of the kind. What they are written is begun by ``billing.broadcasts``.

    Raises:
        NoSuchSegment, NoSuchTemplate, KeyReused.
        AboveYourLimit: for as many as are in it now, they are worth more than the operator gives.
    """
    kind = await coupon_templates.get(template_id)
    by = f"operator:{operator_id}"

    async def act() -> str:
        allowance = await limits.of(operator_id, "gifts", "rules.change")
        rule = (await segments.get(segment_id)).rule
        if not allowance.is_open:
            in_it = (await segments.preview(rule)).customers
            await allowance.take(in_it * kind.terms.worth_fen, f"segment:{segment_id}")
        return await begin(segment_id, "coupons", segments.dumped(rule), template_id=template_id, by=by)

    content = {"segment_id": segment_id, "template_id": template_id}
    made = await idempotency.alone(
        caller=by, operation="segment_runs.give_coupons", key=key, content=content, act=act
    )
    return await get(made)


async def begin(
    segment_id: int,
    kind: Kind,
    rule: str,
    *,
    template_id: int | None = None,
    text: str | None = None,
    by: str,
    expected: int | None = None,
    approval_no: str | None = None,
) -> str:
    """Writes a run down for this rule, as it is kept; the clock goes on with it. Part of the caller's transaction."""
    number = ids.new_no("D")
    await db.execute(
        _START, number, segment_id, kind, rule, template_id, text, by, clock.now(), expected, approval_no
    )
    return number


_CLAIM = f"""
SELECT {_COLUMNS}, rule::text AS rule, after_id FROM segment_run WHERE state = 'running' ORDER BY id LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED
"""
_GO_ON = "UPDATE segment_run SET after_id = $2, looked_at = looked_at + $3, done = done + $4 WHERE id = $1"
_END = "UPDATE segment_run SET state = $2, ended_at = $3 WHERE id = $1 AND state IN ('running', 'paused')"


Broken = Callable[[str, Exception], Awaitable[object]]
"""Who is told, in the transaction that stops or pauses a run, of its number and what it could not get over."""

Mended = Callable[[Sequence[str]], Awaitable[object]]
"""Who is told, in the transaction in which a run is done, of it and of those that were to do the same and were stopped before it began."""


class Outgrown(Exception):
    """More are in the segment by now than one person may write to alone."""


async def advance(
    *,
    limit: int = 500,
    turns: int = 20,
    alone_most: int | None = None,
    broken: Broken | None = None,
    mended: Mended | None = None,
) -> int:
    """Takes what is under way some turns further; a run whose customers or terms cannot be gone on with is stopped, so that it holds up
    no others. One that nobody agreed to and that would write to more than ``alone_most`` is paused before it does. Run by the clock.
    Returns how many customers were looked at."""
    looked_at = 0
    for _ in range(turns):
        seen = await _turn(limit, alone_most, broken, mended)
        if seen is None:
            break
        looked_at += seen
    return looked_at


@db.retried
async def _turn(
    limit: int, alone_most: int | None, broken: Broken | None, mended: Mended | None
) -> int | None:
    async with db.transaction():
        row = await db.fetchrow(_CLAIM)
        if row is None:
            return None
        run = Run(*tuple(row)[:-2])
        try:
            async with db.transaction():  # a savepoint: what failed halfway leaves nothing
                return await _go_on(run, row["rule"], row["after_id"], limit, alone_most, mended)
        except Outgrown as error:
            await db.execute(_HOLD, run.id, "paused")
            if broken is not None:
                await broken(run.run_no, error)
        except coupons.CouponsGone:
            await db.execute(_END, run.id, "stopped", clock.now())
        except Exception as error:
            if not db.is_of_the_rows(error):
                raise
            await db.execute(_END, run.id, "stopped", clock.now())
            if broken is not None:
                await broken(run.run_no, error)
        return 0


_STOPPED = """
SELECT run_no FROM segment_run
WHERE segment_id = $1 AND kind = $2 AND template_id IS NOT DISTINCT FROM $3 AND state = 'stopped' AND ended_at <= $4
"""


async def _go_on(
    run: Run, rule: str, after: int, limit: int, alone_most: int | None, mended: Mended | None
) -> int:
    turn = await segments.turn(segment_rules.read(json.loads(rule)), after=after, limit=limit)
    if turn.last_id is None:
        await db.execute(_END, run.id, "done", clock.now())
        if mended is not None:
            stopped = await db.fetch(_STOPPED, run.segment_id, run.kind, run.template_id, run.created_at)
            await mended([run.run_no, *(row["run_no"] for row in stopped)])
        return 0
    if run.kind == "message":
        _refuse_outgrown(run, turn, alone_most)
    done = await (_give if run.kind == "coupons" else _write)(run, turn)
    await db.execute(_GO_ON, run.id, turn.last_id, turn.looked_at, done)
    return turn.looked_at


def _refuse_outgrown(run: Run, turn: segments.Turn, alone_most: int | None) -> None:
    if alone_most is None or run.expected is None or run.approval_no is not None:
        return
    if run.done + sum(turn.found.values()) > max(alone_most, run.expected):
        raise Outgrown("paused, it reaches more than one person may write to alone")


async def _give(run: Run, turn: segments.Turn) -> int:
    assert run.template_id is not None, "a run that gives coupons has a kind of them"
    if not turn.found:
        return 0
    made = await coupons.issue(run.template_id, list(turn.found), by=run.asked_by, run_id=run.id)
    now = clock.now()
    params = {"name": made.name, "until": made.ends_at, "at": now}
    await outbox.tell(
        [
            outbox.Message(
                number, "coupon_issued", f"coupon_issued:{coupon_no}", params, stale_after=now + STALE_AFTER
            )
            for number, coupon_no in made.numbers.items()
            if turn.found[number]
        ]
    )
    return len(made.numbers)


async def _write(run: Run, turn: segments.Turn) -> int:
    now, reachable = clock.now(), [number for number, is_reachable in turn.found.items() if is_reachable]
    params = {"text": run.text, "at": now, "run_no": run.run_no}
    await outbox.tell(
        [
            outbox.Message(
                number, "offer", f"offer:{run.run_no}:{number}", params, stale_after=now + STALE_AFTER
            )
            for number in reachable
        ]
    )
    return len(reachable)


_HOLD = "UPDATE segment_run SET state = $2 WHERE id = $1 AND state IN ('running', 'paused')"


async def pause(run_no: str) -> Run:
    """Nobody's turn comes until it goes on; a turn under way ends first. Again is harmless.

    Raises:
        NoSuchRun, RunEnded.
    """
    return await _hold(run_no, "paused")


async def go_on(run_no: str) -> Run:
    """A paused run goes on where it was. Again is harmless.

    Raises:
        NoSuchRun, RunEnded.
    """
    return await _hold(run_no, "running")


async def _hold(run_no: str, state: str) -> Run:
    run = await get(run_no)
    if not await db.execute(_HOLD, run.id, state):
        raise RunEnded(run_no=run_no)
    return await get(run_no)


async def stop(run_no: str) -> Run:
    """Ends a run where it is; what it has queued and is not out yet does not go out any more. Again is harmless.

    Raises:
        NoSuchRun.
        RunEnded: it was done before.
    """
    run = await get(run_no)
    await db.execute(_END, run.id, "stopped", clock.now())
    run = await get(run_no)
    if run.state == "done":
        raise RunEnded(run_no=run_no)
    return run


async def get(run_no: str) -> Run:
    """One run.

    Raises:
        NoSuchRun.
    """
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM segment_run WHERE run_no = $1", run_no)
    if row is None:
        raise NoSuchRun(run_no=run_no)
    return Run(*row)


_PAGE = f"SELECT {_COLUMNS} FROM segment_run WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Run]:
    """All runs, the newest first."""
    return [Run(*row) for row in await db.fetch(_PAGE, before if before is not None else 2**62, limit)]


_PROGRESS = """
SELECT state, coalesce(reason, '') AS reason, count(*) AS messages FROM outbox_message
WHERE kind = 'offer' AND params->>'run_no' = $1 GROUP BY 1, 2 ORDER BY 1, 2
"""


async def progress(run_no: str) -> tuple[Run, dict[str, int]]:
    """A run, and what became of its messages: how many wait (``queued``), went out (``sent``), could not (``dead``), or were not to, by
    why (``void:not_agreed``).

    Raises:
        NoSuchRun.
    """
    run, rows = await get(run_no), await db.fetch(_PROGRESS, run_no)
    return run, {
        row["state"] + (f":{row['reason']}" if row["reason"] else ""): row["messages"] for row in rows
    }


_STOPPED_NOS = "SELECT run_no FROM segment_run WHERE run_no = ANY ($1::text[]) AND state = 'stopped'"


async def _called_off(waiting: Sequence[truth.Waiting]) -> Mapping[int, str]:
    """Offers of a run that was stopped."""
    numbers = {one.id: str(one.params.get("run_no", "")) for one in waiting}
    rows = await db.fetch(_STOPPED_NOS, list(set(numbers.values())))
    stopped = {row["run_no"] for row in rows}
    return {message: "called_off" for message, number in numbers.items() if number in stopped}


truth.register("offer", _called_off)
