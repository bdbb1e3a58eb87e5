"""Due runs 到期扣款批次: the record of what all workers do together on one business day, and the operators' hold on it.

Every worker asks before each batch whether it may go on, in the statement that claims; what it did is added in the batch's own
transaction, to the share of its session, so that workers do not wait for one another to count. A run is the sum of its shares. While a
run is paused no worker begins another batch, whatever day it has become meanwhile. An aborted run is over for its day; what it left is
the next day's, or today's when it is resumed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from billing import plan_rows, staff_alerts, terms
from core import clock, db, errors
from ledger import idempotency

log = logging.getLogger(__name__)

State = Literal["running", "paused", "aborted", "finished"]


class NoSuchDueRun(errors.NotFound):
    """On that day there was no due run."""

    code = "no_such_due_run"


class DueRunNotHeld(errors.Conflict):
    """No due run is paused, and today's was not aborted: there is nothing to resume."""

    code = "due_run_not_held"


class DueRunAborted(errors.Conflict):
    """Today's due run was aborted already."""

    code = "due_run_aborted"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Run:
    """A due run. ``expected`` is how many periods were due when it was last begun, those done before included; ``claimed`` how many
    of them have been looked at, each ending charged, partly, owed, waived or parked. ``amount_fen`` was taken from balances."""

    id: int
    day: date
    state: State
    expected: int
    claimed: int
    charged: int
    partly: int
    owed: int
    waived: int
    parked: int
    amount_fen: int
    batches: int
    started_at: datetime
    last_batch_at: datetime | None
    ended_at: datetime | None
    changed_by: str | None
    reason: str | None

    @property
    def left(self) -> int:
        """How many of what was expected have not been looked at."""
        return max(0, self.expected - self.claimed)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of periods."""

    charged: int = 0
    partly: int = 0
    owed: int = 0
    waived: int = 0
    parked: int = 0
    amount_fen: int = 0


_UPCOMING = "o.state = 'upcoming' AND o.due_on <= $1::date"
_DUE = f"WHERE {_UPCOMING} AND {plan_rows.TAKEN}"
DUE = f"FROM plan_period o JOIN plan p ON p.id = o.plan_id {_DUE}"
"""Periods that are due by a day and taken. What is still upcoming of a cancelled plan was due before it was cancelled."""
NEXT = f"FROM plan_period o JOIN plan p ON p.id = ANY (ARRAY[o.plan_id]) {_DUE}"
"""The same for who takes the first of them, in the order of the index ``plan_period_due``. Put like this no plan can be found but by its
key; where thousands are due and a few are asked for, PostgreSQL would read all plans for each batch, to sort what it will not take."""
FIRST = "ORDER BY o.due_on, o.plan_id"
_HOW_MANY = f"""
SELECT (SELECT count(*) FROM plan_period o WHERE {_UPCOMING})
           - (SELECT count(*) FROM plan p JOIN plan_period o ON o.plan_id = p.id
              WHERE p.state = 'paused' AND {_UPCOMING} AND {plan_rows.TAKEN} IS NOT TRUE),
       (SELECT coalesce(sum(claimed), 0)::bigint FROM due_run_share s JOIN due_run r ON r.id = s.run_id WHERE r.day = $1)
"""
"""What is due, and what the day's run has done, at one moment. Of all that is upcoming the plan is looked at only where it is paused."""
_HELD = "SELECT EXISTS (SELECT FROM due_run WHERE state = 'paused' OR day = $1 AND state = 'aborted')"
_BEGIN = """
INSERT INTO due_run (day, state, expected, started_at) VALUES ($1, 'running', $2, $3)
ON CONFLICT (day) DO UPDATE SET state = 'running', ended_at = NULL, expected = excluded.expected
WHERE due_run.state IN ('running', 'finished') RETURNING id
"""
_OVER = """
UPDATE due_run SET state = 'finished', ended_at = $2 WHERE state = 'running' AND (day < $1 OR day = $1 AND $3)
"""


async def begin() -> int | None:
    """Joins today's due run, or begins it, where something is due. Returns its id. None: nothing is due, or operators hold it."""
    today, now = clock.today(), clock.now()
    async with db.transaction():
        if await db.fetchval(_HELD, today):
            return None
        due, done = cast("tuple[int, int]", await db.fetchrow(_HOW_MANY, today))
        await db.execute(_OVER, today, now, not due)
        if not due:
            return None
        found: int | None = await db.fetchval(_BEGIN, today, due + done, now)
        return found


MAY_GO_ON = """
(SELECT state FROM due_run WHERE id = $2) = 'running'
    AND NOT EXISTS (SELECT FROM due_run WHERE state = 'paused' OR day = $1 AND state = 'aborted')
"""
"""The condition, in a statement that claims by the day ``$1`` for the run ``$2``, that operators hold neither that run nor, where it has
become another day meanwhile, that day's."""


_ADD = """
INSERT INTO due_run_share AS mine (run_id, session, claimed, charged, partly, owed, waived, parked, amount_fen, batches, last_batch_at)
VALUES ($1, pg_backend_pid(), $2, $3, $4, $5, $6, $7, $8, 1, $9)
ON CONFLICT (run_id, session) DO UPDATE SET claimed = mine.claimed + excluded.claimed, charged = mine.charged + excluded.charged,
    partly = mine.partly + excluded.partly, owed = mine.owed + excluded.owed, waived = mine.waived + excluded.waived,
    parked = mine.parked + excluded.parked, amount_fen = mine.amount_fen + excluded.amount_fen, batches = mine.batches + 1,
    last_batch_at = excluded.last_batch_at
"""
_ALONE = "SELECT FROM due_run WHERE id = $1 FOR NO KEY UPDATE"
_PARKED = "SELECT sum(parked) FROM due_run_share WHERE run_id = $1"


