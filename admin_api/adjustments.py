"""Adjustments: an operator corrects a balance."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.customers import Balance
from admin_api.services import Operator
from billing import adjustments
from core import http as kit


class NewAdjustment(kit.Body):
    kind: Literal["principal", "bonus"]
    amount_fen: Annotated[
        kit.SignedFen, Field(description="正数增加，负数扣减 · adds, or takes if negative", examples=[-500])
    ]
    reason: Annotated[
        str,
        StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(examples=["补偿：送货延误"]),
    ]


async def adjust(customer_id: int, body: NewAdjustment, caller: Operator, key: kit.IdempotencyKey) -> Balance:
    """Corrects the balance and answers with the balance after it."""
    after = await adjustments.adjust(
        caller.id, customer_id, kind=body.kind, amount_fen=body.amount_fen, reason=body.reason, key=key
    )
    return Balance.model_validate(after)
