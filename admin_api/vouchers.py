"""Transfer vouchers: operators look for the money and decide."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import vouchers
from core import http as kit

JPEG = "image/jpeg"


class VouchersQuery(kit.PageQuery):
    customer_id: kit.Id | None = None
    state: Literal["started", "submitted", "confirmed", "rejected", "withdrawn"] | None = None


class Voucher(kit.Answer):
    voucher_no: str
    customer_id: int
    bill_no: str | None
    amount_fen: Annotated[int, Field(description="顾客填写的金额 · what the customer says")]
    note: str
    state: str
    same_as_no: Annotated[
        str | None, Field(description="同一张图片更早的凭证 · an older voucher with the very same image")
    ]
    approval_no: str | None
    counter_no: str | None
    decided_by: str | None
    reject_reason: str | None
    created_at: kit.Instant
    decided_at: kit.Instant | None


class Confirming(kit.Body):
    amount_fen: Annotated[kit.PositiveFen, Field(description="实际到账金额 · what was received")]
    reference: Annotated[
        kit.Token,
        Field(max_length=64, description="银行流水号 · the bank's number", examples=["20261125000123"]),
    ]
    to_balance: Annotated[
        bool, Field(description="不付账单，记入余额 · on the balance even if it was meant for a bill")
    ] = False


class Rejecting(kit.Body):
    reason: Reason


class VoucherOutcome(kit.Answer):
    voucher: Voucher
    approval_no: Annotated[
        str | None,
        Field(description="超过限额，等待第二人复核的单号 · waits for a second person under this number"),
    ]


async def listing(query: VouchersQuery) -> object:
    """The newest first."""
    rows = await vouchers.page(
        customer_id=query.customer_id, state=query.state, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(voucher_no: str) -> object:
    """One voucher."""
    return await vouchers.get(voucher_no)


async def image(voucher_no: str) -> web.Response:
    """Its image."""
    return web.Response(body=await vouchers.image(voucher_no), content_type=JPEG)


async def confirm(voucher_no: str, body: Confirming, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The money was found."""
    return await vouchers.confirm(
        caller.id,
        voucher_no,
        amount_fen=body.amount_fen,
        reference=body.reference,
        to_balance=body.to_balance,
        key=key,
    )


async def reject(voucher_no: str, body: Rejecting, caller: Operator, key: kit.IdempotencyKey) -> object:
    """It was not."""
    return await vouchers.reject(caller.id, voucher_no, reason=body.reason, key=key)
