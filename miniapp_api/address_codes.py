"""Showing that a phone number or an e-mail address is one's own."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from core import http as kit
from core.http import addresses as network
from members import confirming
from miniapp_api import message_settings
from miniapp_api.services import Customer, Services
from notifications import addresses


class NewCode(kit.Body):
    channel: addresses.Where
    address: Annotated[
        kit.Text,
        Field(
            max_length=200,
            description="手机号或邮箱 · a mobile number or an e-mail address",
            examples=["13800000001"],
        ),
    ]


class SentCode(kit.Answer):
    channel: addresses.Where
    address: Annotated[str, Field(description="部分隐藏 · masked", examples=["138****0001"])]
    ends_at: Annotated[kit.Instant, Field(description="验证码在此之前有效 · the code is good until then")]
    again_at: Annotated[kit.Instant, Field(description="此后可再发一次 · the next one can be asked for then")]


class EnteredCode(kit.Body):
    channel: addresses.Where
    code: Annotated[str, Field(min_length=6, max_length=6, pattern=r"^[0-9]{6}$", examples=["018254"])]


class PhoneCode(kit.Body):
    code: Annotated[
        kit.Token,
        Field(
            description="getPhoneNumber 按钮给的 code · the code a button getPhoneNumber gave",
            examples=["e31968a7f94cc5ee"],
        ),
    ]


async def send(
    body: NewCode, caller: Customer, services: Services, request: web.Request, locale: str
) -> SentCode:
    """A code of six digits."""
    asking = confirming.Asking(caller.id, network.household(request[kit.CLIENT_ADDRESS]), locale)
    sent = await confirming.send(services.code_senders, asking, body.channel, body.address)
    shown = addresses.mask(sent.channel, sent.address)
    return SentCode(channel=sent.channel, address=shown, ends_at=sent.ends_at, again_at=sent.again_at)


async def confirm(body: EnteredCode, caller: Customer) -> message_settings.MessageSettings:
    """The code that came."""
    await confirming.confirm(caller.id, body.channel, body.code, by=caller.label)
    return await message_settings.read(caller)


async def take_phone(
    body: PhoneCode, caller: Customer, services: Services
) -> message_settings.MessageSettings:
    """The number WeChat has."""
    await confirming.by_wechat(services.phones, caller.id, body.code, by=caller.label)
    return await message_settings.read(caller)
