"""Moves: lots become another customer's and keep their kind, expiry and origin.

A transfer touches one customer, so a move is two, through ``house:transit``, posted as one set. The lots are chosen before, under
the locks of both accounts; the pieces of the two transfers correspond one by one, in the order of their postings, which is how
``ledger.provenance`` follows money from one customer to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core import clock, db
from ledger import accounts, posting

Act = Literal["transfer", "merge"]
"""What a move is called in the books: ``transfer_out`` and ``transfer_in``, or ``merge_out`` and ``merge_in``."""


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one open lot."""

    lot_id: int
    kind: posting.LotKind
    amount_fen: int
    expires_at: datetime | None


_LOCK = "SELECT 1 FROM account WHERE code = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE"


async def lock(*customer_ids: int) -> None:
    """Locks these customers' accounts in the one order all use, until the transaction ends.

    Raises:
        NoSuchAccount: one of them has none.
    """
    codes = [accounts.of_customer(customer_id) for customer_id in customer_ids]
    if len(await db.fetch(_LOCK, codes)) < len(set(codes)):
        raise accounts.NoSuchAccount


_OPEN = """
SELECT l.id, l.kind, l.remaining_fen, l.expires_at FROM account a JOIN lot l ON l.account_id = a.id AND l.is_open
WHERE a.code = $1 AND ($3 OR l.expires_at IS NULL OR l.expires_at > $2) ORDER BY l.expires_at NULLS LAST, l.id
"""


async def open_parts(customer_id: int, *, expired_too: bool = False) -> list[Part]:
    """All that the customer has, lot by lot, what expires first at the head; bonus whose time is over only if asked for."""
    rows = await db.fetch(_OPEN, accounts.of_customer(customer_id), clock.now(), expired_too)
    return [Part(*row) for row in rows]


async def parts(customer_id: int, *, principal_fen: int, bonus_fen: int) -> list[Part]:
    """So much of the customer's principal and bonus, from the lots that expire first. The account must be locked.

    Raises:
        InsufficientBalance: there is less of a kind, or less available.
    """
    lots = await open_parts(customer_id)
    available_fen = (await accounts.balance(customer_id)).available_fen
    wanted = {"principal": principal_fen, "bonus": bonus_fen}
    for kind, amount_fen in wanted.items():
        there_fen = min(available_fen, sum(lot.amount_fen for lot in lots if lot.kind == kind))
        if amount_fen > there_fen:
            raise posting.InsufficientBalance(available_fen=there_fen, amount_fen=amount_fen)
    if sum(wanted.values()) > available_fen:
        raise posting.InsufficientBalance(available_fen=available_fen, amount_fen=sum(wanted.values()))
    chosen = []
    for lot in lots:
        taken_fen = min(lot.amount_fen, wanted[lot.kind])
        if taken_fen:
            wanted[lot.kind] -= taken_fen
            chosen.append(Part(lot.lot_id, lot.kind, taken_fen, lot.expires_at))
    return chosen


async def post(
    act: Act, number: str, moved: Sequence[Part], *, giver: int, receiver: int, operator: str, memo: str
) -> tuple[posting.Posted, posting.Posted]:
    """Moves these parts of the giver's lots to new lots of the receiver; both accounts must be locked."""
    giving, receiving = accounts.of_customer(giver), accounts.of_customer(receiver)
    out = [
        posting.debit(giving, accounts.TRANSIT, part.amount_fen, kind=part.kind, lot=part.lot_id)
        for part in moved
    ]
    into = [
        posting.credit(
            accounts.TRANSIT, receiving, part.amount_fen, kind=part.kind, expires_at=part.expires_at
        )
        for part in moved
    ]
    return await _pair(
        posting.Transfer(f"{act}_out:{number}", f"{act}_out", out, operator=operator, memo=memo),
        posting.Transfer(f"{act}_in:{number}", f"{act}_in", into, operator=operator, memo=memo),
    )


_PIECES = """
SELECT t.id, p.source_lot_id, p.target_lot_id, p.amount_fen FROM transfer t JOIN posting p ON p.transfer_id = t.id
WHERE t.reference = $1 ORDER BY p.id
"""
_LEFT = """
SELECT coalesce(bool_and(l.remaining_fen = p.amount_fen), false) FROM transfer t JOIN posting p ON p.transfer_id = t.id
JOIN lot l ON l.id = p.target_lot_id WHERE t.reference = $1
"""


async def is_untouched(number: str) -> bool:
    """Whether the receiver still has every lot that a gift made, whole. The account must be locked."""
    untouched: bool = await db.fetchval(_LEFT, f"transfer_in:{number}")
    return untouched


async def undo(
    undone: str, number: str, *, giver: int, receiver: int, operator: str, memo: str
) -> tuple[posting.Posted, posting.Posted]:
    """Moves back what the gift ``undone`` moved: from the very lots it made into the very lots it took. ``giver`` and
    ``receiver`` are those of the gift; both accounts must be locked. Returns what was taken and what was given back."""
    took, made = (
        await db.fetch(_PIECES, f"transfer_out:{undone}"),
        await db.fetch(_PIECES, f"transfer_in:{undone}"),
    )
    out = [
        posting.debit(
            accounts.of_customer(receiver), accounts.TRANSIT, row["amount_fen"], lot=row["target_lot_id"]
        )
        for row in made
    ]
    back = [
        posting.give_back(
            accounts.TRANSIT, accounts.of_customer(giver), row["amount_fen"], lot=row["source_lot_id"]
        )
        for row in took
    ]
    return await _pair(
        posting.Transfer(
            f"transfer_out:{number}",
            "transfer_out",
            out,
            operator=operator,
            memo=memo,
            reverses=made[0]["id"],
        ),
        posting.Transfer(
            f"transfer_in:{number}", "transfer_in", back, operator=operator, memo=memo, reverses=took[0]["id"]
        ),
    )


async def _pair(out: posting.Transfer, into: posting.Transfer) -> tuple[posting.Posted, posting.Posted]:
    taken, given = await posting.post([out, into])
    if taken.outcome == "insufficient":
        assert out.customer is not None, "money is taken from a customer"
        available_fen = (await accounts.balance(accounts.customer_of(out.customer))).available_fen
        raise posting.InsufficientBalance(
            available_fen=available_fen, amount_fen=sum(leg.amount_fen for leg in out.legs)
        )
    assert taken.is_new and given.is_new, (taken, given)
    return taken, given
