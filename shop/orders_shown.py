"""Orders as their customer looks at them, with their lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from billing import abnormal
from core import db, errors


class NoSuchOrder(errors.NotFound):
    """The customer has no order of this number."""

    code = "no_such_order"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order, as it stood when it was placed."""

    sku_id: int
    product_name: str
    sku_name: str
    price_fen: int
    quantity: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its lines."""

    id: int
    order_no: str
    customer_id: int
    state: str
    total_fen: int
    bill_no: str
    placed_at: datetime
    expires_at: datetime
    under_review: bool = False
    """Whether the shop is checking its payment (异常扣款)."""
    lines: tuple[Line, ...] = ()


COLUMNS = "id, order_no, customer_id, state, total_fen, bill_no, placed_at, expires_at"
_SEEN = f"""
{", ".join(f"o.{name}" for name in COLUMNS.split(", "))},
(SELECT b.pending_no IS NOT NULL AND starts_with(b.pending_no, '{abnormal.PREFIX}') FROM bill b WHERE b.bill_no = o.bill_no)
"""
_GET = f"""
SELECT {_SEEN},
       l.sku_id, l.product_name, l.sku_name, l.price_fen, l.quantity, l.amount_fen
FROM shop_order o JOIN order_line l ON l.order_id = o.id
WHERE o.order_no = $1 AND o.customer_id = $2 ORDER BY l.id
"""
_PAGE = f"SELECT {_SEEN} FROM shop_order o WHERE o.customer_id = $1 AND o.id < $2 ORDER BY o.id DESC LIMIT $3"
_LINES = """
SELECT order_id, sku_id, product_name, sku_name, price_fen, quantity, amount_fen FROM order_line
WHERE order_id = ANY ($1::bigint[]) ORDER BY id
"""


async def get(customer_id: int, order_no: str) -> Order:
    """One order of the customer.

    Raises:
        NoSuchOrder: it is not theirs or does not exist.
    """
    rows = [tuple(row) for row in await db.fetch(_GET, order_no, customer_id)]
    if not rows:
        raise NoSuchOrder(order_no=order_no)
    return with_its_lines(rows)


_OWN = COLUMNS.count(",") + 2
"""An order's columns, with ``under_review``; its lines' come after them."""


def with_its_lines(rows: Sequence[tuple[Any, ...]]) -> Order:
    """One order from its rows, one a line: its own columns, whether it is under review, the line's."""
    lines = tuple([Line(*row[_OWN:]) for row in rows])
    return Order(*(*rows[0][:_OWN], lines))


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Order]:
    """The customer's orders, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return await _with_lines([Order(*row) for row in rows])


async def _with_lines(orders: Sequence[Order]) -> list[Order]:
    lines = await lines_of([order.id for order in orders])
    return [replace(order, lines=tuple(lines[order.id])) for order in orders]


async def lines_of(order_ids: Sequence[int]) -> dict[int, list[Line]]:
    """The lines of each of these orders."""
    found: dict[int, list[Line]] = {order_id: [] for order_id in order_ids}
    for order_id, *line in await db.fetch(_LINES, list(found)):
        found[order_id].append(Line(*line))
    return found
