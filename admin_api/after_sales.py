"""After-sales: operators decide, take goods back, give money back, send goods anew."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.parcels import Carrier, TrackingNo, Trail
from admin_api.services import Operator, Services
from core import http as kit
from shop import after_sales, stock

JPEG = "image/jpeg"
State = Literal["asked", "approved", "sent_back", "received", "done", "rejected", "withdrawn"]
Step = Literal["approve", "reject", "receive", "refund", "send_anew"]
Nth = Annotated[int, Field(ge=1, le=100)]


class AfterSalesQuery(kit.PageQuery):
    state: State | None = None
    customer_id: kit.Id | None = None
    order_no: Annotated[kit.No | None, Field(max_length=32)] = None


class Line(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    quantity: int
    most_fen: Annotated[int, Field(description="最多可退 · what may go back at most")]
    refund_fen: int | None
    restocked: Annotated[int, Field(description="重新入库 · can be sold again")]
    written_off: Annotated[int, Field(description="报损 · cannot")]


class AfterSale(kit.Answer):
    return_no: str
    order_no: str
    customer_id: int
    kind: Annotated[str, Field(examples=["refund", "return", "exchange"])]
    state: State
    reason: str
    photos: int
    most_fen: int
    refund_fen: int | None
    reduced_fen: Annotated[
        int, Field(description="从分期未付部分减去 · taken off what is still owed of the instalments")
    ]
    refund_no: str | None
    approval_no: Annotated[
        str | None, Field(description="退款交第二人复核的单号 · its refund waits, or waited, under this")
    ]
    carrier: str | None
    tracking_no: str | None
    new_carrier: str | None
    new_tracking_no: str | None
    reject_reason: str | None
    lines: list[Line]
    created_at: kit.Instant
    ended_at: kit.Instant | None
    next_steps: Annotated[
        list[Step], Field(description="店员现在能做的步骤 · what an operator can do with it as it stands")
    ]


class Event(kit.Answer):
    step: str
    was: str | None
    became: str
    by: str
    note: str | None
    at: kit.Instant


class AfterSaleSeen(AfterSale):
    events: list[Event]
    trails: list[Trail]


class Approving(kit.Body):
    note: Annotated[kit.Text, Field(description="寄回地址等，告知顾客 · where to, told to the customer")] = ""


class Rejecting(kit.Body):
    reason: Reason


class WrittenOff(kit.Body):
    sku_id: kit.Id
    quantity: kit.Count


class Receiving(kit.Body):
    written_off: Annotated[
        list[WrittenOff],
        Field(
            max_length=50, description="报损的数量；其余重新入库 · not to be sold again", default_factory=list
        ),
    ]
    note: Annotated[
        kit.Text, Field(description="店内备注，顾客看不到 · for the shop; the customer is not told")
    ] = ""


class Refunding(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen | None, Field(description="不填：全部可退金额 · left out: all that may go back")
    ] = None
    note: Annotated[
        kit.Text, Field(description="说明，顾客看得到 · why so much; the customer can read it")
    ] = ""


class Sending(kit.Body):
    carrier: Carrier
    tracking_no: TrackingNo


async def listing(query: AfterSalesQuery, caller: Operator) -> object:
    """The newest first."""
    rows = await after_sales.page(
        states=None if query.state is None else [query.state],
        customer_id=query.customer_id,
        order_no=query.order_no,
        within=caller.stores("orders.see"),
        before=query.after(int),
        limit=query.limit + 1,
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(return_no: str, caller: Operator) -> object:
    """With what happened, and where its parcels are."""
    found = await after_sales.get(return_no, within=caller.stores("orders.see"))
    return AfterSaleSeen.model_validate(
        {
            **AfterSale.model_validate(found).model_dump(),
            "events": [Event.model_validate(one) for one in await after_sales.events(found)],
            "trails": [Trail.model_validate(one) for one in await after_sales.trails(found)],
        }
    )


async def photo(return_no: str, nth: Nth, caller: Operator) -> web.Response:
    """A photo."""
    within = caller.stores("orders.see")
    return web.Response(body=await after_sales.photo(return_no, nth, within=within), content_type=JPEG)


async def approve(return_no: str, body: Approving, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The goods may come back."""
    return await after_sales.approve(_by(caller), return_no, note=body.note, key=key)


async def reject(return_no: str, body: Rejecting, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Turned down."""
    return await after_sales.reject(_by(caller), return_no, reason=body.reason, key=key)


async def receive(return_no: str, body: Receiving, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The goods are back."""
    spoilt = stock.merged((line.sku_id, line.quantity) for line in body.written_off)
    return await after_sales.receive(_by(caller), return_no, written_off=spoilt, note=body.note, key=key)


async def refund(
    return_no: str, body: Refunding, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """The money goes back."""
    return await after_sales.refund(
        services.channels,
        after_sales.By(caller.id, caller.stores("money.move")),
        return_no,
        amount_fen=body.amount_fen,
        note=body.note,
        key=key,
    )


async def send_anew(return_no: str, body: Sending, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The same goods go out again."""
    return await after_sales.send_anew(_by(caller), return_no, body.carrier, body.tracking_no, key=key)


def _by(caller: Operator) -> after_sales.By:
    return after_sales.By(caller.id, caller.stores("orders.serve"))
