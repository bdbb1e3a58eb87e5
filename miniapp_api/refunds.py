"""Refunds: what of a top-up may go back and why, asking for it, and how refunds stand."""

from typing import Annotated

from pydantic import Field

from billing import refunds
from core import http as kit
from miniapp_api.services import Customer, Services


class OfferQuery(kit.Query):
    amount_fen: Annotated[
        kit.PositiveFen | None,
        Field(description="想退的金额；不填为全部可退 · how much; without it, all that may go back"),
    ] = None


class NewRefund(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen | None,
        Field(description="想退的金额；不填为全部可退 · how much; without it, all that may go back"),
    ] = None
    reason: Annotated[kit.Text, Field(examples=["用不完了"])] = ""


class RefundOffer(kit.Answer):
    top_up_no: str
    paid_fen: Annotated[int, Field(description="当时支付的本金 · what was paid then")]
    bonus_fen: Annotated[int, Field(description="当时赠送 · what was given then")]
    spent_fen: Annotated[int, Field(description="本金与赠送已用掉的 · what was spent of both")]
    expired_fen: Annotated[int, Field(description="已到期的赠送 · bonus that expired")]
    principal_left_fen: int
    bonus_left_fen: int
    refunded_fen: Annotated[int, Field(description="已退和退款中的 · refunded, or on its way")]
    refundable_fen: Annotated[int, Field(description="现在最多可退 · the most that may go back now")]
    amount_fen: Annotated[
        int, Field(description="这次退回；超出可退时为 0 · would go back; 0 where too much was asked for")
    ]
    bonus_back_fen: Annotated[int, Field(description="随之收回的赠送 · bonus taken back with it")]
    rule: Annotated[
        str,
        Field(
            description="right：七日内无理由，本金全退；pro_rata：按充值与赠送的比例；bonus_first：已用的先算赠送；"
            "unspent_only：退未用的本金 · by which rule",
            examples=["right", "pro_rata", "bonus_first", "unspent_only"],
        ),
    ]
    by_right: Annotated[
        bool, Field(description="无需理由和审核 · without a reason and without anybody's approval")
    ]
    right_ends_at: kit.Instant
    tender: Annotated[
        str,
        Field(description="退回的方式 · the way it goes back", examples=["wechat_pay", "alipay", "counter"]),
    ]


class RefundPart(kit.Answer):
    tender: Annotated[str, Field(examples=["balance", "wechat_pay", "alipay", "counter"])]
    amount_fen: int
    state: Annotated[
        str, Field(examples=["waiting", "open", "abnormal", "sending", "paid", "failed", "credited"])
    ]


class Refund(kit.Answer):
    refund_no: str
    kind: Annotated[str, Field(examples=["bill", "top_up"])]
    subject_no: Annotated[str, Field(description="账单号或充值单号 · number of the bill or the top-up")]
    amount_fen: int
    bonus_fen: Annotated[int, Field(description="收回的赠送 · bonus taken back")]
    reason: str
    state: Annotated[
        str,
        Field(
            description="requested：等待门店审核；open：退款中；paid：已退回；failed：未成功；rejected：门店未同意 · "
            "waits for the shop, on its way, paid back, not possible, turned down",
            examples=["requested", "open", "paid", "failed", "rejected"],
        ),
    ]
    parts: list[RefundPart]
    created_at: kit.Instant
    ended_at: kit.Instant | None


async def offer(top_up_no: str, query: OfferQuery, caller: Customer) -> object:
    """What would go back, and why so much."""
    return await refunds.preview(caller.id, top_up_no, amount_fen=query.amount_fen)


async def ask_for(
    top_up_no: str, body: NewRefund, caller: Customer, services: Services, key: kit.IdempotencyKey
) -> object:
    """Asks for a top-up back, or part of it."""
    return await refunds.ask_for(
        services.channels, caller.id, top_up_no, amount_fen=body.amount_fen, reason=body.reason, key=key
    )


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await refunds.page(customer_id=caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
