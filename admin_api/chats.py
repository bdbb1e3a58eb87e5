"""A customer's chats with the official account, and untying one at the customer's word."""

from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from members import chat_ties, customers, same_phone


class Chat(kit.Answer):
    id: int
    openid: Annotated[str, Field(description="部分隐藏 · masked", examples=["****4f2a"])]
    follows: bool
    tied_by: Annotated[
        str | None,
        Field(
            description="code 绑定码，page 网页授权，null 自动识别 · by a code, on a page, or null: recognised",
            examples=["code", "page"],
        ),
    ]
    tied_at: kit.Instant | None
    created_at: kit.Instant


class CustomerChats(kit.Answer):
    chats: list[Chat]


class Alike(kit.Answer):
    customer_id: int
    name: str
    state: str
    shown_at: Annotated[kit.Instant, Field(description="何时授权该手机号 · when they showed the number")]


class SamePhone(kit.Answer):
    customers: list[Alike]


async def same_phone_as(customer_id: kit.Id) -> SamePhone:
    """Who else showed the same phone number."""
    return SamePhone(customers=[Alike.model_validate(one) for one in await same_phone.as_of(customer_id)])


async def of_customer(customer_id: kit.Id) -> CustomerChats:
    """Those that are the customer's."""
    return await _shown((await customers.get(customer_id)).id)


async def let_go(
    customer_id: kit.Id, chat_id: kit.Id, caller: Operator, key: kit.IdempotencyKey
) -> CustomerChats:
    """Unties one; the customer is told."""
    await chat_ties.let_go(customer_id, chat_id, by=caller.label, key=key)
    return await _shown(customer_id)


async def _shown(customer_id: int) -> CustomerChats:
    return CustomerChats(chats=[Chat.model_validate(one) for one in await chat_ties.of(customer_id)])
