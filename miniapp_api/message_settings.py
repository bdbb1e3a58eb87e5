"""What the customer wants to be told, by which channels, at which hours not."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from miniapp_api.services import Customer
from notifications import addresses, policy, preferences
from notifications.addresses import Where

Minute = Annotated[int, Field(ge=0, le=1439)]


class MessageSettings(kit.Answer):
    reminders: Annotated[bool, Field(description="是否接收提醒 · whether reminders go out")]
    marketing: Annotated[bool, Field(description="是否同意接收优惠消息 · agreed to marketing")]
    channels: Annotated[
        list[str] | None,
        Field(
            description="只用这些渠道，按此顺序；null 按门店的顺序 · only these, in this order; null: the shop's"
        ),
    ]
    quiet_from_minute: Annotated[
        int | None,
        Field(
            description="免打扰开始，当天第几分钟 · quiet from, in minutes after midnight", examples=[1320]
        ),
    ]
    quiet_until_minute: Annotated[int | None, Field(examples=[480])]
    addresses: Annotated[
        dict[str, str],
        Field(
            description="登记的手机号、邮箱，部分隐藏 · phone and e-mail on file, masked",
            examples=[{"sms": "138****0000"}],
        ),
    ]
    confirmed: Annotated[
        list[Where],
        Field(
            description="已验证的联系方式；未验证的不发与钱有关的消息 · those that are confirmed; the others get no messages with money in "
            "them"
        ),
    ]


class Choosing(kit.Body):
    reminders: bool
    marketing: bool
    channels: Annotated[list[policy.ChannelName], Field(max_length=5)] | None = None
    quiet_from_minute: Minute | None = None
    quiet_until_minute: Minute | None = None
    wording: Annotated[
        kit.Paragraphs,
        Field(
            max_length=300,
            description="同意优惠消息时展示给顾客的文字；同意时必填 · what was shown to who agrees to marketing; needed then",
        ),
    ] = ""


async def read(caller: Customer) -> MessageSettings:
    """As they are now."""
    return await _shown(caller.id, await preferences.of(caller.id))


async def choose(body: Choosing, caller: Customer) -> MessageSettings:
    """Sets all of them."""
    chosen = preferences.Preferences(
        body.reminders, body.marketing, body.channels, body.quiet_from_minute, body.quiet_until_minute
    )
    put = await preferences.put(caller.id, chosen, wording=body.wording, door="mini_program", by=caller.label)
    return await _shown(caller.id, put)


async def forget_phone(caller: Customer) -> MessageSettings:
    """No short messages any more."""
    await addresses.put(caller.id, "sms", None, by=caller.label)
    return await read(caller)


async def forget_email(caller: Customer) -> MessageSettings:
    """No e-mail any more."""
    await addresses.put(caller.id, "email", None, by=caller.label)
    return await read(caller)


async def _shown(customer_id: int, chosen: preferences.Preferences) -> MessageSettings:
    kept = await addresses.of(customer_id)
    return MessageSettings(
        reminders=chosen.reminders,
        marketing=chosen.marketing,
        channels=None if chosen.channels is None else list(chosen.channels),
        quiet_from_minute=chosen.quiet_from_minute,
        quiet_until_minute=chosen.quiet_until_minute,
        addresses=addresses.masked(kept),
        confirmed=[one.channel for one in kept if one.confirmed_at is not None],
    )
