"""Orders as they are looked at, with their lines."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from billing import abnormal, bill_refunds, terms
from core import db, errors, sorting
from members import addresses
from shop import order_states


class NoSuchOrder(errors.NotFound):
    """The customer has no order of this number."""

    code = "no_such_order"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order, as it stood when it was placed. ``discount_fen`` is its share of the order's discount; ``shipped`` so many
    of it are on their way or handed over; ``tax_fen`` how much of the amount less the discount is tax, at ``tax_percent``."""

    sku_id: int
    product_name: str
    sku_name: str
    price_fen: int
    quantity: int
    amount_fen: int
    list_fen: int = 0
    discount_fen: int = 0
    shipped: int = 0
    tax_percent: int = 0
    tax_fen: int = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """A reason why an order costs less: ``kind`` ``coupon`` or ``points``, what it is called, how much it comes to. ``reference``: the
    coupon's number, or what the points were spent under; ``points``: how many."""

    kind: str
    name: str
    amount_fen: int
    reference: str = ""
    points: int = 0

    @property
    def coupon_no(self) -> str | None:
        """Which coupon, if it is one."""
        return self.reference if self.kind == "coupon" else None


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its lines. ``total_fen`` is the goods less the discount, plus freight; ``tax_fen`` is in it already: that of its lines,
    and of the freight."""

    id: int
    order_no: str
    customer_id: int
    state: str
    store_id: int
    goods_fen: int
    discount_fen: int
    freight_fen: int
    total_fen: int
    tax_fen: int
    discounts: tuple[Discount, ...]
    address: dict[str, Any] | None
    """Where it goes; None: it is fetched."""
    remark: str
    bill_no: str
    placed_at: datetime
    expires_at: datetime
    under_review: bool = False
    """Whether the shop is checking its payment (异常扣款)."""
    lines: tuple[Line, ...] = ()
    is_refunded: bool = False
    """Whether it is to be delivered, and all that was paid for it is back, or on its way back. Found out where operators look."""
    is_owed: bool = False
    """Where it is refunded so: whether parts of it are still to be paid."""

    @property
    def next_steps(self) -> tuple[order_states.Step, ...]:
        """What an operator can do with it as it stands."""
        return order_states.of_operator(
            self.state, need_review=terms.current().orders_need_review, is_refunded=self.is_refunded, is_owed=self.is_owed,
        )  # fmt: skip


COLUMNS = (
    "id, order_no, customer_id, state, store_id, goods_fen, discount_fen, freight_fen, total_fen, tax_fen, discounts, address, remark,"
    " bill_no, placed_at, expires_at"
)
"""The fields of an ``Order`` in its order, for statements that read orders; ``of_row`` makes one of them."""
_LINE = "sku_id, product_name, sku_name, price_fen, quantity, amount_fen, list_fen, discount_fen, shipped, tax_percent, tax_fen"
_SEEN = f"""
{", ".join(f"o.{name}" for name in COLUMNS.split(", "))},
(SELECT b.pending_no IS NOT NULL AND starts_with(b.pending_no, '{abnormal.PREFIX}') FROM bill b WHERE b.bill_no = o.bill_no)
"""
_GET = f"""
SELECT {_SEEN}, {", ".join(f"l.{name}" for name in _LINE.split(", "))}
FROM shop_order o JOIN order_line l ON l.order_id = o.id
WHERE o.order_no = $1 AND ($2::bigint IS NULL OR o.customer_id = $2) ORDER BY l.id
"""
_PAGE = f"""
SELECT {_SEEN} FROM shop_order o
WHERE o.customer_id = $1 AND o.id < $2 AND o.hidden_at IS NULL AND ($4::text[] IS NULL OR o.state = ANY ($4))
ORDER BY o.id DESC LIMIT $3
"""
_EVERYBODYS = f"""
SELECT {_SEEN} FROM shop_order o WHERE o.id < $1 AND ($2::text[] IS NULL OR o.state = ANY ($2)) AND {{0}}
ORDER BY o.id DESC LIMIT $3
"""
_OF_STORES = f"""
SELECT o.* FROM store s CROSS JOIN LATERAL (
    SELECT {_SEEN} FROM shop_order o
    WHERE o.store_id = s.id AND o.store_id <> 0 AND o.id < $1 AND ($2::text[] IS NULL OR o.state = ANY ($2)) ORDER BY o.id DESC LIMIT $4
) o WHERE s.code = ANY ($3::text[]) ORDER BY o.id DESC LIMIT $4
"""
"""Of each store so many, by its index, and the newest of those."""
_OF_ONE = f"""
SELECT {_SEEN} FROM shop_order o
WHERE o.customer_id = $5 AND o.id < $1 AND ($2::text[] IS NULL OR o.state = ANY ($2))
    AND ($3::text[] IS NULL OR o.store_id IN (SELECT id FROM store WHERE code = ANY ($3)))
