"""Statements: what a customer has, and what happened to it; the ledger's answers for doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from billing import bill_records
from ledger import accounts, explain, history, provenance
from members import customers, sign_in

Balance = accounts.Balance
Change = history.Change
Lot = explain.Lot
Ending = explain.Ending
Origin = provenance.Origin
Piece = explain.Piece
NoSuchAccount = accounts.NoSuchAccount
NoSuchChange = explain.NoSuchChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(explain.Explanation):
    """Why a change is what it is. ``matched_by`` is the rule by which the shop chose the bill that a deduction paid; None:
    somebody chose it."""

    matched_by: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's account as its owner and the shop see it; amounts in fen."""

    currency: str
    principal_fen: int
    bonus_fen: int
    balance_fen: int
    held_fen: int
    available_fen: int
    credit_limit_fen: int
    credit_used_fen: int
    credit_left_fen: int
    low_balance_threshold_fen: int | None


async def account(customer: customers.Customer) -> Account:
    """What the customer has now, and what they have set.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    return _account(customer, await accounts.balance(customer.id))


def seen(admitted: sign_in.Admitted) -> Account:
    """The same, as it was when the customer came in.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    if admitted.balance is None:
        raise NoSuchAccount
    return _account(admitted.customer, admitted.balance)


def _account(customer: customers.Customer, held: Balance) -> Account:
    return Account(
        currency=held.currency,
        principal_fen=held.principal_fen,
        bonus_fen=held.bonus_fen,
        balance_fen=held.balance_fen,
        held_fen=held.held_fen,
        available_fen=held.available_fen,
        credit_limit_fen=held.credit_limit_fen,
        credit_used_fen=held.credit_used_fen,
        credit_left_fen=held.credit_left_fen,
        low_balance_threshold_fen=customer.low_balance_threshold_fen,
    )


async def balance(customer_id: int) -> Balance:
    """What the customer has now.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    return await accounts.balance(customer_id)


async def changes(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Change]:
    """The latest changes of the account, newest first; ``before`` is the ``entry_no`` the last page ended at."""
    return await history.page(customer_id, before=before, limit=limit)


async def lots(customer_id: int) -> list[Lot]:
    """What the balance is made of: the open lots, what expires first at the head."""
    return await explain.lots(customer_id)


async def why(customer_id: int, entry_no: int) -> Explanation:
    """Which lots one change moved, and why those.

    Raises:
        NoSuchChange: the account has no change of this number.
    """
    found = await explain.change(customer_id, entry_no)
    rule = await bill_records.matched_by(found.change.reference)
    return Explanation(**{one.name: getattr(found, one.name) for one in fields(found)}, matched_by=rule)


async def origins_of(lot_ids: Sequence[int]) -> dict[int, tuple[Origin, ...]]:
    """For each lot the way its money came, over transfers between customers and merges: itself first, where it came in last."""
    return await provenance.of_lots(lot_ids)


async def last_deduction(customer_id: int) -> Explanation | None:
    """The latest change that took money, explained; None when nothing was ever taken."""
    entry_no = await history.last_deduction(customer_id)
    return None if entry_no is None else await why(customer_id, entry_no)
