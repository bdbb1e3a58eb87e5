"""What reconciliation came to, a line for each channel and day: both sides' counts and sums, fees, differences, carried over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core import db, errors
from reconciliation import days, funds

MAX_DAYS = 92


class PeriodTooLong(errors.Invalid):
    """A report covers at most three months."""

    code = "period_too_long"


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says of a day."""

    payments: int
    payment_fen: int
    refunds: int
    refund_fen: int


@dataclass(frozen=True, slots=True)
class Line:
    """One channel and day. ``theirs`` is None while there is no bill; ``carried_in`` stood in this bill and was missing from an
    earlier one, ``carried_out`` is missing from this one and looked for in later ones. ``fee_fen`` is what is in the books."""

    id: int
    channel: str
    day: date
    state: days.State
    theirs: Side | None
    ours: Side
    fee_milli: int | None
    fee_fen: int | None
    differences: int
    unresolved: int
    at_stake_fen: int
    carried_in: int
    carried_in_fen: int
    carried_out: int
    carried_out_fen: int
    bill_sha256: str | None
    bill_given_by: str | None
    bill_received_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    funds: funds.Funds | None
    """What moved on the account there; None: no bill of funds came."""


_LINES = """
SELECT d.id, d.channel, d.day, d.state, f.payments, f.payment_fen, f.refunds, f.refund_fen, p.payments AS our_payments,
       p.payment_fen AS our_payment_fen, r.refunds AS our_refunds, r.refund_fen AS our_refund_fen, f.fee_milli, c.amount_fen AS fee_fen,
       x.differences, x.unresolved, x.at_stake_fen, i.carried_in, i.carried_in_fen, o.carried_out, o.carried_out_fen,
       encode(f.sha256, 'hex') AS bill_sha256, f.given_by AS bill_given_by, f.received_at AS bill_received_at, d.closed_at, d.closed_by
FROM channel_day d
CROSS JOIN LATERAL (SELECT d.day::timestamp AT TIME ZONE 'Asia/Shanghai' AS begins, (d.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS ends) t
LEFT JOIN bill_file f ON f.day_id = d.id AND f.is_current
LEFT JOIN channel_fee c ON c.day_id = d.id AND c.reversed_at IS NULL
CROSS JOIN LATERAL (
    SELECT count(*) AS payments, coalesce(sum(amount_fen), 0)::bigint AS payment_fen FROM payment
    WHERE channel = d.channel AND paid_at >= t.begins AND paid_at < t.ends) p
CROSS JOIN LATERAL (
    SELECT count(*) AS refunds, coalesce(sum(amount_fen), 0)::bigint AS refund_fen FROM refund_part
    WHERE tender = d.channel AND state = 'paid' AND ended_at >= t.begins AND ended_at < t.ends) r
CROSS JOIN LATERAL (
    SELECT count(*) AS differences, count(*) FILTER (WHERE state <> 'resolved') AS unresolved,
           coalesce(sum(at_stake_fen) FILTER (WHERE state <> 'resolved'), 0)::bigint AS at_stake_fen
    FROM difference WHERE day_id = d.id) x
CROSS JOIN LATERAL (
    SELECT count(*) AS carried_in, coalesce(sum(amount_fen), 0)::bigint AS carried_in_fen FROM carried
    WHERE ended_day_id = d.id AND state = 'settled') i
CROSS JOIN LATERAL (
    SELECT count(*) AS carried_out, coalesce(sum(amount_fen), 0)::bigint AS carried_out_fen FROM carried WHERE day_id = d.id) o
WHERE d.day BETWEEN $1 AND $2 AND ($3::text IS NULL OR d.channel = $3) ORDER BY d.day, d.channel
"""


async def of(from_on: date, to_on: date, *, channel: str | None = None) -> list[Line]:
    """All lines of a period, both days included, the oldest first.

    Raises:
        PeriodTooLong
    """
    if (to_on - from_on).days >= MAX_DAYS:
        raise PeriodTooLong(days=MAX_DAYS)
    rows = await db.fetch(_LINES, from_on, to_on, channel)
    moved = await funds.of([row["id"] for row in rows])
    return [_line(row, moved.get(row["id"])) for row in rows]


async def of_day(channel: str, day: date) -> Line:
    """One line.

    Raises:
        NoSuchDay
    """
    found = await of(day, day, channel=channel)
    if not found:
        raise days.NoSuchDay(channel=channel, day=day)
    return found[0]


def _line(row: Any, moved: funds.Funds | None) -> Line:
    values = dict(row)
    theirs = Side(*(values.pop(name) for name in ("payments", "payment_fen", "refunds", "refund_fen")))
    ours = Side(*(values.pop(f"our_{name}") for name in ("payments", "payment_fen", "refunds", "refund_fen")))
    return Line(theirs=None if values["bill_sha256"] is None else theirs, ours=ours, funds=moved, **values)


_KINDS = """
SELECT kind, subject, state, coalesce(resolution, '') AS resolution, count(*) AS differences, sum(at_stake_fen)::bigint AS at_stake_fen
FROM difference WHERE day_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class OfKind:
    """How many differences of a day are of a kind and how they stand."""

    kind: str
    subject: str
    state: str
    resolution: str | None
    differences: int
    at_stake_fen: int


async def kinds(day_id: int) -> Sequence[OfKind]:
    """The differences of a day, counted by kind and state."""
    return [
        OfKind(**{**dict(row), "resolution": row["resolution"] or None})
        for row in await db.fetch(_KINDS, day_id)
    ]
