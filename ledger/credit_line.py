"""Credit 信用额度: principal a customer may draw from the house where the balance does not cover a deduction, up to a limit.

A draw is a transfer from ``house:credit``: a new principal lot, spent by what made it necessary. Paying back is a transfer to
it. What is drawn and not paid back stands on the account's row and in ``credit_movement``, written with the transfers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core import clock, db, errors
from ledger import accounts, posting

DRAW, REPAYMENT = "credit_draw", "credit_repayment"


class CreditLimitBelowUsed(errors.Conflict):
    """More of the credit is used than the new limit would allow."""

    code = "credit_limit_below_used"


@dataclass(frozen=True, slots=True)
class Line:
    """A customer's credit, in fen. ``automatic_only``: only deductions the clock makes may draw on it."""

    limit_fen: int = 0
    used_fen: int = 0
    automatic_only: bool = False

    @property
    def left_fen(self) -> int:
        return self.limit_fen - self.used_fen


_OF = "SELECT credit_limit_fen, credit_used_fen, credit_automatic_only FROM account WHERE code = $1"


async def of(customer_id: int, *, lock: bool = False) -> Line:
    """The customer's credit as it stands; with ``lock`` nobody else changes it before the caller's transaction ends.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    row = await db.fetchrow(f"{_OF} FOR NO KEY UPDATE" if lock else _OF, accounts.of_customer(customer_id))
    if row is None:
        raise accounts.NoSuchAccount
    return Line(*row)


@dataclass(frozen=True, slots=True)
class Room:
    """What a customer could pay with now: their own money, and what is left of their credit."""

    available_fen: int
    left_fen: int
    automatic_only: bool


_ROOM = """
SELECT code, principal_fen + bonus_fen - held_fen, credit_limit_fen - credit_used_fen, credit_automatic_only
FROM account WHERE code = ANY ($1::text[]) AND credit_limit_fen > credit_used_fen ORDER BY id FOR NO KEY UPDATE
"""


async def rooms(customers: Sequence[str]) -> dict[str, Room]:
    """Those of these customers who have credit left, by account code; their accounts are locked."""
    return {code: Room(*room) for code, *room in await db.fetch(_ROOM, list(customers))}


def draw(customer: str, amount_fen: int, *, reference: str, operator: str, memo: str) -> posting.Transfer:
    """The transfer that draws an amount on credit; post it with ``post``, before the one that spends it. ``reference`` begins
    with ``credit_draw:``."""
    legs = (posting.credit(accounts.CREDIT, customer, amount_fen, kind="principal"),)
    return posting.Transfer(reference, DRAW, legs, operator=operator, memo=memo)


_NOTE = """
WITH moved AS (
    SELECT a.id AS account_id, m.n, m.transfer_id, m.amount_fen,
           a.credit_used_fen + sum(m.amount_fen) OVER (PARTITION BY a.id ORDER BY m.n) AS used_after_fen
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS m (code, transfer_id, amount_fen, n)
    JOIN account a ON a.code = m.code
), noted AS (
    INSERT INTO credit_movement (account_id, transfer_id, amount_fen, used_after_fen, created_at)
    SELECT account_id, transfer_id, amount_fen, used_after_fen, $4 FROM moved ORDER BY n
)
UPDATE account SET credit_used_fen = credit_used_fen + t.amount_fen
FROM (SELECT account_id, sum(amount_fen)::bigint AS amount_fen FROM moved GROUP BY account_id) t WHERE account.id = t.account_id
"""


async def post(transfers: Sequence[posting.Transfer]) -> list[posting.Posted]:
    """``posting.post`` for sets that draw on credit or pay it back: what is used changes with them.

    A set that would use more than a limit aborts the transaction; under the account's lock ``rooms`` says what is left.
    """
    posted = await posting.post(transfers)
    moved = [
        (transfer.customer, result.transfer_id, result.principal_fen)
        for transfer, result in zip(transfers, posted, strict=True)
        if transfer.kind in (DRAW, REPAYMENT) and result.is_new
    ]
    if moved:
        codes, transfer_ids, amounts = zip(*moved, strict=True)
        await db.execute(_NOTE, list(codes), list(transfer_ids), list(amounts), clock.now())
    return posted


_OWED = """
SELECT id, least(credit_used_fen, principal_fen, principal_fen + bonus_fen - held_fen) AS amount_fen
FROM account WHERE code = $1 AND credit_used_fen > 0 FOR NO KEY UPDATE
"""
_LOTS = """
SELECT id, least(remaining_fen, $2 - before_fen)::bigint AS amount_fen FROM (
    SELECT id, remaining_fen,
           sum(remaining_fen) OVER (ORDER BY starts_with(source, 'credit_draw:') DESC, id ROWS UNBOUNDED PRECEDING) - remaining_fen
               AS before_fen
    FROM lot WHERE account_id = $1 AND kind = 'principal' AND is_open
) open WHERE before_fen < $2 ORDER BY before_fen
"""


async def repay(customer: str, *, reference: str, operator: str, memo: str) -> posting.Posted | None:
    """Pays back what is used from available principal, as far as it goes: what was drawn and not spent first, then the oldest.
    None: nothing is used, or there is nothing to pay it from. Part of the caller's transaction."""
    owed = await db.fetchrow(_OWED, customer)
    if owed is None or owed["amount_fen"] <= 0:
        return None
    lots = await db.fetch(_LOTS, owed["id"], owed["amount_fen"])
    legs = [posting.debit(customer, accounts.CREDIT, row["amount_fen"], lot=row["id"]) for row in lots]
    transfer = posting.Transfer(f"{REPAYMENT}:{reference}", REPAYMENT, legs, operator=operator, memo=memo)
    (posted,) = await post([transfer])
    assert posted.is_new, posted
    return posted


_FREED = """
SELECT code FROM account
WHERE credit_used_fen > 0 AND principal_fen > 0 AND principal_fen + bonus_fen > held_fen ORDER BY id LIMIT $1
"""


async def owing_and_able(*, limit: int) -> list[str]:
    """Customers who use credit although they have principal available, as after the end of a hold."""
    return [row["code"] for row in await db.fetch(_FREED, limit)]


_LOCK = """
SELECT credit_limit_fen, credit_used_fen, credit_automatic_only FROM account WHERE code = $1 FOR NO KEY UPDATE
"""
_SET = "UPDATE account SET credit_limit_fen = $2, credit_automatic_only = $3 WHERE code = $1"


async def set_limit(customer_id: int, limit_fen: int, *, automatic_only: bool) -> Line:
    """Changes the limit in the open transaction, and returns what was set before.

    Raises:
        NoSuchAccount: the customer has no account.
        CreditLimitBelowUsed: more than that is used.
    """
    code = accounts.of_customer(customer_id)
    row = await db.fetchrow(_LOCK, code)
    if row is None:
        raise accounts.NoSuchAccount
    before = Line(*row)
    if limit_fen < before.used_fen:
        raise CreditLimitBelowUsed(used_fen=before.used_fen, limit_fen=limit_fen)
    await db.execute(_SET, code, limit_fen, automatic_only)
    return before
