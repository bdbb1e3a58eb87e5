"""Refunds: making them, deciding on customers' requests, and what to do when a channel is stuck."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator, Services
from billing import card_refunds, refunds
from core import http as kit


class RefundsQuery(kit.PageQuery):
    state: Literal["requested", "open", "paid", "failed", "rejected"] | None = None
    customer_id: Annotated[int | None, Field(ge=1, le=2**62)] = None


class Retrying(kit.Query):
    at_counter: Annotated[
        bool, Field(description="失败的改由柜台退 · what failed is paid out at the counter")
    ] = False


class NewBillRefund(kit.Body):
    amount_fen: kit.PositiveFen
    reason: Reason


class NewTopUpRefund(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen | None,
        Field(description="不填为全部可退 · without it, all that may go back"),
    ] = None
    at_counter: Annotated[
        bool, Field(description="在柜台付给顾客，不走渠道 · paid out at the counter, not by the channel")
    ] = False
    reason: Reason


class ToCard(kit.Body):
    bank_type: Annotated[
        str,
        Field(
            pattern=r"^[A-Z0-9_]+$",
            min_length=2,
            max_length=32,
            examples=["ICBC_DEBIT"],
            description="开户银行，按微信支付的银行类型 · the bank, by WeChat Pay's list of types",
        ),
    ]
    account_no: Annotated[
        str,
        Field(
            pattern=r"^[0-9]+$",
            min_length=8,
            max_length=32,
            examples=["6222021234567890123"],
            description="只转给渠道，不保存 · passed on to the channel and kept nowhere",
        ),
    ]
    real_name: Annotated[str, Field(min_length=1, max_length=64, examples=["林晓"])]


class RefundPart(kit.Answer):
    part_no: Annotated[str, Field(description="渠道退款单号 · our number at the channel")]
    tender: Annotated[str, Field(examples=["balance", "wechat_pay", "alipay", "counter"])]
    payment_no: str | None
    amount_fen: int
    state: Annotated[
        str, Field(examples=["waiting", "open", "abnormal", "sending", "paid", "failed", "credited"])
    ]
    channel_refund_no: str | None
    last_answer: Annotated[str | None, Field(description="渠道最近的答复 · what the channel said last")]
    asks: int
    ended_at: kit.Instant | None


class Refund(kit.Answer):
    refund_no: str
    customer_id: int
    kind: Annotated[str, Field(examples=["bill", "top_up"])]
    subject_no: Annotated[str, Field(description="账单号或充值单号 · number of the bill or the top-up")]
    amount_fen: int
    bonus_fen: Annotated[int, Field(description="收回的赠送 · bonus taken back")]
    reason: str
    rule: Annotated[str | None, Field(examples=["right", "pro_rata", "bonus_first", "unspent_only", None])]
    operator: Annotated[str, Field(description="谁提出 · who asked")]
    decided_by: Annotated[str | None, Field(description="谁决定 · who decided")]
    retry_of: str | None
    state: Annotated[str, Field(examples=["requested", "open", "paid", "failed", "rejected"])]
    parts: list[RefundPart]
    created_at: kit.Instant
    ended_at: kit.Instant | None


class RefundLot(kit.Answer):
    kind: Annotated[str, Field(examples=["principal", "bonus"])]
    amount_fen: Annotated[int, Field(description="退回为正，取出为负 · given back, or taken if negative")]
    source: Annotated[
        str,
        Field(
            description="这批钱从哪里来 · what brought this money", examples=["top_up:T2611230000000000001"]
        ),
    ]


class RefundExplained(kit.Answer):
    refund: Refund
    lots: Annotated[
        dict[str, list[RefundLot]], Field(description="每一部分动用的批次 · the lots that each part moved")
    ]


class RefundOutcome(kit.Answer):
    refund: Refund | None
    approval_no: Annotated[
        str | None,
        Field(description="超过限额，等待第二人复核的单号 · above the limit: waits for a second person"),
    ]


async def listing(query: RefundsQuery) -> object:
    """The newest first."""
    states = None if query.state is None else [query.state]
    rows = await refunds.page(
        states=states, customer_id=query.customer_id, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(refund_no: str) -> RefundExplained:
    """One refund, with the lots its money came from or went to."""
    refund = await refunds.get(refund_no)
    lots = await refunds.lots_of(refund)
    return RefundExplained.model_validate({"refund": refund, "lots": lots}, from_attributes=True)


async def of_bill(
    bill_no: str, body: NewBillRefund, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Gives back part of what a bill was paid with, or has it wait for a second person."""
    return await refunds.of_bill(
        services.channels, caller.id, bill_no, amount_fen=body.amount_fen, reason=body.reason, key=key
    )


async def of_top_up(
    top_up_no: str, body: NewTopUpRefund, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Gives a top-up back, or part of it, or has it wait for a second person."""
    return await refunds.of_top_up(
        services.channels, caller.id, top_up_no, amount_fen=body.amount_fen, at_counter=body.at_counter,
        reason=body.reason, key=key,
    )  # fmt: skip


async def approve(refund_no: str, caller: Operator, services: Services, key: kit.IdempotencyKey) -> object:
    """Lets a customer's request go ahead."""
    return await refunds.approve(services.channels, caller.id, refund_no, key=key)


async def reject(refund_no: str, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Turns a customer's request down."""
    return await refunds.reject(caller.id, refund_no, key=key)


async def paid_out(refund_no: str, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Says that the counter has paid it out."""
    return await refunds.paid_out(caller.id, refund_no, key=key)


async def to_balance(refund_no: str, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Credits the balance with what a channel is stuck with."""
    return await refunds.to_balance(caller.id, refund_no, key=key)


async def to_counter(refund_no: str, caller: Operator, key: kit.IdempotencyKey) -> object:
    """The counter pays it out instead."""
    return await refunds.to_counter(caller.id, refund_no, key=key)


async def to_card(
    refund_no: str, body: ToCard, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Has the channel pay it to another card."""
    card = card_refunds.BankCard(body.bank_type, body.account_no, body.real_name)
    return await card_refunds.to_card(services.channels, caller.id, refund_no, card, key=key)


async def retry(
    refund_no: str, query: Retrying, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Tries again."""
    return await refunds.retry(services.channels, caller.id, refund_no, at_counter=query.at_counter, key=key)
