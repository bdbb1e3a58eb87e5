"""Holds 冻结: reserve an amount, then capture it, wholly or in part, or release it: once, and what is not captured is free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import clock, db, errors
from ledger import posting


class HoldEnded(errors.Conflict):
    """The hold was captured, released or has expired before."""

    code = "hold_ended"


class NoSuchHold(errors.NotFound):
    """There is no hold under this reference."""

    code = "no_such_hold"


class CaptureTooLarge(errors.Invalid):
    """More was to be captured than is held."""

    code = "capture_too_large"


@dataclass(frozen=True, slots=True)
class Hold:
    """A reserved amount as it stands. ``customer`` is the account's code, ``operator`` who placed it."""

    id: int
    reference: str
    customer: str
    amount_fen: int
    captured_fen: int
    state: str
    title: str
    operator: str
    expires_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


_LONGEST_REFERENCE = 100


def _transfer_reference(reference: str) -> str:
    return f"hold:{reference}"


_LOCK_ACCOUNT = """
SELECT id, principal_fen + bonus_fen - held_fen AS available_fen FROM account WHERE code = $1 FOR NO KEY UPDATE
"""
_FIND = "SELECT account_id, amount_fen, state FROM hold WHERE reference = $1"
_PLACE = """
WITH placed AS (
    INSERT INTO hold (account_id, reference, amount_fen, captured_fen, state, expires_at, created_at, title, operator)
    VALUES ($1, $2, $3, 0, 'open', $4, $5, $6, $7) RETURNING account_id, amount_fen
)
UPDATE account SET held_fen = held_fen + placed.amount_fen FROM placed WHERE account.id = placed.account_id
"""


@db.retried
async def place(
    customer: str,
    *,
    reference: str,
    amount_fen: int,
    expires_at: datetime | None = None,
    title: str = "",
    operator: str = "",
) -> None:
    """Reserves ``amount_fen`` of a customer's available balance under ``reference``; the same again is harmless.

    ``title`` is what for, in the customer's words; ``operator`` who did it.

    Raises:
        InsufficientBalance: less than that is available.
        ReferenceTaken: the reference holds another amount or account.
        HoldEnded: it was released or has expired since, and reserves nothing any more.
        NothingMoved: there is no such account.
    """
    assert amount_fen > 0 and len(_transfer_reference(reference)) <= _LONGEST_REFERENCE
    async with db.transaction():
        account = await db.fetchrow(_LOCK_ACCOUNT, customer)
        if account is None:
            raise posting.NothingMoved(reference=reference)
        old = await db.fetchrow(_FIND, reference)
        if old is not None:
            if (old["account_id"], old["amount_fen"]) != (account["id"], amount_fen):
                raise posting.ReferenceTaken(reference=reference)
            if old["state"] in ("released", "expired"):
                raise HoldEnded(state=old["state"])
            return
        if account["available_fen"] < amount_fen:
            raise posting.InsufficientBalance(available_fen=account["available_fen"], amount_fen=amount_fen)
        await db.execute(
            _PLACE, account["id"], reference, amount_fen, expires_at, clock.now(), title, operator
        )


_LOCK_HOLDER = """
SELECT account.id, account.code FROM account JOIN hold ON hold.account_id = account.id
WHERE hold.reference = $1 FOR NO KEY UPDATE OF account
"""
_STATE = "SELECT state, amount_fen, captured_fen FROM hold WHERE reference = $1"
_END = """
WITH ended AS (
    UPDATE hold SET state = $2, captured_fen = $3, ended_at = $4 WHERE reference = $1 AND state = 'open'
    RETURNING account_id, amount_fen
)
UPDATE account SET held_fen = held_fen - ended.amount_fen FROM ended WHERE account.id = ended.account_id
"""


@db.retried
async def capture(
    reference: str, *, amount_fen: int, target: str, kind: str, operator: str, memo: str = ""
) -> posting.Posted:
    """Takes ``amount_fen`` of what is held to ``target`` and frees the rest. Repeating it gives the same answer.

    The transfer's reference is ``hold:<reference>``.

    Raises:
        CaptureTooLarge: more than is held.
        HoldEnded: it ended otherwise before.
        NoSuchHold: there is no such hold.
    """
    async with db.transaction():
        customer, hold = await _locked(reference)
        if hold["state"] == "captured" and hold["captured_fen"] == amount_fen:
            pass
        elif hold["state"] != "open":
            raise HoldEnded(state=hold["state"])
        elif amount_fen > hold["amount_fen"]:
            raise CaptureTooLarge(held_fen=hold["amount_fen"], amount_fen=amount_fen)
        else:
            await db.execute(_END, reference, "captured", amount_fen, clock.now())
        return await posting.post_one(
            posting.Transfer(
                _transfer_reference(reference),
                kind,
                (posting.debit(customer, target, amount_fen),),
                operator=operator,
                memo=memo,
            )
        )


@db.retried
async def release(reference: str) -> None:
    """Frees what is held; again is harmless.

    Raises:
        HoldEnded: it was captured before.
        NoSuchHold: there is no such hold.
    """
    async with db.transaction():
        _, hold = await _locked(reference)
        if hold["state"] == "captured":
            raise HoldEnded(state="captured")
        await db.execute(_END, reference, "released", 0, clock.now())


_HOLD = """
SELECT h.id, h.reference, a.code, h.amount_fen, h.captured_fen, h.state, h.title, h.operator, h.expires_at, h.created_at, h.ended_at
FROM hold h JOIN account a ON a.id = h.account_id
"""
_EXPIRED = f"{_HOLD} WHERE h.state = 'open' AND h.expires_at <= $1 ORDER BY h.expires_at LIMIT $2"


async def over(*, limit: int = 500) -> list[Hold]:
    """Open holds whose time is over, the longest over first."""
    return [Hold(*row) for row in await db.fetch(_EXPIRED, clock.now(), limit)]


async def expire(reference: str) -> bool:
    """Frees what is held because its time is over. Says whether it was still held.

    Raises:
        NoSuchHold: there is no such hold.
    """
    async with db.transaction():
        _, hold = await _locked(reference)
        if hold["state"] != "open":
            return False
        await db.execute(_END, reference, "expired", 0, clock.now())
        return True


_GET = f"{_HOLD} WHERE h.reference = $1"
_PAGE = f"""{_HOLD}
WHERE h.id < $1 AND ($2::text IS NULL OR a.code = $2) AND ($3::text IS NULL OR h.state = $3) ORDER BY h.id DESC LIMIT $4
"""


async def lock(reference: str) -> Hold:
    """A hold as it stands, its account locked until the transaction ends.

    Raises:
        NoSuchHold: there is no such hold.
    """
    await _locked(reference)
    return await get(reference)


async def get(reference: str) -> Hold:
    """A hold as it stands.

    Raises:
        NoSuchHold: there is no such hold.
    """
    row = await db.fetchrow(_GET, reference)
    if row is None:
        raise NoSuchHold(reference=reference)
    return Hold(*row)


async def page(
    customer: str | None = None, *, state: str | None = None, before: int | None = None, limit: int = 20
) -> list[Hold]:
    """Holds of one customer or of all, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, customer, state, limit)
    return [Hold(*row) for row in rows]


async def _locked(reference: str) -> tuple[str, asyncpg.Record]:
    account = await db.fetchrow(_LOCK_HOLDER, reference)
    hold = await db.fetchrow(_STATE, reference)
    if account is None or hold is None:
        raise NoSuchHold(reference=reference)
    return account["code"], hold
