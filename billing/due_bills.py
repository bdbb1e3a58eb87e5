"""Due bills: on its day the clock takes an automatic bill, or the part of it that is due, and reminds of what is not paid."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import bills, collecting, deductions, halving, matching, parts, staff_alerts
from core import clock, db
from notifications import outbox

BATCH = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A bill whose time has come, and what is due of it."""

    bill: bills.Bill
    collect_at: datetime
    due_fen: int


_DUE = "FROM bill WHERE collect_at <= $1 AND listed_fen IS NOT NULL AND pending_no IS NULL"
_IN_ORDER = "ORDER BY collect_at, id"
_CLAIM = f"SELECT {bills.COLUMNS}, collect_at {_DUE} {_IN_ORDER} LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"
_CLAIM_THESE = f"""
SELECT {bills.COLUMNS}, collect_at {_DUE} AND id = ANY ($2::bigint[]) {_IN_ORDER} FOR NO KEY UPDATE SKIP LOCKED
"""
_WOULD_BE_CLAIMED = f"SELECT id {_DUE} {_IN_ORDER} LIMIT $2"


async def run(*, batch: int = BATCH) -> deductions.DueRun:
    """Takes every automatic bill that is due and was not tried for this due date, batch by batch, the oldest first, and
    reminds of what the balance does not cover and of due bills that the customer pays themselves: once for each due date.

    Each batch is one transaction: claim, note when to come again (a bill in instalments has more dates), take, remind. A
    process that dies leaves nothing half done; several may run at once and share the work. After a downtime nobody is skipped:
    what fell due meanwhile is taken at once. What stays owed is settled by new money as ``matching`` says. A batch that fails because
    of a bill in it is done again in halves; the bill that fails alone is come for tomorrow again, and the shop's people are told.
    """
    total = deductions.DueRun()
    while (done := await _next(batch)) is not None:
        total += done
    return total


async def _next(most: int) -> deductions.DueRun | None:
    try:
        return await _batch(_CLAIM, most)
    except Exception as error:
        if not db.is_of_the_rows(error):
            raise
        log.exception("a batch of due bills failed; it is done again in halves")
    bill_ids = [row["id"] for row in await db.fetch(_WOULD_BE_CLAIMED, clock.now(), most)]
    total = sum(await halving.in_halves(bill_ids, _these, _set_aside), deductions.DueRun())
    return total if total.due else None  # what is left is in the hands of others


async def _these(bill_ids: Sequence[int]) -> deductions.DueRun:
    return await _batch(_CLAIM_THESE, list(bill_ids)) or deductions.DueRun()


@db.retried
async def _batch(claim: str, which: object) -> deductions.DueRun | None:
    async with db.transaction():
        claimed = await _claim(claim, which)
        if not claimed:
            return None
        return await _take([one for one in claimed if one.due_fen])


async def _claim(claim: str, which: object) -> list[_Claimed]:
    now = clock.now()
    rows = await db.fetch(claim, now, which)
    found = [bills.Bill(*row[:-1]) for row in map(tuple, rows)]
    in_parts = await parts.running([bill.id for bill in found if bill.collect_mode == "instalments"])
    due_fen = matching.due(found, in_parts)
    await _come_again(found, in_parts, now)
    return [
        _Claimed(bill, row["collect_at"], due_fen[bill.id]) for bill, row in zip(found, rows, strict=True)
    ]


_COME_AGAIN = """
UPDATE bill SET collect_at = next.at FROM unnest($1::bigint[], $2::timestamptz[]) AS next (bill_id, at)
WHERE bill.id = next.bill_id
"""


async def _come_again(
    found: Sequence[bills.Bill], in_parts: dict[int, list[parts.Part]], now: datetime
) -> None:
    if found:
        coming = [
            min((part.due_at for part in in_parts.get(bill.id, ()) if part.due_at > now), default=None)
            for bill in found
        ]
        await db.execute(_COME_AGAIN, [bill.id for bill in found], coming)


async def _set_aside(bill_id: int, error: BaseException) -> deductions.DueRun:
    async with db.transaction():
        tomorrow = clock.start_of(clock.today() + timedelta(days=1))
        await db.execute("UPDATE bill SET collect_at = $2 WHERE id = $1", bill_id, tomorrow)
        bill_no = await db.fetchval("SELECT bill_no FROM bill WHERE id = $1", bill_id)
        params = {"bill_no": bill_no, "reason": halving.reason(error)}
        await staff_alerts.raise_once("bill_stuck", str(bill_no), params)
    return deductions.DueRun(due=1, parked=1)


async def _take(claimed: Sequence[_Claimed]) -> deductions.DueRun:
    automatic = [one for one in claimed if one.bill.automatic]
    collected = await collecting.collect(
        [one.bill for one in automatic],
        operator="clock",
        asked={one.bill.id: one.due_fen for one in automatic},
        matched_by="due_date",
    )
    taken_fen = {result.bill.id: result.taken_fen for result in collected}
    missed = [one for one in claimed if taken_fen.get(one.bill.id, 0) < one.due_fen]
    checked = {result.bill.id for result in collected if result.bill.under_review}
    await outbox.tell(
        [
            _reminder(one, one.due_fen - taken_fen.get(one.bill.id, 0))
            for one in missed
            if one.bill.id not in checked
        ]
    )
    return deductions.DueRun(len(claimed), len(claimed) - len(missed), amount_fen=sum(taken_fen.values()))


def _reminder(missed: _Claimed, due_fen: int) -> outbox.Message:
    bill = missed.bill
    return outbox.Message(
        bill.customer_id,
        "payment_due" if bill.automatic else "bill_due",
        f"payment_due:{bill.bill_no}:{missed.collect_at.timestamp():.0f}",
        {"title": bill.title, "bill_no": bill.bill_no, "amount_fen": due_fen, "at": bill.due_at},
    )
