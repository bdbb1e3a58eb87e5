"""Orders: all customers', reviewing, shipping, handing over, cancelling."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from admin_api import parcels
from admin_api.bills import Part
from admin_api.services import Operator
from core import http as kit
from core import masks
from shop import order_records, order_review, orders_history, orders_shown, shipments, stock

State = Literal["placed", "paid", "confirmed", "shipping", "shipped", "completed", "cancelled"]
Step = Literal["confirm", "reject", "withdraw", "ship", "hand_over", "close"]
Reason = Annotated[kit.Text, Field(min_length=1, max_length=200, examples=["缺货"])]


class OrdersQuery(kit.SortedQuery):
    state: Annotated[
        list[State],
        Field(
            max_length=7,
            default_factory=list,
            description="只看这些状态，可重复 · only these states; may repeat",
        ),
    ]
    customer_id: kit.Id | None = None
    store: Annotated[kit.No | None, Field(max_length=20)] = None
    sort: Annotated[
        Literal["total_fen", "-total_fen", "placed_at", "-placed_at"] | None, Field(description=kit.SORT)
    ] = None


class Note(kit.Body):
    note: Annotated[
        kit.Text,
        Field(
            max_length=200,
            description="店内备注，顾客看不到 · for the shop; the customer is not told",
            examples=["电话确认过"],
        ),
    ] = ""


class Ending(kit.Body):
    reason: Annotated[Reason, Field(description="告知顾客 · the customer is told")]


class ParcelLine(kit.Body):
    sku_id: Annotated[kit.Id, Field(examples=[1])]
    quantity: Annotated[int, Field(ge=1, le=999, examples=[1])]


class Parcel(kit.Body):
    carrier: Annotated[kit.Name, Field(max_length=40, examples=["顺丰"])]
    tracking_no: Annotated[
        str,
        StringConstraints(min_length=4, max_length=64, pattern=r"^[A-Za-z0-9-]+$"),
        Field(examples=["SF1234567890123"]),
    ]
    lines: Annotated[
        Annotated[list[ParcelLine], Field(min_length=1, max_length=50)] | None,
        Field(description="这个包裹里有什么；不填为其余全部 · what is in it; left out: all that is left"),
    ] = None


class Line(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    list_fen: int
    price_fen: int
    quantity: int
    amount_fen: int
    discount_fen: int
    tax_percent: Annotated[
        int, Field(description="所含税率（%） · the rate of tax in it, in per cent", examples=[13])
    ]
    tax_fen: Annotated[
        int,
        Field(description="减去优惠后所含的税 · how much of it, after the discount, is tax", examples=[311]),
    ]
    shipped: int


class Discount(kit.Answer):
    kind: Annotated[str, Field(examples=["coupon", "points"])]
    name: str
    amount_fen: int
    reference: Annotated[
        str, Field(description="券号，或积分流水 · the coupon's number, or what the points went by")
    ]
    points: int


class Order(kit.Answer):
    order_no: str
    customer_id: int
    state: State
    under_review: bool
    is_refunded: Annotated[
        bool,
        Field(
            description="还待交付，但款项已全部退回，因此不再交付；已完成或已取消的订单为 false · still to be delivered, but all of its money is back, so it is "
            "not; false of one that is over"
        ),
    ]
    store_id: Annotated[int, Field(description="出货门店，0 为总店 · whose stock; 0: the shop's own")]
    goods_fen: int
    discount_fen: int
    freight_fen: int
    total_fen: int
    tax_fen: int
    discounts: list[Discount]
    address: Annotated[
        dict[str, Any] | None,
        BeforeValidator(masks.address),
        Field(description="电话部分隐藏 · the phone is masked"),
    ]
    remark: str
    lines: list[Line]
    bill_no: str
    placed_at: kit.Instant
    expires_at: kit.Instant
    next_steps: Annotated[
        list[Step], Field(description="店员现在能做的步骤 · what an operator can do with it as it stands")
    ]


class Recipient(kit.Answer):
    order_no: str
    recipient: Annotated[str | None, Field(description="null 到店自取 · null: it is fetched")]
    phone: str | None


class Event(kit.Answer):
    step: Annotated[str, Field(examples=["place", "pay", "ship"])]
    was: str | None
    became: str
    by: Annotated[str, Field(examples=["customer:42", "operator:7", "payment", "clock"])]
    note: str | None
    at: kit.Instant


class ShippedLine(kit.Answer):
    sku_id: int
    quantity: int


class Shipment(kit.Answer):
    shipment_no: str
    carrier: str
    tracking_no: str
    shipped_at: kit.Instant
    lines: list[ShippedLine]
    trail: parcels.Trail | None


class OrderRecord(Order):
    history: list[Event]
    shipments: list[Shipment]
    owed_fen: Annotated[int, Field(description="还需付多少 · how much is still to be paid")]
    instalments: Annotated[
        list[Part], Field(description="分期的各期；不分期为空 · its parts; empty when not in instalments")
    ]


class OrderEnding(OrderRecord):
    approval_no: Annotated[
        str | None,
        Field(
            description="退款超过限额，等待第二人复核的单号；订单暂不变 · the refund is above the limit: waits for a second person under this "
            "number, and the order stays as it is until then"
        ),
    ]


class Mark(kit.Answer):
    newest_step: Annotated[
        int,
        Field(
            description="最新一步的编号，不变则没有订单变动 · the newest step of any order; the same: nothing has changed"
        ),
    ]


async def mark() -> object:
    """Whether anything has changed."""
    return {"newest_step": await orders_history.newest()}


async def listing(query: OrdersQuery, caller: Operator) -> object:
    """The newest first."""
    if query.store is not None:
        caller.refuse_other_store("orders.see", query.store)
    rows = await orders_shown.everybodys(
        states=query.state or None,
        within=caller.stores("orders.see") if query.store is None else {query.store},
        customer_id=query.customer_id,
        before=None if query.sort else query.after(int),
        sort=query.chosen(),
        limit=query.limit + 1,
    )
    return kit.cut_sorted(rows, query, lambda row, by: row.id if by == "placed_at" else row.total_fen)


async def one(order_no: str, caller: Operator) -> object:
    """One order with its history and parcels."""
    return await order_records.read(order_no, within=caller.stores("orders.see"))


async def reveal(order_no: str, caller: Operator) -> Recipient:
    """Whom it goes to."""
    found = await order_records.read(order_no, within=caller.stores("orders.serve"))
    address = found.address or {}
    return Recipient(order_no=order_no, recipient=address.get("recipient"), phone=address.get("phone"))


async def confirm(order_no: str, body: Note, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The shop will deliver it."""
    await order_review.confirm(_by(caller), order_no, note=body.note, key=key)
    return await order_records.read(order_no)


