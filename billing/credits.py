"""Credits: money that arrives on an account, and what is owed being settled by it in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import caps, matching
from core import clock, db
from ledger import accounts, posting
from notifications import outbox


@dataclass(frozen=True, slots=True)
class Expected:
    """A locked top-up, with what comes onto the account by it. ``state``: one that is ``credited`` has been paid."""

    top_up_no: str
    customer_id: int
    pay_fen: int
    bonus_fen: int
    bonus_days: int | None
    state: str


_LOCK_TOP_UP = """
SELECT top_up_no, customer_id, pay_fen, bonus_fen, bonus_days, state FROM top_up WHERE top_up_no = $1 FOR NO KEY UPDATE
"""
_CREDITED = "UPDATE top_up SET state = 'credited', credited_at = $2 WHERE top_up_no = $1"


async def locked(top_up_no: str) -> Expected:
    """A top-up that a payment names, locked until the transaction ends."""
    row = await db.fetchrow(_LOCK_TOP_UP, top_up_no)
    assert row is not None, f"payment for a top-up {top_up_no} that does not exist"
    return Expected(*row)


async def top_up(expected: Expected, *, channel: str, operator: str | None = None) -> None:
    """Credits a paid top-up with its bonus, then settles due bills with it; part of the caller's transaction. ``channel`` is
    ``counter`` where ``operator`` took the money."""
    top_up_no, customer = expected.top_up_no, accounts.of_customer(expected.customer_id)
    legs = [posting.credit(accounts.clearing(channel), customer, expected.pay_fen, kind="principal")]
    if expected.bonus_fen:
        expires_at = _end_of(expected.bonus_days)
        legs.append(
            posting.credit(
                accounts.BONUS_COST, customer, expected.bonus_fen, kind="bonus", expires_at=expires_at
            )
        )
    await db.execute(_CREDITED, top_up_no, clock.now())

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "top_up_no": top_up_no,
            "amount_fen": expected.pay_fen,
            "bonus_fen": expected.bonus_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(expected.customer_id, "topped_up", posted.reference, params)

    await credit(
        expected.customer_id,
        posting.Transfer(f"top_up:{top_up_no}", "top_up", legs, operator=operator or f"channel:{channel}"),
        told=told,
    )


def _end_of(days: int | None) -> datetime | None:
    """The end of the business day that many days after today."""
    return None if days is None else clock.start_of(clock.today() + timedelta(days=days + 1))


async def credit(
    customer_id: int, transfer: posting.Transfer, *, told: Callable[[posting.Posted], outbox.Message]
) -> posting.Posted:
    """Posts a transfer that gives a customer money, tells them so, and settles their due bills with it. What it leaves above
    the cap stays, and the shop's people are alerted."""

    async def act() -> tuple[posting.Posted, bool]:
        posted = await posting.post_one(transfer)
        if posted.is_new:
            await outbox.tell([told(posted)])
        return posted, posted.is_new

    posted = await matching.settling(customer_id, act)
    if posted.is_new:
        await caps.alert_if_over(customer_id)
    return posted
