"""Money that could not be credited as it stands, and what operators do about it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator, Services
from billing import quarantine, quarantine_desk
from core import http as kit


class QuarantineQuery(kit.PageQuery):
    state: Literal["open", "sending", "stuck", "resolved"] | None = None
    channel: Literal["wechat_pay", "alipay"] | None = None
    reason: Annotated[kit.No | None, Field(examples=["wrong_amount"])] = None
    customer_id: kit.Id | None = None


class Quarantined(kit.Answer):
    id: int
    channel: str
    channel_trade_no: str
    payment_no: Annotated[str, Field(description="渠道所报的支付单号 · the number the channel named")]
    customer_id: Annotated[
        int | None, Field(description="该支付单的顾客 · whose payment that number is, if it is one of ours")
    ]
    reason: Annotated[
        str,
        Field(
            examples=[
                "unknown_number", "wrong_amount", "wrong_currency", "wrong_app_id", "wrong_merchant_id", "wrong_payer",
                "second_trade", "second_payment", "trade_of_another", "refunded_at_channel",
            ]
        ),
    ]  # fmt: skip
    amount_fen: int
    currency: str
    booked_fen: Annotated[
        int, Field(description="挂在 house:suspense 的金额 · how much of it waits in house:suspense")
    ]
    detail: dict[str, Any]
    state: str
    resolution: Annotated[str | None, Field(examples=["credited", "sent_back", "paid_out", "closed"])]
    resolved_by: str | None
    resolve_reason: str | None
    approval_no: str | None
    credited_to_id: int | None
    refund_no: Annotated[str | None, Field(description="退回渠道的单号 · its number on the way back")]
    last_answer: Annotated[str | None, Field(description="渠道最近的答复 · what the channel said last")]
    created_at: kit.Instant
    resolved_at: kit.Instant | None


class QuarantineOutcome(kit.Answer):
    quarantined: Quarantined
    approval_no: Annotated[
        str | None,
        Field(description="超过限额，等待第二人复核的单号 · waits for a second person under this number"),
    ]


class Crediting(kit.Body):
    customer_id: kit.Id
    reason: Reason


class Deciding(kit.Body):
    reason: Reason


class PayingOut(kit.Body):
    receipt_no: Annotated[kit.Name, Field(description="顾客签收的凭证号 · the receipt the customer signed")]
    reason: Reason


async def listing(query: QuarantineQuery) -> object:
    """The newest first."""
    rows = await quarantine.page(
        state=query.state,
        channel=query.channel,
        reason=query.reason,
        customer_id=query.customer_id,
        before=query.after(int),
        limit=query.limit + 1,
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(quarantine_id: int) -> object:
    """One quarantined trade."""
    return await quarantine.get(quarantine_id)


async def credit(quarantine_id: int, body: Crediting, caller: Operator, key: kit.IdempotencyKey) -> object:
    """It is a customer's money."""
    return await quarantine_desk.credit(
        caller.id, quarantine_id, customer_id=body.customer_id, reason=body.reason, key=key
    )


async def send_back(
    quarantine_id: int, body: Deciding, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Back to who paid it, through its channel."""
    return await quarantine_desk.send_back(
        services.channels, caller.id, quarantine_id, reason=body.reason, key=key
    )


async def pay_out(quarantine_id: int, body: PayingOut, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Handed out at the counter."""
    return await quarantine_desk.pay_out(
        caller.id, quarantine_id, receipt_no=body.receipt_no, reason=body.reason, key=key
    )


async def close(quarantine_id: int, body: Deciding, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Nothing is left to do here."""
    return await quarantine_desk.close(caller.id, quarantine_id, reason=body.reason, key=key)