async def reject(order_no: str, body: Ending, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The shop will not deliver it."""
    return await _ending(await order_review.reject(_by(caller), order_no, reason=body.reason, key=key))


async def cancel(order_no: str, body: Ending, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Cancels it before anything of it left."""
    return await _ending(await order_review.withdraw(_by(caller), order_no, reason=body.reason, key=key))


async def ship(order_no: str, body: Parcel, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Sends out all that is left, or part of it."""
    quantities = None
    if body.lines is not None:
        quantities = stock.merged((line.sku_id, line.quantity) for line in body.lines)
    parcel = shipments.Parcel(body.carrier, body.tracking_no, quantities)
    await shipments.ship(_by(caller), order_no, parcel, key=key)
    return await order_records.read(order_no)


async def hand_over(order_no: str, body: Note, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Gives what is left of it over the counter."""
    await order_review.hand_over(_by(caller), order_no, note=body.note, key=key)
    return await order_records.read(order_no)


async def close(order_no: str, body: Note, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Sends nothing more of an order that went out in part and was refunded."""
    await order_review.close(_by(caller), order_no, note=body.note, key=key)
    return await order_records.read(order_no)


async def _ending(outcome: order_review.Outcome) -> object:
    record = await order_records.read(outcome.order_no)
    own = {field.name: getattr(record, field.name) for field in fields(record)}
    return {**own, "next_steps": record.next_steps, "approval_no": outcome.approval_no}


def _by(caller: Operator) -> order_review.By:
    return order_review.By(caller.id, caller.stores("orders.serve"))
