"""The customer's chats with the official account: which are theirs, and tying another by a one-time code."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from members import chat_codes, chat_ties, web_logins
from miniapp_api.login import Visit, VisitBack
from miniapp_api.services import Customer, Services


class Chat(kit.Answer):
    id: int
    openid: Annotated[str, Field(description="部分隐藏 · masked", examples=["****4f2a"])]
    follows: Annotated[bool, Field(description="关注着公众号 · follows the account now")]
    tied_by: Annotated[
        str | None,
        Field(
            description="code 绑定码，page 网页授权，null 自动识别 · by a code, on a page, or null: recognised",
            examples=["code", "page"],
        ),
    ]
    tied_at: kit.Instant | None
    created_at: kit.Instant


class Chats(kit.Answer):
    chats: list[Chat]


class ChatCode(kit.Answer):
    code: Annotated[
        str, Field(description="在公众号里发送「绑定 」加它 · to be sent in the chat", examples=["40718826"])
    ]
    ends_at: kit.Instant


class EnteredCode(kit.Body):
    code: Annotated[
        str,
        Field(
            pattern=f"^[0-9]{{{chat_codes.DIGITS}}}$",
            min_length=chat_codes.DIGITS,
            max_length=chat_codes.DIGITS,
            description="公众号里给的绑定码 · the code that the chat told",
            examples=["40718826"],
        ),
    ]


async def listing(caller: Customer) -> Chats:
    """Those that are the customer's."""
    return await _shown(caller.id)


async def code(caller: Customer, key: kit.IdempotencyKey) -> object:
    """A code to be typed in the chat."""
    return await chat_codes.for_customer(caller.id, key=key)


async def enter(body: EnteredCode, caller: Customer, key: kit.IdempotencyKey) -> Chats:
    """Ties the chat that was told a code."""
    await chat_codes.enter_in_mini_program(caller.id, body.code, key=key)
    return await _shown(caller.id)


async def begin(body: Visit, caller: Customer, services: Services) -> object:
    """Sends the customer to WeChat, to show whose chat theirs is."""
    return await web_logins.begin(services.pages, body.return_url, body.scope, customer_id=caller.id)


async def back(body: VisitBack, caller: Customer, services: Services) -> Chats:
    """Ties the chat of who is back."""
    await web_logins.tied(services.pages, caller.id, code=body.code, state=body.state, proof=body.proof)
    return await _shown(caller.id)


async def let_go(chat_id: kit.Id, caller: Customer, key: kit.IdempotencyKey) -> Chats:
    """Unties one."""
    await chat_ties.let_go(caller.id, chat_id, by=caller.label, key=key)
    return await _shown(caller.id)


async def _shown(customer_id: int) -> Chats:
    return Chats(chats=[Chat.model_validate(one) for one in await chat_ties.of(customer_id)])
