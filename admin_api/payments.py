"""Payments at the channels, and asking a channel about one."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Services
from billing import attempts, payments
from core import http as kit


class PaymentQuery(kit.SortedQuery):
    state: Literal["created", "prepared", "paid", "closed", "quarantined"] | None = None
    customer_id: kit.Id | None = None
    sort: Annotated[
        Literal["amount_fen", "-amount_fen", "created_at", "-created_at"] | None, Field(description=kit.SORT)
    ] = None


class Payment(kit.Answer):
    payment_no: str
    customer_id: int
    purpose: Annotated[str, Field(examples=["top_up", "bill"])]
    purpose_no: Annotated[
        str, Field(description="充值单号或组合支付单号 · the top-up or the combined payment it is for")
    ]
    channel: str
    method: str
    amount_fen: int
    state: str
    created_at: kit.Instant
    expires_at: kit.Instant


class PaymentRecord(Payment):
    channel_trade_no: Annotated[str | None, Field(description="渠道交易号 · the channel's number of it")]
    asks: Annotated[int, Field(description="向渠道查询的次数 · how often the channel was asked")]
    ask_at: Annotated[kit.Instant | None, Field(description="下次查询的时间 · when it is asked next")]
    left_at: Annotated[
        kit.Instant | None, Field(description="顾客改用别的方式的时间 · when the customer chose another way")
    ]
    paid_at: kit.Instant | None
    ended_at: kit.Instant | None
    attempts: Annotated[
        list[Payment],
        Field(description="为同一件事的各次支付，含本次 · all attempts at the same, this one too"),
    ]


class Asked(kit.Answer):
    outcome: Annotated[
        payments.Confirmation, Field(description="渠道答复的处理结果 · what came of the channel's answer")
    ]
    payment: Payment


async def listing(query: PaymentQuery) -> object:
    """The newest first."""
    rows = await payments.page(
        state=query.state,
        customer_id=query.customer_id,
        before=None if query.sort else query.after(int),
        sort=query.chosen(),
        limit=query.limit + 1,
    )
    return kit.cut_sorted(rows, query, lambda row, by: row.id if by == "created_at" else row.amount_fen)


async def one(payment_no: str) -> PaymentRecord:
    """One attempt, and the others at the same top-up or bill."""
    found = await payments.get(payment_no)
    traces = await attempts.traces(payment_no)
    several = await attempts.at_the_same(found)
    return PaymentRecord(
        **Payment.model_validate(found).model_dump(),
        **traces,
        attempts=[Payment.model_validate(one) for one in several],
    )


async def ask(payment_no: str, services: Services) -> Asked:
    """Asks the channel now and acts on its answer."""
    outcome = await payments.ask(services.channels, payment_no)
    return Asked(outcome=outcome, payment=Payment.model_validate(await payments.get(payment_no)))