ORDER BY o.id DESC LIMIT $4
"""
_SORTED = f"SELECT {_SEEN} FROM shop_order o"
_SORTS = {"total_fen": "o.total_fen", "placed_at": "o.id"}
"""What orders can be sorted by, and the columns: ``order_by_total`` and ``order_store_total`` serve it; they are numbered as they are placed."""
_WITHIN = "o.store_id = ANY (ARRAY(SELECT id FROM store WHERE code = ANY ({0}::text[])))"
_LINES = f"SELECT order_id, {_LINE} FROM order_line WHERE order_id = ANY ($1::bigint[]) ORDER BY id"
_OWN = COLUMNS.count(",") + 2
"""An order's columns, with ``under_review``; its lines' come after them."""
ADDRESS = "shop_order.address"
"""As which the phone in it is sealed."""
_DISCOUNTS, _ADDRESS = (COLUMNS.split(", ").index(name) for name in ("discounts", "address"))


def of_row(row: Sequence[Any], lines: tuple[Line, ...] = ()) -> Order:
    """An order of its own columns, with ``under_review`` where the row has it."""
    values: list[Any] = list(row)
    made_of = values[_DISCOUNTS]
    values[_DISCOUNTS] = () if made_of is None else tuple(Discount(**one) for one in json.loads(made_of))
    if values[_ADDRESS] is not None:
        values[_ADDRESS] = addresses.shown(values[_ADDRESS], ADDRESS)
    if len(values) < _OWN:
        values.append(False)
    return Order(*[*values, lines])


def with_its_lines(rows: Sequence[tuple[Any, ...]]) -> Order:
    """One order from its rows, one a line: its own columns, whether it is under review, the line's."""
    return of_row(rows[0][:_OWN], tuple([Line(*row[_OWN:]) for row in rows]))


async def get(customer_id: int, order_no: str) -> Order:
    """One order of the customer.

    Raises:
        NoSuchOrder: it is not theirs or does not exist.
    """
    return await _get(order_no, customer_id)


async def find(order_no: str) -> Order:
    """One order, whosever it is, for operators.

    Raises:
        NoSuchOrder: there is none of this number.
    """
    (order,) = await _with_refunds([await _get(order_no, None)])
    return order


async def _get(order_no: str, customer_id: int | None) -> Order:
    rows = [tuple(row) for row in await db.fetch(_GET, order_no, customer_id)]
    if not rows:
        raise NoSuchOrder(order_no=order_no)
    return with_its_lines(rows)


async def page(
    customer_id: int, *, states: Collection[str] | None = None, before: int | None = None, limit: int = 20
) -> list[Order]:
    """The customer's orders, newest first, without those they took off their list; ``before`` is the id the last page ended at."""
    rows = await db.fetch(
        _PAGE, customer_id, before if before is not None else 2**62, limit, list(states) if states else None
    )
    return await _with_lines([of_row(row) for row in rows])


