"""After-sales: the customer asks for them, shows photos, sends goods back."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from core import http as kit
from miniapp_api.services import Customer
from shop import after_sales, notes_told, stock

JPEG = "image/jpeg"
Kind = Annotated[
    Literal["refund", "return", "exchange"],
    Field(
        description="refund 仅退款、return 退货退款、exchange 换货 · money back; goods and money back; the same again"
    ),
]
Nth = Annotated[int, Field(ge=1, le=100)]


class Wanted(kit.Body):
    sku_id: Annotated[kit.Id, Field(examples=[1])]
    quantity: Annotated[kit.Count, Field(examples=[1])]


class NewAfterSale(kit.Body):
    kind: Kind
    lines: Annotated[list[Wanted], Field(min_length=1, max_length=50)]
    reason: Annotated[kit.Text, Field(min_length=1, examples=["收到时已破损"])]


class Parcel(kit.Body):
    carrier: Annotated[kit.Text, Field(min_length=1, max_length=40, examples=["顺丰速运"])]
    tracking_no: Annotated[kit.No, Field(max_length=64, examples=["SF1234567890"])]


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Line(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    quantity: int
    most_fen: Annotated[int, Field(description="最多可退 · what may go back at most")]
    refund_fen: Annotated[int | None, Field(description="已退 · what went back")]


class AfterSale(kit.Answer):
    return_no: str
    order_no: str
    kind: Kind
    state: Annotated[
        str,
        Field(
            description="asked 待审核、approved 待寄回、sent_back 寄回中、received 已收到退货、done 已完成、rejected 已拒绝、withdrawn 已撤销",
            examples=["asked", "approved", "sent_back", "received", "done", "rejected", "withdrawn"],
        ),
    ]
    reason: str
    photos: Annotated[int, Field(description="图片张数 · how many photos there are")]
    most_fen: int
    refund_fen: int | None
    reduced_fen: Annotated[
        int, Field(description="从分期未付部分减去 · taken off what is still owed of the instalments")
    ]
    refund_no: str | None
    carrier: str | None
    tracking_no: str | None
    new_carrier: Annotated[str | None, Field(description="换货寄出的快递 · of the goods sent anew")]
    new_tracking_no: str | None
    reject_reason: str | None
    lines: list[Line]
    created_at: kit.Instant
    ended_at: kit.Instant | None


class Event(kit.Answer):
    step: Annotated[str, Field(examples=["apply", "approve", "send_back", "receive", "refund"])]
    became: str
    note: str | None
    at: kit.Instant


class Step(kit.Answer):
    at: kit.Instant
    text: str
    state: str | None
    area: str | None


class Trail(kit.Answer):
    carrier: str
    tracking_no: str
    state: str | None
    steps: list[Step]


class AfterSaleSeen(AfterSale):
    events: list[Event]
    trails: Annotated[list[Trail], Field(description="寄回和换货的物流 · where its parcels are")]


class AfterSalesQuery(kit.PageQuery):
    order_no: Annotated[kit.No | None, Field(max_length=32)] = None


async def apply(order_no: str, body: NewAfterSale, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Asks the shop."""
    quantities = stock.merged((line.sku_id, line.quantity) for line in body.lines)
    return await after_sales.apply(caller.id, order_no, body.kind, quantities, reason=body.reason, key=key)


async def listing(query: AfterSalesQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await after_sales.page(
        customer_id=caller.id, order_no=query.order_no, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(return_no: str, caller: Customer) -> object:
    """With what happened, and where its parcels are."""
    found = await after_sales.get(return_no, customer_id=caller.id)
    return AfterSaleSeen.model_validate(
        {
            **AfterSale.model_validate(found).model_dump(),
            "events": [
                Event.model_validate(notes_told.of_after_sale(one)) for one in await after_sales.events(found)
            ],
            "trails": [Trail.model_validate(one) for one in await after_sales.trails(found)],
        }
    )


async def show(return_no: str, upload: kit.Upload, caller: Customer) -> object:
    """Uploads a photo."""
    return await after_sales.add_photo(caller.id, return_no, upload)


async def photo(return_no: str, nth: Nth, caller: Customer) -> web.Response:
    """A photo as the shop sees it."""
    return web.Response(
        body=await after_sales.photo(return_no, nth, customer_id=caller.id), content_type=JPEG
    )


async def withdraw(return_no: str, body: Nothing, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Takes it back."""
    return await after_sales.withdraw(caller.id, return_no, key=key)


async def send_back(return_no: str, body: Parcel, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Says by which parcel the goods come back."""
    return await after_sales.send_back(caller.id, return_no, body.carrier, body.tracking_no, key=key)
