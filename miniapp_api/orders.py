"""Orders: placing them, paying them from the balance, cancelling them."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from miniapp_api.services import Customer, Holder
from shop import orders


class Wanted(kit.Body):
    sku_id: Annotated[kit.Id, Field(examples=[1])]
    quantity: Annotated[int, Field(ge=1, le=orders.MAX_QUANTITY, examples=[2])]


class NewOrder(kit.Body):
    lines: Annotated[list[Wanted], Field(min_length=1, max_length=orders.MAX_LINES)]


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Line(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    price_fen: int
    quantity: int
    amount_fen: int


class Order(kit.Answer):
    order_no: str
    state: Annotated[str, Field(examples=["placed", "paid", "cancelled", "completed"])]
    under_review: Annotated[
        bool, Field(description="付款核实中，款项已冻结 · its payment is being checked, the money is on hold")
    ]
    total_fen: int
    lines: list[Line]
    bill_no: str
    placed_at: kit.Instant
    expires_at: Annotated[kit.Instant, Field(description="未付款则届时取消 · cancelled then if unpaid")]


async def place(body: NewOrder, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Takes the stock and fixes the prices."""
    wanted = [orders.Wanted(line.sku_id, line.quantity) for line in body.lines]
    return await orders.place(caller.id, wanted, key=key)


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await orders.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(order_no: str, caller: Customer) -> object:
    """One order."""
    return await orders.get(caller.id, order_no)


async def pay(order_no: str, body: Nothing, caller: Holder, key: kit.IdempotencyKey) -> object:
    """Pays from the balance."""
    return await orders.admit_and_pay(caller.id, order_no, key=key)


async def cancel(order_no: str, body: Nothing, caller: Customer) -> object:
    """Gives the stock back, and what was paid."""
    return await orders.cancel(caller.id, order_no)
