"""Desk and books without HTTP: one process, 32 tasks, against pgbench with as many connections."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator

from benchmarks import counters, crowd, floor, place, seeds
from benchmarks.rounds import Contest
from ledger import accounts, posting
from shop import orders


@contextlib.asynccontextmanager
async def pay(where: place.Place) -> AsyncIterator[Contest]:
    """``shop.orders.pay``: the order, its bill, the books, the receipt."""
    async with place.opened(where):
        customers = await seeds.rich()
        shelf = await seeds.Shelf.stocked()
        waiting: list[seeds.Placed] = []
        most = 1000

        async def before_round() -> None:
            waiting[:] = await shelf.orders(customers, int(most * 1.5))

        async def one(order: seeds.Placed) -> None:
            await orders.pay(order.customer_id, order.order_no, key=uuid.uuid4().hex)

        async def subject(seconds: float) -> float:
            nonlocal most
            left = len(waiting)
            per_s = await crowd.at_once(lambda: one(waiting.pop()) if waiting else None, seconds)
            most = max(most, left - len(waiting))
            return per_s

        async def counted() -> dict[str, float]:
            placed = await shelf.orders(customers[:1], counters.TIMES + 1)
            await one(placed.pop())
            return await counters.per_operation(where.database_url, lambda number: one(placed[number]))

        async with floor.pgbench(where) as floored:
            yield Contest(floor=floored, subject=subject, counters=counted, before_round=before_round)


@contextlib.asynccontextmanager
async def post_one(where: place.Place) -> AsyncIterator[Contest]:
    """``ledger.posting.post_one`` alone: what a payment costs in the books."""
    async with place.opened(where):
        customers = await seeds.rich()
        done = 0

        async def one(_number: int = 0) -> None:
            nonlocal done
            done += 1
            code = accounts.of_customer(customers[done % len(customers)])
            leg = posting.debit(code, accounts.REVENUE, seeds.PRICE_FEN)
            await posting.post_one(
                posting.Transfer(f"benchmark:{uuid.uuid4().hex}", "benchmark", (leg,), operator=code)
            )

        async def subject(seconds: float) -> float:
            return await crowd.at_once(one, seconds)

        async def counted() -> dict[str, float]:
            return await counters.per_operation(where.database_url, one)

        async def before_round() -> None:
            """Nothing is used up but money, of which there is plenty."""

        async with floor.pgbench(where) as floored:
            yield Contest(floor=floored, subject=subject, counters=counted, before_round=before_round)
