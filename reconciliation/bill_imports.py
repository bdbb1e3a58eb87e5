"""A bill file becomes rows: read, compared with its own sums, and written with what of ours each row stands for.

One transaction: nothing of a file that turns out wrong, or of a process that dies, is left. The rows go into a table of this
connection alone first, a group at a time; from there one statement writes them, joined with the payments of the same hours. Whatever
that does not find (paid on another day here, or not at all) is looked up by its number.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

from billing import terms
from billing.channels import Channels
from core import clock, db, errors
from gateways import bills
from models import bill_line
from reconciliation import agreeing, bill_texts, days, differences, fee_postings, history, meters, rates
from reconciliation.meters import Meter


class BillFileUnreadable(errors.Invalid):
    """The file is not the whole bill of this channel and day. ``reason``, ``line_no`` and ``found`` say why; nothing of it was kept."""

    code = "bill_file_unreadable"
    said_by: ClassVar[Mapping[str, str]] = {"reason": "reconciliation.unreadable"}


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Turns what reading a file says against it into the refusal."""
    try:
        yield
    except bills.BillUnreadable as wrong:
        raise BillFileUnreadable(reason=wrong.reason, line_no=wrong.line_no, found=wrong.found) from None


class AnotherBill(errors.Conflict):
    """The day has another bill already. To put this one in its place, say why."""

    code = "another_bill"


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file: the day it belongs to, and whether it was new."""

    day: days.Day
    file_id: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A file and who brought it. ``replaces_because``: why it takes the place of another."""

    path: Path
    by: str
    replaces_because: str | None = None


async def take(
    channels: Channels, channel: str, day: date, given: Given, *, progress: meters.Progress = meters.quiet
) -> Imported:
    """Takes the bill of a channel and day. The same file again changes nothing.

    Raises:
        NoSuchChannel: it is not open.
        DayNotOver: the day is today, or later.
        BillFileUnreadable: it is not the whole bill of that channel and day.
        AnotherBill: the day has another one, and no reason was given.
    """
    await days.ensure(channels, channel, day)
    sha256 = await asyncio.to_thread(sha256_of, given.path)
    meter = Meter(progress)
    async with meters.shown((await days.get(channel, day)).id, meter):
        return await _take(channel, day, given, sha256, meter)


def sha256_of(path: Path) -> bytes:
    """What tells one file from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@db.retried
async def _take(channel: str, day: date, given: Given, sha256: bytes, meter: Meter) -> Imported:
    async with db.transaction():
        found = await days.locked(channel, day)
        current = await db.fetchrow(_CURRENT, found.id)
        if current is not None:
            if current["sha256"] == sha256:
                return Imported(found, current["id"], is_new=False)
            await _replace(found, current["id"], given)
        file_id = await _imported(found, given, sha256, meter)
        return Imported(await days.get(channel, day), file_id, is_new=True)


_CURRENT = "SELECT id, sha256 FROM bill_file WHERE day_id = $1 AND is_current"
_REPLACED = "UPDATE bill_file SET is_current = false, replaced_at = $2 WHERE id = $1"
_DROP_LINES = "DELETE FROM bill_line WHERE id BETWEEN $1 AND $2"

_CARRY_AGAIN = (
    "UPDATE carried SET state = 'waiting', ended_day_id = NULL, ended_at = NULL WHERE ended_day_id = $1"
)


async def _replace(day: days.Day, file_id: int, given: Given) -> None:
    if not given.replaces_because:
        raise AnotherBill(channel=day.channel, day=day.day)
    if day.state == "closed":
        await fee_postings.reverse(day, by=given.by)
    await db.execute(_REPLACED, file_id, clock.now())
    await db.execute(_DROP_LINES, *span(file_id))
    await db.execute(_CARRY_AGAIN, day.id)
    await history.add(day.id, "bill_replaced", given.by, reason=given.replaces_because, file_id=file_id)


def span(file_id: int) -> tuple[int, int]:
    """The first and the last id that a row of the file can have."""
    return file_id * bill_line.SPAN, (file_id + 1) * bill_line.SPAN - 1


_FILE = """
INSERT INTO bill_file (day_id, sha256, size_bytes, given_by, payments, payment_fen, refunds, refund_fen, fee_milli, is_current,
                       received_at)
VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, true, $5) RETURNING id
"""
_TOTALS = """
UPDATE bill_file SET payments = $2, payment_fen = $3, refunds = $4, refund_fen = $5, fee_milli = $6 WHERE id = $1
"""
_DAY_HAS_IT = """
UPDATE channel_day SET state = 'imported', fetch_at = NULL, match_at = $2, matched_at = NULL, closed_at = NULL, closed_by = NULL,
    last_answer = '', gave_up_at = NULL,
    funds_at = CASE WHEN NOT EXISTS (SELECT FROM fund_bill b WHERE b.day_id = channel_day.id) THEN $2::timestamptz END
WHERE id = $1
"""


async def _imported(day: days.Day, given: Given, sha256: bytes, meter: Meter) -> int:
    file_id = int(await db.fetchval(_FILE, day.id, sha256, _size(given.path), given.by, clock.now()))
    totals = await _kept(day, file_id, given.path, meter)
    meter.at("matching", totals.rows)
    await look_again(day, file_id)
    await db.execute(
        _TOTALS,
        file_id,
        totals.payments,
        totals.payment_fen,
        totals.refunds,
        totals.refund_fen,
        totals.fee_milli,
    )
    await db.execute(_DAY_HAS_IT, day.id, clock.now())
    await history.add(
        day.id, "bill_imported", given.by, file_id=file_id, rows=totals.rows, sha256=sha256.hex()
    )
    await differences.bill_is_here(day)
    if totals.rows > _GROUP_ROWS:  # last, since another bill's import waits for it
        await db.execute("ANALYZE bill_line")
    return file_id


def _size(path: Path) -> int:
    return os.stat(path).st_size


_STAGE = """
CREATE TEMPORARY TABLE staged (
    line_no bigint, kind text, at timestamptz, channel_trade_no text, payment_no text, channel_refund_no text, refund_no text,
    amount_fen bigint, fee_milli bigint, state text
) ON COMMIT DROP
"""
ROOM = "SET LOCAL work_mem = '64MB'"
"""A bill and the payments of its hours are held against each other in memory, in parts where they are many."""
_ZONE = "SET LOCAL TIME ZONE 'Asia/Shanghai'"
"""Times of a bill are Beijing's."""
_GROUP_ROWS = 100_000
_SPAN_OF_GROUP = "SELECT min(at) - interval '1 minute', max(at) + interval '1 minute' FROM staged"


async def _kept(day: days.Day, file_id: int, path: Path, meter: Meter) -> bills.Totals:
    """Writes the rows group by group, while the next ones are read, joined with the payments of the group's hours."""
    for prepare in ("DROP TABLE IF EXISTS staged", _STAGE, _ZONE, ROOM):
        await db.execute(prepare)
    brackets = agreeing.rate_columns(await rates.brackets("channel", day.channel, day.day))
    begins, _ = span(file_id)
    with readable():
        async with bill_texts.opened(day.channel, path, expected(day)) as reading:
            while await db.copy_in("staged", _group(reading, meter)):
                await db.execute("ANALYZE staged (kind, payment_no)")
                first, last = await _hours(day)
                await db.execute(_KEEP_PAYMENTS, *brackets, begins, day.channel, first, last)
                await db.execute(_KEEP_REFUNDS, *brackets, begins, day.channel, day.begins, day.ends)
                await db.execute("TRUNCATE staged")
            return reading.totals


async def _hours(day: days.Day) -> tuple[datetime, datetime]:
    row = await db.fetchrow(_SPAN_OF_GROUP)
    assert row is not None
    return max(row[0], day.begins), min(row[1], day.ends)


async def _group(reading: bill_texts.Reading, meter: Meter) -> AsyncIterator[bytes]:
    """The next rows, some ``_GROUP_ROWS``; none: the bill has ended."""
    first = None
    async for text, rows, percent in reading.pieces:
        yield text
        meter.at("reading", rows, percent)
        first = rows if first is None else first
        if rows - first >= _GROUP_ROWS:
            return


def expected(day: days.Day) -> bills.Expected:
    """What a bill of the day has to be."""
    limits = terms.current()
    return bills.Expected(
        day.merchant_id, day.day, max_rows=limits.bill_rows_most, max_bytes=limits.bill_bytes_most
    )


