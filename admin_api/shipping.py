"""Shipping reports: what the mini-program's platform was told of payments."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import shipping
from core import http as kit


class Parcel(kit.Body):
    express_company: Annotated[
        str,
        StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_]+$"),
        Field(description="平台的快递公司编码 · the platform's code of the company", examples=["SF"]),
    ]
    tracking_no: Annotated[
        str,
        StringConstraints(min_length=4, max_length=128, pattern=r"^[A-Za-z0-9-]+$"),
        Field(examples=["SF1234567890123"]),
    ]


class ShippingReportsQuery(kit.PageQuery):
    state: Literal["due", "waiting", "done", "needless", "given_up"] | None = None


class ShippingReport(kit.Answer):
    payment_no: str
    item: str
    how: Annotated[
        str,
        Field(
            description="virtual：虚拟商品；pick_up：到店自提；express：快递 · virtual goods, picked up at the shop, by express",
            examples=["virtual", "pick_up", "express"],
        ),
    ]
    express_company: str | None
    tracking_no: str | None
    state: Annotated[
        str,
        Field(
            description="due：待上传；waiting：订单待发货；done：已上传；needless：平台不要求；given_up：一直未成功，需人工处理 · to be uploaded, its order is yet to be sent, done, not "
            "wanted by the platform, somebody has to look",
            examples=["due", "waiting", "done", "needless", "given_up"],
        ),
    ]
    attempts: int
    last_answer: Annotated[str | None, Field(description="平台最近的答复 · what the platform said last")]
    paid_at: kit.Instant
    next_at: kit.Instant | None
    ended_at: kit.Instant | None


async def listing(query: ShippingReportsQuery) -> object:
    """The newest first."""
    rows = await shipping.page(state=query.state, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def retry(payment_no: str, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Uploads one again that was given up."""
    return await shipping.retry(caller.id, payment_no, key=key)


async def express(payment_no: str, body: Parcel, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Enters the parcel it was sent in."""
    return await shipping.express(
        caller.id, payment_no, company=body.express_company, tracking_no=body.tracking_no, key=key
    )
