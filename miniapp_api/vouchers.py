"""Transfer vouchers: the customer shows what they have transferred."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from billing import vouchers
from core import http as kit
from miniapp_api.services import Customer

JPEG = "image/jpeg"


class NewVoucher(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen, Field(description="转账金额 · what was transferred", examples=[50000])
    ]
    bill_no: Annotated[
        kit.No | None,
        Field(
            description="付哪张账单；不填为充值 · the bill it pays; left out it is a top-up", max_length=32
        ),
    ] = None
    note: Annotated[kit.Text, Field(description="附言，如付款户名 · e.g. the account it came from")] = ""


class Voucher(kit.Answer):
    voucher_no: str
    amount_fen: int
    bill_no: str | None
    note: str
    state: Annotated[
        str,
        Field(
            description="started：还没有上传图片；submitted：等待门店核对 · started: the image is missing; submitted: the shop has to look",
            examples=["started", "submitted", "confirmed", "rejected", "withdrawn"],
        ),
    ]
    reject_reason: str | None
    counter_no: Annotated[str | None, Field(description="入账的柜台收款单号 · the counter payment it became")]
    created_at: kit.Instant
    decided_at: kit.Instant | None


async def start(body: NewVoucher, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Says what was transferred."""
    return await vouchers.start(
        caller.id, amount_fen=body.amount_fen, bill_no=body.bill_no, note=body.note, key=key
    )


async def show(voucher_no: str, upload: kit.Upload, caller: Customer) -> object:
    """Uploads the image."""
    return await vouchers.show(caller.id, voucher_no, upload)


async def image(voucher_no: str, caller: Customer) -> web.Response:
    """The image as the shop sees it."""
    return web.Response(body=await vouchers.image(voucher_no, customer_id=caller.id), content_type=JPEG)


async def withdraw(voucher_no: str, caller: Customer) -> object:
    """Takes it back."""
    return await vouchers.withdraw(caller.id, voucher_no)


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await vouchers.page(customer_id=caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(voucher_no: str, caller: Customer) -> object:
    """How one voucher stands."""
    return await vouchers.get(voucher_no, customer_id=caller.id)
