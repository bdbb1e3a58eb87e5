"""Reversals: a mistake is undone by its exact opposite."""

from typing import Annotated

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import reversals
from core import http as kit


class NewReversal(kit.Body):
    reason: Reason


class Reversed(kit.Answer):
    number: Annotated[str | None, Field(description="冲正产生的单号 · the number of what undid it")]
    approval_no: Annotated[
        str | None, Field(description="等待第二人复核的单号 · waits for a second person under this number")
    ]


async def of_adjustment(
    adjustment_no: str, body: NewReversal, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """Undoes an adjustment."""
    return await reversals.reverse_adjustment(caller.id, adjustment_no, reason=body.reason, key=key)


async def of_transfer(
    transfer_no: str, body: NewReversal, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """Undoes a transfer between customers."""
    return await reversals.reverse_transfer(caller.id, transfer_no, reason=body.reason, key=key)
