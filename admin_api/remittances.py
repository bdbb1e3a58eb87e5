"""Remittances: money sent to customers who confirm it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator, Services
from billing import remittances
from core import http as kit

PayeeName = Annotated[
    Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=r"^[^\x00-\x1f\x7f]*$")] | None,
    Field(
        description="顾客的真实姓名，渠道会核对；2000 元起必填 · the customer's real name, which the channel checks; needed from "
        "2000 yuan on",
        examples=["林晓"],
    ),
]


class NewRemittance(kit.Body):
    payee_name: PayeeName = None


class NewClosingRemittance(NewRemittance):
    amount_fen: Annotated[kit.PositiveFen | None, Field(description="不填为全部 · left out: all of it")] = (
        None
    )


class RemittancesQuery(kit.PageQuery):
    state: Literal["open", "waiting", "paid", "failed"] | None = None
    customer_id: kit.Id | None = None


class Remittance(kit.Answer):
    remittance_no: str
    customer_id: int
    purpose: Annotated[str, Field(examples=["refund", "closing"])]
    purpose_no: Annotated[
        str, Field(description="退款部分或销户的单号 · number of the refund's part or of the closing")
    ]
    channel: str
    amount_fen: int
    remark: str
    state: Annotated[
        str,
        Field(
            description="open：发起中；waiting：等顾客确认，或正在到账；paid：已到账；failed：未成功，钱没有动 · being sent; waits for the "
            "customer or is on its way; arrived; did not succeed, nothing moved",
            examples=["open", "waiting", "paid", "failed"],
        ),
    ]
    is_stopping: Annotated[bool, Field(description="已要求撤销 · somebody wants it back")]
    channel_bill_no: str | None
    last_answer: Annotated[str | None, Field(description="渠道最近的答复 · what the channel said last")]
    operator_id: int
    created_at: kit.Instant
    ended_at: kit.Instant | None


async def of_refund(
    refund_no: str, body: NewRemittance, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Sends what the counter would have to pay of a refund."""
    return await remittances.of_refund(
        services.channels, caller.id, refund_no, payee_name=body.payee_name, key=key
    )


async def of_closing(
    closing_no: str, body: NewClosingRemittance, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Sends principal of an account that is being closed."""
    return await remittances.of_closing(
        services.channels, caller.id, closing_no, amount_fen=body.amount_fen, payee_name=body.payee_name, key=key
    )  # fmt: skip


async def cancel(remittance_no: str, caller: Operator, services: Services, key: kit.IdempotencyKey) -> object:
    """Has the channel stop one."""
    return await remittances.cancel(services.channels, caller.id, remittance_no, key=key)


async def listing(query: RemittancesQuery) -> object:
    """The newest first."""
    rows = await remittances.page(
        state=query.state, customer_id=query.customer_id, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(remittance_no: str) -> object:
    """How one stands."""
    return await remittances.get(remittance_no)
