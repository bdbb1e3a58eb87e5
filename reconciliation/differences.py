"""Differences 差异: what a bill and our books do not agree on, as a queue for the shop's people.

asking   the channel is asked first: a lost notification is no difference
open     somebody has to look at it
waiting  how it is to end needs a second person
resolved by itself (``settled``), or as somebody decided
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from billing import staff_alerts
from core import clock, db, errors
from ledger import idempotency
from models import bill_line
from reconciliation import days, history

Kind = Literal["missing_here", "missing_there", "amount", "fee", "status", "refund", "duplicate", "funds"]
State = Literal["asking", "open", "resolved"]

ASKED_AT_MOST = 1_000
"""Of one day the channel is asked about so many differences; with more of them something else is wrong."""


class NoSuchDifference(errors.NotFound):
    """There is no difference of this number."""

    code = "no_such_difference"


class DifferenceResolved(errors.Conflict):
    """The difference is resolved already."""

    code = "difference_resolved"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. Amounts in fen, fees in thousandths of a fen; None where a side has nothing. One of the channel's account
    (``funds``) is of no payment; ``ours_state`` says then what does not add up."""

    id: int
    difference_no: str
    day_id: int
    channel: str
    day: date
    kind: Kind
    subject: Literal["payment", "refund", "account"]
    payment_no: str
    refund_no: str | None
    channel_trade_no: str | None
    line_id: int | None
    ours_fen: int | None
    ours_state: str | None
    theirs_fen: int | None
    theirs_state: str | None
    expected_milli: int | None
    billed_milli: int | None
    at_stake_fen: int
    state: State
    asks: int
    last_answer: str
    owner_id: int | None
    remark: str
    resolution: str | None
    reason: str | None
    resolved_by: str | None
    approval_no: str | None
    transfer_reference: str | None
    opened_at: datetime
    resolved_at: datetime | None

    @property
    def line_no(self) -> int | None:
        """The line of the bill's text it stands in."""
        return None if self.line_id is None else self.line_id % bill_line.SPAN


_SELECT = """
SELECT x.id, x.difference_no, x.day_id, d.channel, d.day, x.kind, x.subject, x.payment_no, x.refund_no, x.channel_trade_no, x.line_id,
       x.ours_fen, x.ours_state, x.theirs_fen, x.theirs_state, x.expected_milli, x.billed_milli, x.at_stake_fen, x.state, x.asks,
       x.last_answer, x.owner_id, x.remark, x.resolution, x.reason, x.resolved_by, x.approval_no, x.transfer_reference, x.opened_at,
       x.resolved_at
FROM difference x JOIN channel_day d ON d.id = x.day_id
"""

