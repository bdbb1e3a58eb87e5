"""What the benchmarks work on, made in sets: customers with money, orders to pay, plans to charge."""

from __future__ import annotations

import random
from dataclasses import dataclass

from billing import bills
from core import clock, db, ids
from ledger import accounts, posting
from shop import orders, products

PRICE_FEN = 100
_SET = 2000

_CUSTOMERS = """
WITH made AS (
    INSERT INTO customer (name, locale, state, low_balance_threshold_fen, created_at)
    SELECT '顾客' || n, 'zh-CN', 'active', 5000, $2 FROM generate_series(1, $1::int) AS n RETURNING id
), opened AS (
    INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy,
                         created_at)
    SELECT 'customer:' || id, 'customer', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', $2 FROM made
)
SELECT id FROM made ORDER BY id
"""


async def customers(count: int) -> list[int]:
    """So many new customers with empty accounts."""
    return [row["id"] for row in await db.fetch(_CUSTOMERS, count, clock.now())]


async def rich(count: int = 2000) -> list[int]:
    """So many new customers with more money than a benchmark can spend."""
    made = await customers(count)
    await fund(made, principal_fen=50_000_000, bonus_fen=5_000_000)
    return made


async def fund(customer_ids: list[int], *, principal_fen: int, bonus_fen: int) -> None:
    """Puts money on their accounts: a lot of principal and a lot of bonus each."""
    for at in range(0, len(customer_ids), _SET):
        done = await posting.post(
            [_grant(one, principal_fen, bonus_fen) for one in customer_ids[at : at + _SET]]
        )
        assert all(one.is_new for one in done)


def _grant(customer_id: int, principal_fen: int, bonus_fen: int) -> posting.Transfer:
    code = accounts.of_customer(customer_id)
    given = [posting.credit(accounts.ADJUSTMENT, code, principal_fen, kind="principal")]
    if bonus_fen:
        given.append(posting.credit(accounts.BONUS_COST, code, bonus_fen, kind="bonus"))
    return posting.Transfer(f"benchmark:grant:{customer_id}", "benchmark", given, operator="benchmark")


@dataclass(frozen=True, slots=True)
class Placed:
    """An order waiting to be paid."""

    customer_id: int
    order_no: str


_ORDERS = """
WITH made AS (
    INSERT INTO shop_order (order_no, customer_id, state, store_id, goods_fen, discount_fen, freight_fen, total_fen, tax_fen, remark,
                            bill_no, placed_at, expires_at)
    SELECT o.order_no, o.customer_id, 'placed', 0, $4, 0, 0, $4, 0, '', o.bill_no, $5, $6
    FROM unnest($1::text[], $2::bigint[], $3::text[]) AS o (order_no, customer_id, bill_no) RETURNING id, customer_id
), due AS (INSERT INTO order_deadline (order_id, customer_id, expires_at) SELECT id, customer_id, $6 FROM made
), taken AS (UPDATE stock SET reserved = reserved + cardinality($1::text[]) WHERE sku_id = $7 AND store_id = 0
), noted AS (
    INSERT INTO order_event (order_id, step, was, became, by, at)
    SELECT id, 'place', NULL, 'placed', 'customer:' || customer_id, $5 FROM made
)
INSERT INTO order_line (order_id, sku_id, product_name, sku_name, list_fen, price_fen, quantity, amount_fen, discount_fen, reserved, shipped)
SELECT id, $7, '龙井', '50克', $4, $4, 1, $4, 0, 1, 0 FROM made
"""


class Shelf:
    """A product that never runs out, and orders for it."""

    def __init__(self, sku_id: int) -> None:
        self._sku_id = sku_id

    @classmethod
    async def stocked(cls) -> Shelf:
        sku = products.NewSku("50克", PRICE_FEN, 2_000_000_000)
        return cls((await products.add(name="龙井", description="", skus=[sku])).skus[0].id)

    async def orders(self, customer_ids: list[int], count: int) -> list[Placed]:
        """Places so many orders, each by one of the customers in turn, as rows ``shop.orders.place`` would leave."""
        placed = [Placed(customer_ids[n % len(customer_ids)], ids.new_no("S")) for n in range(count)]
        for at in range(0, count, _SET):
            async with db.transaction():
                await self._place(placed[at : at + _SET])
        random.shuffle(placed)
        return placed

    async def _place(self, placed: list[Placed]) -> None:
        now = clock.now()
        until = now + orders.UNPAID_LIFETIME
        new = [
            bills.NewBill(one.customer_id, "龙井", f"order:{one.order_no}", PRICE_FEN, until)
            for one in placed
        ]
        issued = await bills.issue(new)
        await db.execute(
            _ORDERS,
            [one.order_no for one in placed],
            [one.customer_id for one in placed],
            [bill.bill_no for bill in issued],
            PRICE_FEN,
            now,
            until,
            self._sku_id,
        )
