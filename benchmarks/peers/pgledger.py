"""Two balances, one function: the design of pgledger and many others. Both account rows are locked and updated by every transfer.

Written after https://github.com/pgr0ss/pgledger: accounts with a balance and a version, a transfer, two entries with the balance
before and after. Ids are numbers here, and a reference is unique, as in the floor.
"""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import AsyncIterator

from benchmarks import counters, crowd, floor, place
from benchmarks.rounds import Contest, RunFailed
from core import db

_TABLES = """
CREATE SCHEMA pgledger;
CREATE TABLE pgledger.accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, currency text NOT NULL DEFAULT 'CNY',
    balance bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0, allow_negative_balance boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE pgledger.transfers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, reference text UNIQUE NOT NULL,
    from_account_id bigint NOT NULL REFERENCES pgledger.accounts, to_account_id bigint NOT NULL REFERENCES pgledger.accounts,
    amount bigint NOT NULL CHECK (amount > 0), created_at timestamptz NOT NULL
);
CREATE INDEX ON pgledger.transfers (from_account_id);
CREATE INDEX ON pgledger.transfers (to_account_id);
CREATE TABLE pgledger.entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES pgledger.accounts,
    transfer_id bigint NOT NULL REFERENCES pgledger.transfers, amount bigint NOT NULL,
    account_previous_balance bigint NOT NULL, account_current_balance bigint NOT NULL, account_version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON pgledger.entries (account_id);
CREATE INDEX ON pgledger.entries (transfer_id);
"""
_TRANSFER = """
CREATE FUNCTION pgledger.create_transfer(asked text, source bigint, target bigint, amount bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
    now timestamptz := clock_timestamp();
    payer pgledger.accounts;
    payee pgledger.accounts;
BEGIN
    PERFORM 1 FROM pgledger.accounts WHERE id IN (source, target) ORDER BY id FOR UPDATE;
    UPDATE pgledger.accounts SET balance = balance - amount, version = version + 1, updated_at = now
    WHERE id = source RETURNING * INTO payer;
    IF payer.balance < 0 AND NOT payer.allow_negative_balance THEN
        RAISE EXCEPTION 'account % does not allow a negative balance', source;
    END IF;
    UPDATE pgledger.accounts SET balance = balance + amount, version = version + 1, updated_at = now
    WHERE id = target RETURNING * INTO payee;
    INSERT INTO pgledger.transfers (reference, from_account_id, to_account_id, amount, created_at)
    VALUES (asked, source, target, amount, now) RETURNING id INTO made;
    INSERT INTO pgledger.entries (account_id, transfer_id, amount, account_previous_balance, account_current_balance,
                                  account_version, created_at)
    VALUES (source, made, -amount, payer.balance + amount, payer.balance, payer.version, now),
           (target, made, amount, payee.balance - amount, payee.balance, payee.version, now);
    RETURN made;
END
$$
"""
_ACCOUNTS = """
INSERT INTO pgledger.accounts (name, balance, allow_negative_balance)
SELECT $1 || n, $3, $4 FROM generate_series(1, $2::int) n RETURNING id
"""
_WRONG = """
SELECT count(*) FROM pgledger.accounts a
WHERE a.balance <> (SELECT coalesce(sum(e.amount), 0) FROM pgledger.entries e WHERE e.account_id = a.id)
                   + CASE WHEN a.name LIKE 'customer%' THEN $1 ELSE 0 END
"""
_RICH_FEN = 50_000_000
_SHOPS = 500


@contextlib.asynccontextmanager
async def one_shop(where: place.Place) -> AsyncIterator[Contest]:
    """Every payment goes to the shop's one account, as in a shop."""
    async with _opened(where, shops=1) as contest:
        yield contest


@contextlib.asynccontextmanager
async def many_shops(where: place.Place) -> AsyncIterator[Contest]:
    """The same spread over many, where nobody waits for the shop's row."""
    async with _opened(where, shops=_SHOPS) as contest:
        yield contest


@contextlib.asynccontextmanager
async def _opened(where: place.Place, *, shops: int) -> AsyncIterator[Contest]:
    async with place.opened(where):
        for statement in (*filter(str.strip, _TABLES.split(";")), _TRANSFER):
            await db.execute(statement)
        payers = await _accounts("customer", floor.CUSTOMERS, _RICH_FEN)
        payees = await _accounts("shop", shops, 0)

        async def pay(_number: int = 0) -> None:
            payer, payee = random.choice(payers), random.choice(payees)
            await db.fetchval(
                "SELECT pgledger.create_transfer($1, $2, $3, $4)", uuid.uuid4().hex, payer, payee, 100
            )

        async def subject(seconds: float) -> float:
            return await crowd.at_once(pay, seconds)

        async def counted() -> dict[str, float]:
            if wrong := await db.fetchval(_WRONG, _RICH_FEN):
                raise RunFailed(f"{wrong} balances are not the sum of their entries")
            return await counters.per_operation(where.database_url, pay)

        async def before_round() -> None:
            """Nothing is used up but money, of which there is plenty."""

        async with floor.pgbench(where) as floored:
            yield Contest(floor=floored, subject=subject, counters=counted, before_round=before_round)


async def _accounts(name: str, count: int, balance: int) -> list[int]:
    return [row["id"] for row in await db.fetch(_ACCOUNTS, name, count, balance, name == "shop")]
