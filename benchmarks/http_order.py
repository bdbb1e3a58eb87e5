"""``POST /api/v1/orders``: three lines of a cart, stock reserved, bill issued, paid from the balance; against the floor of all that pays."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import AsyncIterator, Sequence

from app import runtime
from benchmarks import floor, place, seeds
from benchmarks.http_doors import Wire, counted_quietly, new_key, nothing, request, token_of
from benchmarks.rounds import Contest
from shop import products

TARGET = 0.35
SKUS, LINES = 300, 3
_PATH = "/api/v1/orders"


@contextlib.asynccontextmanager
async def orders(where: place.Place) -> AsyncIterator[Contest]:
    """Every request is an order of its own, with a key of its own. Says orders per second and core of the machine, as peers do."""
    async with place.opened(where) as found, Wire.opened(where) as wire, floor.pgbench(where) as floored:
        customers = await seeds.rich()
        tokens = {one: token_of(found, one) for one in customers}
        skus = await shelves()
        chance, per_core = random.Random(1), 0.0
        most_per_s = 500.0

        async def subject(seconds: float) -> float:
            nonlocal most_per_s, per_core
            asked = [
                _order(chance, customers, tokens, skus) for _ in range(int(most_per_s * seconds * 1.5) + 100)
            ]
            per_s = await wire.measure(wire.written("order", asked), seconds, cycle=False)
            most_per_s = max(most_per_s, per_s)
            per_core = max(per_core, per_s / (os.cpu_count() or 1))
            return per_s

        async def counted() -> dict[str, float]:
            said = await order_counters(where.database_url, found, customers, skus)
            return said | wire.said | {"orders_per_s_and_core_at_best": round(per_core, 1)}

        yield Contest(floor=floored, subject=subject, counters=counted, before_round=nothing)


async def shelves() -> list[int]:
    """SKUs to be ordered, which never run out."""
    made = [
        await products.add(
            name=f"茶{n}", description="", skus=[products.NewSku("50克", seeds.PRICE_FEN, 1_000_000_000)]
        )
        for n in range(SKUS)
    ]
    return [one.skus[0].id for one in made]


async def order_counters(
    url: str, found: runtime.Runtime, customers: Sequence[int], skus: Sequence[int]
) -> dict[str, float]:
    """What one ``POST /api/v1/orders`` costs the database."""
    chance = random.Random(2)

    def one(number: int) -> tuple[str, str, dict[str, str]]:
        token = token_of(found, customers[number % len(customers)])
        return "POST", _PATH, {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()}

    return await counted_quietly(url, found, one, sent=lambda _: _cart(chance, skus))


def _order(
    chance: random.Random, customers: Sequence[int], tokens: dict[int, str], skus: Sequence[int]
) -> bytes:
    who = chance.choice(customers)
    return request("POST", _PATH, tokens[who], key=new_key(), sender=who, sent=_cart(chance, skus))


def _cart(chance: random.Random, skus: Sequence[int]) -> dict[str, object]:
    lines = [{"sku_id": sku_id, "quantity": 1} for sku_id in chance.sample(skus, LINES)]
    return {"lines": lines, "pay_from": "balance"}
