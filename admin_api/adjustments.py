"""Adjustments: an operator corrects a balance."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.customers import Balance
from admin_api.services import Operator
from billing import adjustments
from core import http as kit

Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(examples=["补偿：送货延误"]),
]


class NewAdjustment(kit.Body):
    kind: Literal["principal", "bonus"]
    amount_fen: Annotated[
        kit.SignedFen, Field(description="正数增加，负数扣减 · adds, or takes if negative", examples=[-500])
    ]
    reason: Reason


class AdjustmentsQuery(kit.PageQuery):
    customer_id: Annotated[int | None, Field(ge=1, le=2**62)] = None
    operator_id: Annotated[int | None, Field(ge=1, le=2**62)] = None


class Adjusted(kit.Answer):
    adjustment_no: Annotated[str | None, Field(description="已完成的调整单号 · the adjustment that was made")]
    approval_no: Annotated[
        str | None,
        Field(
            description="超过限额，等待第二人复核的单号 · above the limit: waits for a second person under this number"
        ),
    ]
    balance: Annotated[Balance, Field(description="现在的余额 · the balance now")]


class Adjustment(kit.Answer):
    adjustment_no: str
    customer_id: int
    kind: str
    amount_fen: int
    reason: str
    operator_id: Annotated[int, Field(description="操作人编号 · the operator who made it")]
    approval_no: str | None
    reverses_no: Annotated[str | None, Field(description="冲正的调整单号 · the adjustment it undoes")]
    reversed_by_no: Annotated[
        str | None, Field(description="冲正它的调整单号 · the adjustment that undid it")
    ]
    created_at: kit.Instant


async def adjust(customer_id: int, body: NewAdjustment, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Corrects the balance, or has it wait for a second person."""
    return await adjustments.adjust(
        caller.id, customer_id, kind=body.kind, amount_fen=body.amount_fen, reason=body.reason, key=key
    )


async def listing(query: AdjustmentsQuery) -> object:
    """The newest first."""
    rows = await adjustments.page(
        customer_id=query.customer_id,
        operator_id=query.operator_id,
        before=query.after(int),
        limit=query.limit + 1,
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(adjustment_no: str) -> object:
    """One adjustment."""
    return await adjustments.get(adjustment_no)
