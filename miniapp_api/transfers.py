"""Transfers: a customer gives another part of the balance."""

from typing import Annotated

from pydantic import Field, StringConstraints

from billing import transfers
from core import http as kit
from miniapp_api.services import Customer


class NewTransfer(kit.Body):
    receiver_id: Annotated[
        kit.Id, Field(description="对方的顾客编号 · the other customer's number", examples=[42])
    ]
    principal_fen: kit.Fen = 0
    bonus_fen: kit.Fen = 0
    reason: Annotated[
        str,
        StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(description="留言 · a word to go with it", examples=["生日快乐"]),
    ]


class Transfer(kit.Answer):
    transfer_no: str
    receiver_id: int
    principal_fen: int
    bonus_fen: int
    reason: str
    created_at: kit.Instant


async def send(body: NewTransfer, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Gives part of the balance to another customer."""
    gift = transfers.Gift(caller.id, body.receiver_id, body.principal_fen, body.bonus_fen, body.reason)
    return await transfers.send_own(gift, key=key)
