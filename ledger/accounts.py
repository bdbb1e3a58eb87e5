"""Accounts: their codes, opening one for a customer, and what is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import clock, db, errors, money

WECHAT_PAY = "house:wechat_pay"
"""What WeChat Pay has collected for us and not yet been booked out; negative by as much as it holds."""
ALIPAY = "house:alipay"
REVENUE = "house:revenue"
"""What customers have spent."""
BONUS_COST = "house:bonus_cost"
"""What bonuses have cost: where granted bonus comes from and unused bonus returns to."""
REFUNDS_PENDING = "house:refunds_pending"
"""Principal of top-ups on its way back: taken out of the customers' lots, not paid back yet."""
ADJUSTMENT = "house:adjustment"
"""The other side of operators' adjustments of principal."""
TRANSIT = "house:transit"
"""What is on its way from one customer to another; zero whenever nobody is at work."""
SUSPENSE = "house:suspense"
"""Money a channel has taken for us that could not be credited: it waits here until an operator has dealt with it."""
COUNTER = "house:counter"
"""What was taken and paid out at the shop's counter."""
FEES = "house:fees"
"""The cost of collection: what channels keep of payments; negative by as much."""

CREDIT = "house:credit"
"""What customers have drawn on credit comes from here and is paid back to here; negative by what they owe of it."""

POLICIES = ("bonus_first", "principal_first", "pro_rata", "earliest_expiry")


class NoSuchAccount(errors.NotFound):
    """The customer has no account in the books."""

    code = "no_such_account"


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer has, in fen. ``available`` is what can be spent now: principal and bonus less what is held. Credit is apart:
    what may be drawn beyond that, and what was drawn and is owed."""

    currency: str
    principal_fen: int
    bonus_fen: int
    held_fen: int
    credit_limit_fen: int = 0
    credit_used_fen: int = 0

    @property
    def balance_fen(self) -> int:
        return self.principal_fen + self.bonus_fen

    @property
    def available_fen(self) -> int:
        return self.balance_fen - self.held_fen

    @property
    def credit_left_fen(self) -> int:
        return self.credit_limit_fen - self.credit_used_fen


def clearing(channel: str) -> str:
    """The house account of what a payment channel has collected, e.g. ``house:wechat_pay``."""
    return f"house:{channel}"


def of_customer(customer_id: int) -> str:
    """The code of a customer's account."""
    return f"customer:{customer_id}"


def customer_of(code: str) -> int:
    """The customer a code of ``of_customer`` belongs to."""
    return int(code.removeprefix("customer:"))


_OPEN = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy, created_at)
VALUES ($1, 'customer', $2, 0, 0, 0, 0, 0, $3, $4) ON CONFLICT (code) DO NOTHING
"""


_policy_of_new = POLICIES[0]


def open_with(burn_policy: str) -> None:
    """From now on new accounts in this process spend in this order, where none is named: one of ``POLICIES``."""
    global _policy_of_new
    _policy_of_new = burn_policy


async def open_for(customer_id: int, *, burn_policy: str | None = None) -> None:
    """Opens the customer's account; again is harmless. ``burn_policy`` is one of ``POLICIES``; None: the usual one."""
    policy = burn_policy or _policy_of_new
    await db.execute(_OPEN, of_customer(customer_id), money.CURRENCY, policy, clock.now())


_COLUMNS = "currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, credit_used_fen"
_BALANCE = f"SELECT {_COLUMNS} FROM account WHERE code = $1"


async def balance(customer_id: int) -> Balance:
    """What the customer has now.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    return await _balance(_BALANCE, customer_id)


async def locked_balance(customer_id: int) -> Balance:
    """The same, and nobody else changes it before the caller's transaction ends.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    return await _balance(f"{_BALANCE} FOR NO KEY UPDATE", customer_id)


async def _balance(sql: str, customer_id: int) -> Balance:
    row = await db.fetchrow(sql, of_customer(customer_id))
    if row is None:
        raise NoSuchAccount
    return Balance(*row)


_BALANCES = f"SELECT code, {_COLUMNS} FROM account WHERE code = ANY ($1::text[])"


async def balances(customers: Sequence[str]) -> dict[str, Balance]:
    """What these accounts have now, by their codes; those there are."""
    return {code: Balance(*columns) for code, *columns in await db.fetch(_BALANCES, list(customers))}


_LOCKED = f"SELECT code, {_COLUMNS} FROM account WHERE code = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE"


async def locked(customers: Sequence[str]) -> dict[str, Balance]:
    """What these accounts have, by their codes; locked until the transaction ends."""
    return {code: Balance(*columns) for code, *columns in await db.fetch(_LOCKED, list(customers))}


def balance_sql(customer_id: str) -> str:
    """The balance of the customer whose id stands in the column ``customer_id``, as a sub-select for a statement of another
    room that needs both at one instant; ``balance_in`` reads what it gives."""
    return f"(SELECT {_COLUMNS} FROM account WHERE code = 'customer:' || {customer_id} LIMIT 1)"


def balance_in(columns: Sequence[Any]) -> Balance | None:
    """The balance from the columns of ``balance_sql``; None when they are those of no account."""
    return Balance(*columns) if columns[0] is not None else None


_POLICY = "SELECT burn_policy FROM account WHERE code = $1"


async def burn_policy(customer_id: int) -> str:
    """Which lots the account spends first: one of ``POLICIES``.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    found = await db.fetchval(_POLICY, of_customer(customer_id))
    if found is None:
        raise NoSuchAccount
    return str(found)


_SET_POLICY = "UPDATE account SET burn_policy = $2 WHERE code = $1 AND burn_policy <> $2"


async def set_burn_policy(customer_id: int, policy: str) -> None:
    """From now on the account spends in this order; each deduction keeps the one it was made by."""
    await db.execute(_SET_POLICY, of_customer(customer_id), policy)
