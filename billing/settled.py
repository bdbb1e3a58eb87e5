"""What follows when money has reached a bill: the payments are written down, and whoever issued the bill hears that it is paid.

Desks above ``billing`` issue bills too (an order's is ``order:…``), and ``billing`` does not know them. They name a
``Follower`` for their kind of source when they are imported; a bill whose follower is missing settles nothing, loudly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from billing import bills
from core import clock, db


@dataclass(frozen=True, slots=True)
class Follower:
    """Who issued a kind of bill. Each is given what follows the colon of the source, and runs in the transaction that pays or refunds.

    ``lock`` locks the issuer's own row, which comes before its bill; ``paid`` is told that the bill is paid; ``refunded`` hears of a
    refund that an operator made of the bill: its number, how much, and by whom.
    """

    lock: Callable[[str], Awaitable[object]]
    paid: Callable[[str], Awaitable[object]]
    refunded: Callable[[str, str, int, str], Awaitable[object]]


_FOLLOWERS: dict[str, Follower] = {}


def follow(kind: str, follower: Follower) -> None:
    """From now on ``follower`` hears of bills whose source is ``<kind>:…``."""
    _FOLLOWERS[kind] = follower


async def lock_issuer(source: str) -> None:
    """Locks what a bill was issued for, before the bill itself is locked."""
    kind, _, number = source.partition(":")
    if follower := _follower(kind):
        await follower.lock(number)


async def tell_issuer(bill: bills.Bill) -> None:
    """Tells whoever issued the bill that it is paid."""
    kind, _, number = bill.source.partition(":")
    if follower := _follower(kind):
        await follower.paid(number)


async def tell_issuer_of_refund(bill: bills.Bill, refund_no: str, amount_fen: int, *, by: str) -> None:
    """Tells whoever issued the bill that an operator gives back so much of it."""
    kind, _, number = bill.source.partition(":")
    if follower := _follower(kind):
        await follower.refunded(number, refund_no, amount_fen, by)


def _follower(kind: str) -> Follower | None:
    return _FOLLOWERS[kind] if kind == "order" else _FOLLOWERS.get(kind)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what a bill is paid with: by which tender, and the transfer that moved it; a channel's names its payment."""

    tender: str
    amount_fen: int
    reference: str
    payment_no: str | None = None


_SETTLE = """
WITH part AS (
    INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, payment_no, created_at)
    SELECT $1, p.tender, p.amount_fen, 0, p.reference, p.payment_no, $2
    FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[]) AS p (tender, amount_fen, reference, payment_no)
), periods AS (
    UPDATE plan_period SET state = CASE WHEN $8 THEN 'charged' ELSE 'partly' END, reason = NULL, ended_at = CASE WHEN $8 THEN $2 END
    WHERE bill_id = $1
)
UPDATE bill SET paid_fen = paid_fen + $7, state = CASE WHEN $8 THEN 'paid' ELSE 'partly_paid' END, paid_at = CASE WHEN $8 THEN $2 END,
    pending_no = NULL
WHERE id = $1
"""


async def settle(bill: bills.Bill, parts: Sequence[Part]) -> None:
    """Writes down that a locked bill was paid with these parts; if they come to all that was owed, its issuer hears that it is
    paid."""
    paid_fen = sum(part.amount_fen for part in parts)
    assert 0 < paid_fen <= bill.owed_fen, f"more than bill {bill.bill_no} owes"
    is_paid = paid_fen == bill.owed_fen
    await db.execute(
        _SETTLE, bill.id, clock.now(), [part.tender for part in parts], [part.amount_fen for part in parts],
        [part.reference for part in parts], [part.payment_no for part in parts], paid_fen, is_paid,
    )  # fmt: skip
    if is_paid:
        await tell_issuer(bill)


_GIVE_UP_PART = """
WITH periods AS (
    UPDATE plan_period SET state = CASE WHEN bill.paid_fen = $2 THEN 'owed' ELSE 'partly' END, reason = NULL, ended_at = NULL
    FROM bill WHERE plan_period.bill_id = $1 AND bill.id = $1 AND bill.state <> 'written_off'
)
UPDATE bill SET paid_fen = paid_fen - $2, paid_at = NULL,
    state = CASE WHEN state = 'written_off' THEN state WHEN paid_fen = $2 THEN 'open' ELSE 'partly_paid' END
WHERE id = $1
"""


async def give_up_part(bill: bills.Bill, amount_fen: int) -> None:
    """Writes down that so much of a locked bill was not paid after all; what was written down of the payment is the caller's. No
    bill of an order: orders do not become unpaid."""
    assert not bill.is_of_an_order and 0 < amount_fen <= bill.paid_fen
    await db.execute(_GIVE_UP_PART, bill.id, amount_fen)