async def add(run_id: int, done: Outcomes) -> None:
    """Counts what a batch did, in its transaction, as the last thing it does.

    A run that parks one period after the other is not about those periods: it pauses itself, for people to look. Who parks holds the run
    until the transaction ends, so that each sees all that were parked before.
    """
    claimed = done.charged + done.partly + done.owed + done.waived + done.parked
    await db.execute(
        _ADD, run_id, claimed, done.charged, done.partly, done.owed, done.waived, done.parked, done.amount_fen, clock.now()
    )  # fmt: skip
    if done.parked:
        await db.execute(_ALONE, run_id)
        await _pause_where_many(run_id, int(await db.fetchval(_PARKED, run_id)), done.parked)


async def _pause_where_many(run_id: int, parked: int, now: int) -> None:
    if parked % terms.current().due_run_parked_most < now:
        log.error("due run %s: %s periods are parked, it pauses", run_id, parked)
        await _hold(clock.today(), "paused", "clock", f"{parked} × parked")


_FINISH = f"""
UPDATE due_run SET state = 'finished', ended_at = $2
WHERE id = $3 AND state = 'running' AND (SELECT true {NEXT} {FIRST} LIMIT 1) IS NULL
"""


async def is_held() -> bool:
    """Whether operators have paused the due run, or aborted today's."""
    return bool(await db.fetchval(_HELD, clock.today()))


async def finish(run_id: int) -> None:
    """Ends a run when nothing is due any more. What another worker has claimed meanwhile still is; it comes here after it."""
    await db.execute(_FINISH, clock.today(), clock.now(), run_id)


_PUT = """
INSERT INTO due_run (day, state, expected, started_at, ended_at, changed_by, reason)
VALUES ($1, $2, 0, $3, CASE WHEN $2::varchar IN ('aborted', 'finished') THEN $3::timestamptz END, $4, $5)
ON CONFLICT (day) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, changed_by = excluded.changed_by,
    reason = excluded.reason
"""
_PUT_EARLIER = """
UPDATE due_run SET state = $2, ended_at = $3, changed_by = $4, reason = $5 WHERE state = 'paused' AND day <> $1
"""


async def _hold(day: date, state: State, by: str, reason: str) -> None:
    now = clock.now()
    if state != "paused":
        await db.execute(_PUT_EARLIER, day, "aborted" if state == "aborted" else "finished", now, by, reason)
    await db.execute(_PUT, day, state, now, by, reason)
    if state == "paused":
        await staff_alerts.raise_once(
            "due_run_paused", "due_run", {"day": day.isoformat(), "by": by, "reason": reason}
        )
    else:
        await staff_alerts.resolve("due_run_paused", ["due_run"])


async def pause(by: str, *, reason: str, key: str) -> Run:
    """No worker begins another batch of due periods, today or later, until it is resumed; batches under way end first. Returns today's
    run. Pausing again changes who and why.

    Raises:
        DueRunAborted: today's was aborted, which goes further.
        KeyReused.
    """

    async def act(day: date) -> None:
        if await db.fetchval("SELECT state FROM due_run WHERE day = $1 FOR NO KEY UPDATE", day) == "aborted":
            raise DueRunAborted(day=day.isoformat())
        await _hold(day, "paused", by, reason)

    return await _once("due_runs.pause", by, reason, key, act)


async def resume(by: str, *, reason: str = "", key: str) -> Run:
    """What was paused goes on, and what was aborted today; at the clock's next tick. Returns today's run.

    Raises:
        DueRunNotHeld: nothing is.
        KeyReused.
    """

    async def act(day: date) -> None:
        if not await db.fetchval(_HELD, day):
            raise DueRunNotHeld
        await _hold(day, "running", by, reason)

    return await _once("due_runs.resume", by, reason, key, act)


async def abort(by: str, *, reason: str, key: str) -> Run:
    """Nothing more is taken today, and what was paused is over; what is left is tomorrow's. Returns today's run.

    Raises:
        KeyReused.
    """

    async def act(day: date) -> None:
        await _hold(day, "aborted", by, reason)

    return await _once("due_runs.abort", by, reason, key, act)


async def _once(
    operation: str, by: str, reason: str, key: str, act: Callable[[date], Awaitable[None]]
) -> Run:
    day = clock.today()

    async def acted() -> str:
        await act(day)
        return day.isoformat()

    found = await idempotency.alone(
        caller=by, operation=operation, key=key, content={"reason": reason}, act=acted
    )
    return await get(date.fromisoformat(found))


_DONE = ("claimed", "charged", "partly", "owed", "waived", "parked", "amount_fen", "batches")
_RUNS = f"""
SELECT id, day, state, expected, {", ".join(f"done.{count}" for count in _DONE)}, started_at, done.last_batch_at, ended_at, changed_by, reason
FROM due_run r CROSS JOIN LATERAL (
    SELECT {", ".join(f"coalesce(sum({count}), 0)::bigint AS {count}" for count in _DONE)}, max(last_batch_at) AS last_batch_at
    FROM due_run_share WHERE run_id = r.id
) done
"""
_GET = f"{_RUNS} WHERE day = $1"


async def get(day: date) -> Run:
    """The due run of a day.

    Raises:
        NoSuchDueRun: there was none.
    """
    row = await db.fetchrow(_GET, day)
    if row is None:
        raise NoSuchDueRun(day=day.isoformat())
    return Run(*row)


_PAGE = f"{_RUNS} WHERE day < $1 ORDER BY day DESC LIMIT $2"


async def page(*, before: date | None = None, limit: int = 20) -> list[Run]:
    """Due runs, the newest first."""
    return [Run(*row) for row in await db.fetch(_PAGE, before or date.max, limit)]
