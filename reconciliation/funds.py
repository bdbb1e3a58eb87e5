"""Bills of funds 资金账单: what moved on the merchant's account at a channel, as one record a day, and whether it adds up.

    opening   what the account held before is what it held after the last bill of funds before this one
    rows      every balance follows from the one before and what moved
    payments  what came in from customers, went back to them and was kept as fees is what the same day's bill of trades says,
    refunds   which is compared with ours row by row
    fees

What does not add up becomes a difference of the kind ``funds``. Transfers and withdrawals 提现 are shown. A bill of funds is asked for
once the bill of trades is here; a day is closed without it where it does not come, and the shop's people are told should it come
later and not add up.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from billing import staff_alerts, terms
from billing.channels import Channels
from core import clock, db, errors
from gateways import bills
from gateways import channel as at_channel
from reconciliation import bill_imports, days, history

log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=15)
_PAUSE = timedelta(hours=3)

_CLAIM = f"""
WITH due AS (
    SELECT id FROM channel_day WHERE funds_at <= $1 ORDER BY funds_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE channel_day SET funds_at = $2 FROM due WHERE channel_day.id = due.id
RETURNING {", ".join(f"channel_day.{name.strip()}" for name in days.COLUMNS.split(","))}
"""


async def fetch_due(channels: Channels) -> int:
    """Fetches the bills of funds whose time has come. Returns how many came."""
    came = 0
    while (row := await db.fetchrow(_CLAIM, clock.now(), clock.now() + _LEASE)) is not None:
        came += await _fetch(channels, days.Day(*row))
    return came


async def _fetch(channels: Channels, day: days.Day) -> bool:
    try:
        channel = channels.find(day.channel).channel
        with tempfile.TemporaryDirectory(prefix="yucun-bill-") as into:
            most = terms.current().bill_bytes_most
            file = await channel.fetch_bill(day.day, Path(into), kind="funds", max_bytes=most)
            await take(
                channels, day.channel, day.day, bill_imports.Given(file.path, f"channel:{day.channel}")
            )
    except at_channel.ChannelError as error:
        log.info("the bill of funds of %s for %s is not here: %s", day.channel, day.day, error)
        await _later(day, str(error))
        return False
    except errors.DomainError as refusal:
        log.error("the bill of funds of %s for %s cannot be taken: %s", day.channel, day.day, refusal)
        await _later(day, str(refusal))
        return False
    return True


_LATER = "UPDATE channel_day SET funds_at = $2 WHERE id = $1 AND funds_at IS NOT NULL"


async def _later(day: days.Day, answer: str) -> None:
    now = clock.now()
    if now <= day.ends + timedelta(days=terms.current().bill_patience_days):
        await db.execute(_LATER, day.id, now + _PAUSE)
        return
    async with db.transaction():
        await db.execute(_LATER, day.id, None)
        await history.add(day.id, "no_funds", history.CLOCK, answer=answer[:200])


async def take(channels: Channels, channel: str, day: date, given: bill_imports.Given) -> bool:
    """Takes the bill of funds of a channel and day. The same file again changes nothing; says whether it was another.

    Raises:
        NoSuchChannel: it is not open.
        DayNotOver: the day is today, or later.
        BillFileUnreadable: it is not the whole bill of that channel and day.
        AnotherBill: the day has another one, and no reason was given.
    """
    await days.ensure(channels, channel, day)
    found = await days.get(channel, day)
    sha256 = await asyncio.to_thread(bill_imports.sha256_of, given.path)
    totals = await asyncio.to_thread(_read, found, given.path)
    return await _keep(found, given, sha256, totals)


def _read(day: days.Day, path: Path) -> bills.FundTotals:
    with bill_imports.readable(), bills.funds(day.channel, path, bill_imports.expected(day)) as bill:
        for _ in bill.batches():
            pass
        return bill.totals


_MOVEMENTS: tuple[bills.Movement, ...] = ("payment", "refund", "fee", "transfer", "withdrawal", "other")
_CURRENT = "SELECT sha256 FROM fund_bill WHERE day_id = $1"
_KEEP = f"""
INSERT INTO fund_bill (day_id, sha256, size_bytes, given_by, rows, opening_fen, closing_fen, broken_line, received_at,
                       {", ".join(f"{name}_fen" for name in _MOVEMENTS)})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (day_id) DO UPDATE SET
    sha256 = excluded.sha256, size_bytes = excluded.size_bytes, given_by = excluded.given_by, rows = excluded.rows,
    opening_fen = excluded.opening_fen, closing_fen = excluded.closing_fen, broken_line = excluded.broken_line,
    received_at = excluded.received_at, {", ".join(f"{name}_fen = excluded.{name}_fen" for name in _MOVEMENTS)}
"""
_NOT_ASKED_FOR = "UPDATE channel_day SET funds_at = NULL WHERE id = $1"
_NEXT = """
SELECT d.id FROM channel_day d JOIN fund_bill b ON b.day_id = d.id WHERE d.channel = $1 AND d.day > $2 ORDER BY d.day LIMIT 1
"""


@db.retried
async def _keep(day: days.Day, given: bill_imports.Given, sha256: bytes, totals: bills.FundTotals) -> bool:
    async with db.transaction():
        found = await days.locked_by_id(day.id)
        current = await db.fetchval(_CURRENT, day.id)
        if current == sha256:
            return False
        if current is not None and not given.replaces_because:
            raise bill_imports.AnotherBill(channel=day.channel, day=day.day)
        await db.execute(
            _KEEP, day.id, sha256, given.path.stat().st_size, given.by, totals.rows, totals.opening_fen, totals.closing_fen,
            totals.broken_line, clock.now(), *(totals.moved.get(name, 0) for name in _MOVEMENTS),
        )  # fmt: skip
        await db.execute(_NOT_ASKED_FOR, day.id)
        because = given.replaces_because if current is not None else None
        await history.add(
            day.id, "funds_imported", given.by, rows=totals.rows, sha256=sha256.hex(), reason=because
        )
        await _look_at(found)
        next_id = await db.fetchval(_NEXT, day.channel, day.day)
        if next_id is not None:
            await _look_at(await days.locked_by_id(next_id))
        return True


async def _look_at(day: days.Day) -> None:
    """Has the clock compare the day again; of one that is closed already the shop's people are told, if it does not add up."""
    key = f"{day.channel}:{day.day}"
    if day.state != "closed":
        await days.compare_soon(day.id)
        return
    wrong = [row["what"] for row in await db.fetch(f"SELECT what FROM ({WRONG}) w WHERE day_id = $1", day.id)]
    if wrong:
        told = {"channel": day.channel, "day": day.day.isoformat(), "what": ", ".join(wrong)}
        await staff_alerts.raise_once("funds_differ", key, told)
    else:
        await staff_alerts.resolve("funds_differ", [key])


_MOVED = "b.payment_fen + b.refund_fen + b.fee_fen + b.transfer_fen + b.withdrawal_fen + b.other_fen"
WRONG = f"""
SELECT b.day_id, c.what, c.expected_fen, c.found_fen, b.broken_line FROM fund_bill b JOIN channel_day d ON d.id = b.day_id
LEFT JOIN bill_file f ON f.day_id = d.id AND f.is_current
LEFT JOIN LATERAL (
    SELECT before.closing_fen FROM fund_bill before JOIN channel_day e ON e.id = before.day_id
    WHERE e.channel = d.channel AND e.day < d.day AND NOT EXISTS (
        SELECT FROM channel_day g JOIN bill_file h ON h.day_id = g.id AND h.is_current
        WHERE g.channel = d.channel AND g.day > e.day AND g.day < d.day
          AND NOT EXISTS (SELECT FROM fund_bill other WHERE other.day_id = g.id))
    ORDER BY e.day DESC LIMIT 1) p ON true
CROSS JOIN LATERAL (VALUES
    ('opening', p.closing_fen, b.opening_fen, p.closing_fen <> b.opening_fen),
    ('rows', b.opening_fen + {_MOVED}, b.closing_fen, b.broken_line IS NOT NULL),
    ('payments', coalesce(f.payment_fen, 0), b.payment_fen, coalesce(f.payment_fen, 0) <> b.payment_fen),
    ('refunds', -coalesce(f.refund_fen, 0), b.refund_fen, -coalesce(f.refund_fen, 0) <> b.refund_fen),
    ('fees', -round(coalesce(f.fee_milli, 0) / 1000.0)::bigint, b.fee_fen,
        abs(coalesce(f.fee_milli, 0) + b.fee_fen * 1000) > 500 * coalesce(f.payments + f.refunds, 0))
) c (what, expected_fen, found_fen, is_wrong)
WHERE c.is_wrong AND (d.state <> 'waiting' OR c.what IN ('opening', 'rows'))
"""
"""What of which day's bill of funds does not add up. Fees move in whole fen, and a bill of trades has them finer: half a fen a row may
differ. The bill before counts unless a day between had a bill of trades and none of funds."""

FIND = f"""
INSERT INTO found
SELECT 'funds', 'account', 'funds:' || what, '', NULL, NULL, NULL, expected_fen, what, found_fen,
       CASE what WHEN 'rows' THEN 'line ' || broken_line END, NULL, NULL, abs(found_fen - expected_fen)
FROM ({WRONG}) w WHERE day_id = $1
"""
"""Puts what does not add up into the comparison's table ``found``."""


@dataclass(frozen=True, slots=True)
class Funds:
    """A day's bill of funds: what was there before and after, and what moved, negative where it went out. ``remitted_fen`` is what of
    ours arrived at customers that day. ``wrong``: what does not add up."""

    rows: int
    opening_fen: int
    payment_fen: int
    refund_fen: int
    fee_fen: int
    transfer_fen: int
    withdrawal_fen: int
    other_fen: int
    closing_fen: int
    remitted_fen: int
    wrong: tuple[str, ...]
    given_by: str

    @property
    def adds_up(self) -> bool:
        return not self.wrong


_OF = f"""
SELECT d.id AS day_id, b.rows, b.opening_fen, b.payment_fen, b.refund_fen, b.fee_fen, b.transfer_fen, b.withdrawal_fen, b.other_fen,
       b.closing_fen, r.remitted_fen, coalesce(w.wrong, '{{}}') AS wrong, b.given_by
FROM fund_bill b JOIN channel_day d ON d.id = b.day_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_fen), 0)::bigint AS remitted_fen FROM remittance
    WHERE channel = d.channel AND state = 'paid' AND ended_at >= d.day::timestamp AT TIME ZONE 'Asia/Shanghai'
      AND ended_at < (d.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') r
CROSS JOIN LATERAL (SELECT array_agg(what ORDER BY what) AS wrong FROM ({WRONG}) x WHERE x.day_id = d.id) w
WHERE d.id = ANY ($1::bigint[])
"""


async def of(day_ids: list[int]) -> dict[int, Funds]:
    """The bills of funds of these days, by the day's id."""
    return {row["day_id"]: _funds(row) for row in await db.fetch(_OF, day_ids)}


def _funds(row: Any) -> Funds:
    values = dict(row)
    del values["day_id"]
    return Funds(**{**values, "wrong": tuple(values["wrong"])})