_COLUMNS = """
id, kind, at, channel_trade_no, payment_no, channel_refund_no, refund_no, amount_fen, fee_milli, state, payment_id, part_id,
expected_milli, agrees, other_day
"""
_KEEP_PAYMENTS = f"""
WITH {agreeing.RATES}
INSERT INTO bill_line ({_COLUMNS})
SELECT $8::bigint + line.line_no, line.kind, line.at, line.channel_trade_no, line.payment_no, NULL, NULL, line.amount_fen,
       line.fee_milli, line.state, p.id, NULL, {agreeing.EXPECTED_PAYMENT}, {agreeing.PAYMENT_AGREES}, p.id IS NULL
FROM staged line
LEFT JOIN payment p ON p.payment_no = line.payment_no AND p.channel = $9 AND p.paid_at >= $10 AND p.paid_at < $11
{agreeing.OF_RATE.format(line="line")}
WHERE line.kind = 'payment'
"""
_KEEP_REFUNDS = f"""
WITH {agreeing.RATES}
INSERT INTO bill_line ({_COLUMNS})
SELECT $8::bigint + line.line_no, line.kind, line.at, line.channel_trade_no, line.payment_no, nullif(line.channel_refund_no, ''),
       nullif(line.refund_no, ''), line.amount_fen, line.fee_milli, line.state, NULL, r.id, {agreeing.EXPECTED_REFUND},
       {agreeing.REFUND_AGREES}, coalesce(r.ended_at < $10 OR r.ended_at >= $11, true)
FROM staged line
LEFT JOIN refund_part r ON r.part_no = line.refund_no AND r.tender = $9
LEFT JOIN payment p ON p.payment_no = r.payment_no
{agreeing.OF_RATE.format(line="line")}
WHERE line.kind = 'refund'
"""

_LOOK_AT_PAYMENTS = f"""
WITH {agreeing.RATES}, odd AS MATERIALIZED (
    SELECT id, payment_no, amount_fen FROM bill_line WHERE id BETWEEN $8 AND $9 AND NOT agrees AND kind = 'payment'
)
UPDATE bill_line line SET payment_id = p.id, expected_milli = {agreeing.EXPECTED_PAYMENT},
    agrees = {agreeing.PAYMENT_AGREES} AND NOT EXISTS (
        SELECT FROM bill_line twin WHERE twin.payment_id = p.id AND twin.id NOT BETWEEN $8 AND $9),
    other_day = coalesce(p.paid_at < $11 OR p.paid_at >= $12, true)
FROM odd JOIN payment p ON p.payment_no = odd.payment_no AND p.channel = $10
{agreeing.OF_RATE.format(line="odd")}
WHERE line.id = odd.id
"""
_LOOK_AT_REFUNDS = f"""
WITH {agreeing.RATES}, odd AS MATERIALIZED (
    SELECT id, refund_no, amount_fen FROM bill_line WHERE id BETWEEN $8 AND $9 AND NOT agrees AND kind = 'refund'
)
UPDATE bill_line line SET part_id = r.id, expected_milli = {agreeing.EXPECTED_REFUND},
    agrees = {agreeing.REFUND_AGREES} AND NOT EXISTS (
        SELECT FROM bill_line twin WHERE twin.part_id = r.id AND twin.id NOT BETWEEN $8 AND $9),
    other_day = coalesce(r.ended_at < $11 OR r.ended_at >= $12, true)
FROM odd JOIN refund_part r ON r.part_no = odd.refund_no AND r.tender = $10
LEFT JOIN payment p ON p.payment_no = r.payment_no
{agreeing.OF_RATE.format(line="odd")}
WHERE line.id = odd.id
"""


async def look_again(day: days.Day, file_id: int) -> None:
    """Looks again at the rows that did not agree: payments may have been confirmed since, and refunds paid back."""
    brackets = agreeing.rate_columns(await rates.brackets("channel", day.channel, day.day))
    for look in (_LOOK_AT_PAYMENTS, _LOOK_AT_REFUNDS):
        await db.execute(look, *brackets, *span(file_id), day.channel, day.begins, day.ends)
