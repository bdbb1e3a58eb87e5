"""Payments at the channels, and asking a channel about one."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Services
from billing import payments
from core import http as kit


class PaymentQuery(kit.PageQuery):
    state: Literal["created", "prepared", "paid", "closed", "quarantined"] | None = None


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


class Asked(kit.Answer):
    outcome: Annotated[
        payments.Confirmation, Field(description="渠道答复的处理结果 · what came of the channel's answer")
    ]
    payment: Payment


async def listing(query: PaymentQuery) -> object:
    """The newest first."""
    rows = await payments.page(state=query.state, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def ask(payment_no: str, services: Services) -> Asked:
    """Asks the channel now and acts on its answer."""
    outcome = await payments.ask(services.channels, payment_no)
    return Asked(outcome=outcome, payment=Payment.model_validate(await payments.get(payment_no)))