_KEEP = """
WITH new AS (
    SELECT DISTINCT ON (dedup_key) *, kind IN ('missing_here', 'missing_there', 'refund') AS is_asked FROM found ORDER BY dedup_key, line_id
), numbered AS (
    SELECT n.*, nextval(pg_get_serial_sequence('difference', 'id')) AS id, n.is_asked AND row_number() OVER (
        PARTITION BY n.is_asked ORDER BY n.at_stake_fen DESC) <= $4 AS asks
    FROM new n WHERE NOT EXISTS (SELECT FROM difference x WHERE x.day_id = $1 AND x.dedup_key = n.dedup_key)
), made AS (
    INSERT INTO difference (
        id, difference_no, day_id, kind, subject, dedup_key, payment_no, refund_no, channel_trade_no, line_id, ours_fen, ours_state,
        theirs_fen, theirs_state, expected_milli, billed_milli, at_stake_fen, state, asks, ask_at, last_answer, remark, opened_at)
    SELECT id, 'D' || to_char($2::date, 'YYMMDD') || lpad(id::text, 9, '0'), $1, kind, subject, dedup_key, payment_no, refund_no,
           channel_trade_no, line_id, ours_fen, ours_state, theirs_fen, theirs_state, expected_milli, billed_milli, at_stake_fen,
           CASE WHEN asks THEN 'asking' ELSE 'open' END, 0, CASE WHEN asks THEN $3::timestamptz END, '', '', $3
    FROM numbered RETURNING id, kind, at_stake_fen
)
INSERT INTO reconciliation_event (day_id, difference_id, act, who, detail, at)
SELECT $1, id, 'found', 'clock', jsonb_build_object('kind', kind, 'at_stake_fen', at_stake_fen), $3 FROM made ORDER BY id
"""
_AGAIN = """
WITH again AS (
    UPDATE difference x SET state = 'open', resolution = NULL, resolved_by = NULL, resolved_at = NULL, line_id = f.line_id,
        ours_fen = f.ours_fen, ours_state = f.ours_state, theirs_fen = f.theirs_fen, theirs_state = f.theirs_state,
        expected_milli = f.expected_milli, billed_milli = f.billed_milli, at_stake_fen = f.at_stake_fen
    FROM (SELECT DISTINCT ON (dedup_key) * FROM found ORDER BY dedup_key, line_id) f
    WHERE x.day_id = $1 AND x.dedup_key = f.dedup_key AND x.state = 'resolved' AND x.resolution = 'settled' RETURNING x.id
)
INSERT INTO reconciliation_event (day_id, difference_id, act, who, detail, at) SELECT $1, id, 'found_again', 'clock', '{}', $2 FROM again
"""
_UP_TO_DATE = """
UPDATE difference x SET line_id = f.line_id, ours_fen = f.ours_fen, ours_state = f.ours_state, theirs_fen = f.theirs_fen,
    theirs_state = f.theirs_state, expected_milli = f.expected_milli, billed_milli = f.billed_milli, at_stake_fen = f.at_stake_fen
FROM (SELECT DISTINCT ON (dedup_key) * FROM found ORDER BY dedup_key, line_id) f
WHERE x.day_id = $1 AND x.dedup_key = f.dedup_key AND x.state IN ('asking', 'open')
  AND (x.line_id, x.ours_fen, x.ours_state, x.theirs_fen, x.theirs_state, x.expected_milli, x.billed_milli, x.at_stake_fen)
      IS DISTINCT FROM
      (f.line_id, f.ours_fen, f.ours_state, f.theirs_fen, f.theirs_state, f.expected_milli, f.billed_milli, f.at_stake_fen)
"""
_SETTLED = """
WITH settled AS (
    UPDATE difference x SET state = 'resolved', resolution = 'settled', resolved_by = 'clock', resolved_at = $2, ask_at = NULL
    WHERE x.state <> 'resolved' AND {gone} RETURNING x.id, x.day_id
)
INSERT INTO reconciliation_event (day_id, difference_id, act, who, detail, at)
SELECT day_id, id, 'settled', 'clock', '{{}}', $2 FROM settled
"""
_GONE = _SETTLED.format(
    gone="x.day_id = $1 AND NOT EXISTS (SELECT FROM found f WHERE f.dedup_key = x.dedup_key)"
)
_FOUND_LATER = _SETTLED.format(
    gone="""
    x.kind = 'missing_there' AND x.day_id IN (SELECT id FROM channel_day WHERE channel = $1 AND id <> $3) AND CASE x.subject
        WHEN 'payment' THEN EXISTS (
            SELECT FROM payment p JOIN bill_line l ON l.payment_id = p.id WHERE p.payment_no = x.payment_no)
        ELSE EXISTS (SELECT FROM refund_part r JOIN bill_line l ON l.part_id = r.id WHERE r.part_no = x.refund_no) END"""
)


async def keep_found(day: days.Day) -> int:
    """Makes differences of what the comparison has found (table ``found``), and settles those that are gone. Returns how many are new.

    Part of the comparison's transaction.
    """
    now = clock.now()
    await db.execute("ANALYZE found")
    await db.execute(_GONE, day.id, now)
    await db.execute(_AGAIN, day.id, now)
    await db.execute(_UP_TO_DATE, day.id)
    return await db.execute(_KEEP, day.id, day.day, now, ASKED_AT_MOST)


async def settle_found_later(day: days.Day) -> None:
    """What was missing in an earlier bill and stands in one now is settled; part of the comparison's transaction."""
    await db.execute(_FOUND_LATER, day.channel, clock.now(), day.id)


_UNRESOLVED = "SELECT count(*) FROM difference WHERE day_id = $1 AND state <> 'resolved'"


async def unresolved(day_id: int) -> int:
    """How many differences of a day are not resolved."""
    return int(await db.fetchval(_UNRESOLVED, day_id))


