"""A payment as plain ORM code writes it: read the order and the account with a row lock, compute, save, write two entries.

The shop's side keeps no balance, so there is no hot row in it; what it costs are its round trips.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

from app import database
from benchmarks import counters, crowd, floor, place
from benchmarks.peers.orm_tables import PeerAccount, PeerEntry, PeerOrder, PeerTransfer
from benchmarks.rounds import Contest, RunFailed
from core import clock, db

_SHOP = 0
_RICH_FEN = 50_000_000
_PRICE_FEN = 100
_WARM = 5
_ORDERS = """
INSERT INTO peer_order (order_no, account_id, total_fen, state)
SELECT replace(gen_random_uuid()::text, '-', ''), 1 + n % $2::int, $3, 'placed' FROM generate_series(1, $1::int) n RETURNING id
"""
_WRONG = """
SELECT count(*) FROM peer_account a
WHERE a.balance_fen <> $1 + (SELECT coalesce(sum(e.amount_fen), 0) FROM peer_entry e WHERE e.account_id = a.id)
"""


@contextlib.asynccontextmanager
async def payments(where: place.Place) -> AsyncIterator[Contest]:
    """One order paid from one balance, with Tortoise models."""
    await database.migrate(where.database_url)  # the proof afterwards asks the shop's own tables
    async with _opened(where):
        await PeerAccount.bulk_create(
            PeerAccount(id=number, balance_fen=_RICH_FEN) for number in range(1, floor.CUSTOMERS + 1)
        )
        waiting: list[int] = []
        most = 1000

        async def before_round() -> None:
            waiting[:] = await _orders(int(most * 1.5))

        async def subject(seconds: float) -> float:
            nonlocal most
            left = len(waiting)
            per_s = await crowd.at_once(lambda: _pay(waiting.pop()) if waiting else None, seconds)
            most = max(most, left - len(waiting))
            return per_s

        async def counted() -> dict[str, float]:
            if wrong := await db.fetchval(_WRONG, _RICH_FEN):
                raise RunFailed(f"{wrong} balances are not the sum of their entries")
            placed = await _orders(counters.TIMES + _WARM)
            for _ in range(_WARM):
                await _pay(placed.pop())
            return await counters.per_operation(where.database_url, lambda number: _pay(placed[number]))

        async with floor.pgbench(where) as floored:
            yield Contest(floor=floored, subject=subject, counters=counted, before_round=before_round)


async def _pay(order_id: int) -> None:
    async with in_transaction():
        order = await PeerOrder.select_for_update().get(id=order_id)
        account = await PeerAccount.select_for_update().get(id=order.account_id)
        if order.state != "placed" or account.balance_fen < order.total_fen:
            raise RunFailed(f"order {order_id} cannot be paid")
        account.balance_fen -= order.total_fen
        await account.save(update_fields=["balance_fen"])
        transfer = await PeerTransfer.create(reference=f"order:{order.order_no}")
        await PeerEntry.bulk_create(
            [
                PeerEntry(
                    transfer_id=transfer.id,
                    account_id=account.id,
                    amount_fen=-order.total_fen,
                    after_fen=account.balance_fen,
                ),
                PeerEntry(transfer_id=transfer.id, account_id=_SHOP, amount_fen=order.total_fen),
            ]
        )
        order.state, order.paid_at = "paid", clock.now()
        await order.save(update_fields=["state", "paid_at"])


async def _orders(count: int) -> list[int]:
    return [row["id"] for row in await db.fetch(_ORDERS, count, floor.CUSTOMERS, _PRICE_FEN)]


@contextlib.asynccontextmanager
async def _opened(where: place.Place) -> AsyncIterator[None]:
    config = database.tortoise_config(where.database_url, pool_min=2, pool_max=place.CONNECTIONS)
    config["apps"] = {"peer": {"models": [PeerOrder.__module__], "default_connection": db.CONNECTION}}
    async with TortoiseContext() as context:
        await context.init(config=config)
        await context.generate_schemas()
        yield
