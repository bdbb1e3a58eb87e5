"""Transfers between customers."""

from typing import Annotated

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import transfers
from core import http as kit


class NewTransfer(kit.Body):
    receiver_id: Annotated[kit.Id, Field(description="收到的顾客 · the customer who gets it", examples=[42])]
    principal_fen: kit.Fen = 0
    bonus_fen: kit.Fen = 0
    reason: Reason


class TransfersQuery(kit.PageQuery):
    customer_id: Annotated[int | None, Field(ge=1, le=2**62, description="转出或收到 · gave or got")] = None


class Transferred(kit.Answer):
    transfer_no: Annotated[str | None, Field(description="已完成的转赠单号 · the transfer that was made")]
    approval_no: Annotated[
        str | None, Field(description="等待第二人复核的单号 · waits for a second person under this number")
    ]


class Transfer(kit.Answer):
    transfer_no: str
    giver_id: int
    receiver_id: int
    principal_fen: int
    bonus_fen: int
    reason: str
    operator: Annotated[str, Field(examples=["operator:1", "customer:42"])]
    approval_no: str | None
    reverses_no: Annotated[str | None, Field(description="冲正的转赠单号 · the transfer it undoes")]
    reversed_by_no: Annotated[str | None, Field(description="冲正它的转赠单号 · the transfer that undid it")]
    created_at: kit.Instant


async def send(customer_id: int, body: NewTransfer, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Moves part of one customer's balance to another."""
    gift = transfers.Gift(customer_id, body.receiver_id, body.principal_fen, body.bonus_fen, body.reason)
    return await transfers.send(caller.id, gift, key=key)


async def listing(query: TransfersQuery) -> object:
    """The newest first."""
    rows = await transfers.page(customer_id=query.customer_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(transfer_no: str) -> object:
    """One transfer."""
    return await transfers.get(transfer_no)
