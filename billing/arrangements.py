"""Arrangements 分期安排: their rows. Everything that changes one runs in the caller's transaction, under its bill's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from billing import bills, instalment_schedule, parts
from core import clock, db

State = Literal["proposed", "running", "replaced", "cancelled", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is proposed besides the parts, and by whom."""

    automatic: bool
    consent_version: str
    consent_text: str
    proposed_by: str


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What was proposed, and agreed to when it ran. ``base_fen`` was paid of the bill before; the parts come on top."""

    id: int
    arrangement_no: int
    state: State
    base_fen: int
    automatic: bool
    consent_version: str
    consent_text: str
    consent_channel: str | None
    consented_at: datetime | None
    proposed_by: str
    created_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    parts: tuple[parts.Part, ...] = ()


_COLUMNS = (
    "id, arrangement_no, state, base_fen, automatic, consent_version, consent_text, consent_channel, consented_at,"
    " proposed_by, created_at, ended_at, end_reason"
)

_FIND = f"SELECT {_COLUMNS} FROM arrangement WHERE bill_id = $1 AND state = $2"


async def find(bill_id: int, state: Literal["proposed", "running"]) -> Arrangement | None:
    """The bill's arrangement in that state, without its parts."""
    row = await db.fetchrow(_FIND, bill_id, state)
    return None if row is None else Arrangement(*row)


_ALL = f"SELECT {_COLUMNS} FROM arrangement WHERE bill_id = $1 ORDER BY arrangement_no DESC"
_PARTS = """
SELECT arrangement_id, part_no, amount_fen, cumulative_fen, due_on, due_at, $2::bigint FROM instalment
WHERE arrangement_id = ANY ($1::bigint[]) ORDER BY arrangement_id, part_no
"""


async def of_bill(bill: bills.Bill) -> list[Arrangement]:
    """Everything that was ever arranged about a bill, with the parts, the latest first."""
    rows = await db.fetch(_ALL, bill.id)
    found: dict[int, list[parts.Part]] = {row["id"]: [] for row in rows}
    for arrangement_id, *part in await db.fetch(_PARTS, list(found), bill.paid_fen) if found else ():
        found[arrangement_id].append(parts.Part(*part))
    return [replace(Arrangement(*row), parts=tuple(found[row["id"]])) for row in rows]


_PROPOSE = """
WITH made AS (
    INSERT INTO arrangement (bill_id, arrangement_no, state, base_fen, automatic, former_mode, former_automatic,
                             consent_version, consent_text, proposed_by, created_at)
    SELECT bill.id, 1 + coalesce((SELECT max(arrangement_no) FROM arrangement WHERE bill_id = bill.id), 0), 'proposed',
           bill.paid_fen, $2, coalesce(was.former_mode, bill.collect_mode), coalesce(was.former_automatic, bill.automatic),
           $3, $4, $5, $6
    FROM bill LEFT JOIN arrangement was ON was.bill_id = bill.id AND was.state = 'running'
    WHERE bill.id = $1
    RETURNING id, arrangement_no, base_fen
), parts AS (
    INSERT INTO instalment (arrangement_id, part_no, amount_fen, cumulative_fen, due_on, due_at)
    SELECT made.id, p.part_no, p.amount_fen, made.base_fen + sum(p.amount_fen) OVER (ORDER BY p.part_no), p.due_on, p.due_at
    FROM made, unnest($7::bigint[], $8::date[], $9::timestamptz[]) WITH ORDINALITY
               AS p (amount_fen, due_on, due_at, part_no)
)
SELECT arrangement_no FROM made
"""


async def propose(bill: bills.Bill, planned: Sequence[instalment_schedule.Planned], asked: Asked) -> int:
    """Writes down a proposal for what is owed of a locked bill. Returns its number."""
    number: int = await db.fetchval(
        _PROPOSE, bill.id, asked.automatic, asked.consent_version, asked.consent_text, asked.proposed_by, clock.now(),
        [part.amount_fen for part in planned],
        [part.due_on for part in planned],
        [clock.start_of(part.due_on) for part in planned],
    )  # fmt: skip
    return number


_END = """
UPDATE arrangement SET state = $3, ended_at = $4, ended_by = $5, end_reason = $6 WHERE bill_id = $1 AND state = $2
"""


async def end(
    bill_id: int,
    state: Literal["proposed", "running"],
    becomes: Literal["replaced", "cancelled", "withdrawn"],
    *,
    by: str,
    reason: str,
) -> bool:
    """Ends the arrangement of a locked bill that is in ``state``. Says whether there was one."""
    return bool(await db.execute(_END, bill_id, state, becomes, clock.now(), by, reason))


_AGREED = """
UPDATE arrangement a SET state = 'running', consent_channel = $2, consented_at = $3,
    former_automatic = a.former_automatic AND bill.manual_because IS NULL
FROM bill WHERE a.bill_id = $1 AND a.state = 'proposed' AND bill.id = a.bill_id RETURNING a.id
"""
_IN_PARTS = """
UPDATE bill SET collect_mode = 'instalments', automatic = a.automatic,
    manual_because = CASE WHEN NOT a.automatic THEN manual_because END, due_at = f.due_at, collect_at = f.due_at,
    consent = coalesce(bill.consent, 'arrangement ' || a.arrangement_no || ', ' || a.consent_version)
FROM arrangement a, LATERAL (SELECT min(due_at) AS due_at FROM instalment WHERE arrangement_id = a.id) f
WHERE a.id = $1 AND bill.id = a.bill_id
"""


async def start(bill: bills.Bill, *, channel: str, by: str) -> None:
    """From now on a locked bill is paid as was proposed; what ran before is replaced."""
    await end(bill.id, "running", "replaced", by=by, reason="arranged anew")
    arrangement_id = await db.fetchval(_AGREED, bill.id, channel, clock.now())
    await db.execute(_IN_PARTS, arrangement_id)


_COUNTS_ON = (
    "SELECT EXISTS (SELECT FROM arrangement WHERE bill_id = $1 AND state = 'running' AND base_fen > $2)"
)


async def counts_on_more(bill_id: int, paid_fen: int) -> bool:
    """Whether the arrangement that runs for a locked bill was agreed to when more than so much of it was paid: its parts leave that out."""
    found: bool = await db.fetchval(_COUNTS_ON, bill_id, paid_fen)
    return found


_AS_BEFORE = """
UPDATE bill SET collect_mode = a.former_mode, automatic = a.former_automatic AND bill.manual_because IS NULL, due_at = $2, collect_at = $2
FROM arrangement a WHERE bill.id = $1 AND a.bill_id = bill.id AND a.state = 'running'
"""


async def stop(bill: bills.Bill, *, by: str, reason: str) -> None:
    """Ends the arrangement that runs for a locked bill: the rest is due now, and collected as before."""
    await db.execute(_AS_BEFORE, bill.id, clock.now())
    await end(bill.id, "running", "cancelled", by=by, reason=reason)