_ASKING = "SELECT count(*) FROM difference WHERE day_id = $1 AND state = 'asking'"


async def alert(day: days.Day) -> None:
    """Tells the shop's people of what they have to look at, once the channel has been asked about all of it."""
    left = await unresolved(day.id)
    key = f"{day.channel}:{day.day}"
    if not left:
        await staff_alerts.resolve("differences_open", [key])
    elif not await db.fetchval(_ASKING, day.id):
        told = {"channel": day.channel, "day": day.day.isoformat(), "differences": left}
        await staff_alerts.raise_once("differences_open", key, told)


async def bill_is_here(day: days.Day) -> None:
    """Nobody has to bring the bill any more."""
    await staff_alerts.resolve("bill_missing", [f"{day.channel}:{day.day}"])


_GET = f"{_SELECT} WHERE x.difference_no = $1"


async def get(difference_no: str) -> Difference:
    """One difference.

    Raises:
        NoSuchDifference
    """
    row = await db.fetchrow(_GET, difference_no)
    if row is None:
        raise NoSuchDifference(difference_no=difference_no)
    return Difference(*row)


_LOCK = "SELECT FROM difference WHERE id = $1 FOR NO KEY UPDATE"


async def locked(difference_no: str) -> tuple[days.Day, Difference]:
    """A difference with its day, as they are once both are locked, the day first.

    Raises:
        NoSuchDifference
    """
    found = await get(difference_no)
    day = await days.locked_by_id(found.day_id)
    await db.execute(_LOCK, found.id)
    return day, await get(difference_no)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which differences are wanted; None: all."""

    state: State | None = None
    kind: Kind | None = None
    channel: str | None = None
    day: date | None = None
    owner_id: int | None = None
    payment_no: str | None = None


_PAGE = f"""
{_SELECT}
WHERE x.id < $1 AND ($2::text IS NULL OR x.state = $2) AND ($3::text IS NULL OR x.kind = $3) AND ($4::text IS NULL OR d.channel = $4)
  AND ($5::date IS NULL OR d.day = $5) AND ($6::bigint IS NULL OR x.owner_id = $6) AND ($7::text IS NULL OR x.payment_no = $7)
ORDER BY x.id DESC LIMIT $8
"""


async def page(wanted: Filter, *, before: int | None = None, limit: int = 20) -> list[Difference]:
    """Differences, the newest first."""
    rows = await db.fetch(
        _PAGE, before if before is not None else 2**62, wanted.state, wanted.kind, wanted.channel, wanted.day,
        wanted.owner_id, wanted.payment_no, limit,
    )  # fmt: skip
    return [Difference(*row) for row in rows]


_ASSIGN = "UPDATE difference SET owner_id = $2 WHERE id = $1"
_REMARK = "UPDATE difference SET remark = $2 WHERE id = $1"


async def assign(operator_id: int, difference_no: str, *, owner_id: int | None, key: str) -> Difference:
    """Says who looks after a difference; None: nobody in particular.

    Raises:
        NoSuchDifference, DifferenceResolved, KeyReused.
    """
    return await _noted(operator_id, difference_no, "assigned", _ASSIGN, "owner_id", owner_id, key)


async def note(operator_id: int, difference_no: str, *, remark: str, key: str) -> Difference:
    """Writes a remark, in place of the one before, which stays in the history.

    Raises:
        NoSuchDifference, DifferenceResolved, KeyReused.
    """
    return await _noted(operator_id, difference_no, "remarked", _REMARK, "remark", remark, key)


async def _noted(
    operator_id: int, difference_no: str, act: str, sql: str, name: str, value: Any, key: str
) -> Difference:
    async def done() -> str:
        day, found = await locked(difference_no)
        if found.state == "resolved":
            raise DifferenceResolved(difference_no=difference_no)
        await db.execute(sql, found.id, value)
        who = f"operator:{operator_id}"
        await history.add(day.id, act, who, difference_id=found.id, **{name: value})
        return difference_no

    await idempotency.alone(
        caller=f"operator:{operator_id}", operation=f"differences.{act}", key=key,
        content={"difference_no": difference_no, name: value}, act=done, answer=difference_no,
    )  # fmt: skip
    return await get(difference_no)