async def everybodys(
    *,
    states: Collection[str] | None = None,
    within: Collection[str] | None = None,
    customer_id: int | None = None,
    before: int | None = None,
    sort: sorting.Sort | None = None,
    limit: int = 20,
) -> list[Order]:
    """All customers' orders, newest first, for operators, or one customer's; ``within``: of the stores of these codes only. ``sort``: by
    ``total_fen`` or ``placed_at`` instead."""
    first, wanted = before if before is not None else 2**62, list(states) if states else None
    stores = None if within is None else list(within)
    rows: Sequence[Any]
    if sort is not None:
        text, args = _in_order(sort, wanted, stores, customer_id, limit)
        rows = await db.fetch(text, *args)
    elif customer_id is not None:
        rows = await db.fetch(_OF_ONE, first, wanted, stores, limit, customer_id)
    elif stores is None:
        rows = await db.fetch(_EVERYBODYS.format(_findable(wanted)), first, wanted, limit)
    else:
        rows = await db.fetch(_OF_STORES, first, wanted, stores, limit)
    return await _with_refunds(await _with_lines([of_row(row) for row in rows]))


def _findable(states: Sequence[str] | None) -> str:
    """What orders in one of ``states`` have in common that an index knows, as SQL about ``o``; None: any state."""
    if states is None or not set(states) <= set(order_states.STAGES):
        return "true"
    if set(states) == {"placed"}:
        return "o.id IN (SELECT order_id FROM order_deadline)"
    stages = sorted({f"'{order_states.STAGES[state]}'" for state in states})
    return f"o.stage IN ({', '.join(stages)})"


def _in_order(
    sort: sorting.Sort,
    states: Sequence[str] | None,
    stores: Sequence[str] | None,
    customer_id: int | None,
    limit: int,
) -> tuple[str, list[object]]:
    """SQL of a page in an order that was chosen; of several stores, of each so many and the first of those."""
    column = _SORTS[sort.by]
    where: dict[str, tuple[object, ...]] = {"o.state = ANY ({0}::text[])": (states,)}
    if customer_id is not None or stores is None:
        where |= {
            "o.customer_id = {0}": (customer_id,),
            _WITHIN: (stores,),
            _findable(states) + " AND {0}": (True,),
        }
        return sorting.statement(_SORTED, where, sort, column=column, number="o.id", limit=limit)
    where |= {"o.store_id = s.id AND o.store_id <> 0 AND {0}": (True,)}
    each, args = sorting.statement(_SORTED, where, sort, column=column, number="o.id", limit=limit)
    way = " DESC" if sort.falling else ""
    text = f"""
SELECT o.* FROM store s CROSS JOIN LATERAL ({each}) o WHERE s.code = ANY (${len(args) + 1}::text[])
ORDER BY {column}{way}, o.id{way} LIMIT ${len(args)}
"""
    return text, [*args, stores]


_REFUNDED = f"""
SELECT o.id, b.state IN ('open', 'partly_paid') AS is_owed FROM shop_order o JOIN bill b ON b.bill_no = o.bill_no
WHERE o.id = ANY ($1::bigint[]) AND {bill_refunds.none_left("o.bill_no")}
"""


async def _with_refunds(orders: Sequence[Order]) -> list[Order]:
    waiting = [order.id for order in orders if order.state in order_states.TO_BE_DELIVERED]
    owed = {row["id"]: row["is_owed"] for row in await db.fetch(_REFUNDED, waiting)} if waiting else {}
    return [
        replace(order, is_refunded=order.id in owed, is_owed=owed.get(order.id, False)) for order in orders
    ]


async def _with_lines(orders: Sequence[Order]) -> list[Order]:
    lines = await lines_of([order.id for order in orders])
    return [replace(order, lines=tuple(lines[order.id])) for order in orders]


async def lines_of(order_ids: Sequence[int]) -> dict[int, list[Line]]:
    """The lines of each of these orders."""
    found: dict[int, list[Line]] = {order_id: [] for order_id in order_ids}
    for order_id, *line in await db.fetch(_LINES, list(found)):
        found[order_id].append(Line(*line))
    return found
