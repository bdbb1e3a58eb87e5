"""The customer's own profile: name, language, birthday, and what they are reached at."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from core import http as kit
from members import profiles
from miniapp_api.services import Customer

Birthday = Annotated[date, Field(strict=False, ge=date(1900, 1, 1), le=date(2999, 12, 31))]


class Profile(kit.Answer):
    id: int
    name: str
    locale: Annotated[str, Field(examples=["zh-CN", "en"])]
    birthday: date | None
    birthday_free_at: Annotated[
        kit.Instant | None,
        Field(
            description="此后可再改生日，null 现在可改 · from when on the birthday may be changed; null: now"
        ),
    ]
    phone: Annotated[str | None, Field(description="部分隐藏 · masked", examples=["138****0001"])]
    email: str | None
    confirmed: Annotated[
        list[Literal["sms", "email"]], Field(description="已验证的联系方式 · those that are confirmed")
    ]
    identities: Annotated[
        list[str],
        Field(description="登录方式 · the apps they sign in by", examples=[["mini_program", "alipay"]]),
    ]
    joined_at: kit.Instant


class ProfileChange(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["小林"])]
    locale: Annotated[Literal["zh-CN", "en"], Field(description="消息的语言 · the language of messages")]
    birthday: Annotated[Birthday | None, Field(description="一年内只能改一次 · may be changed once a year")]


async def read(caller: Customer) -> Profile:
    """As it is."""
    return _shown(await profiles.get(caller.id))


async def change(body: ProfileChange, caller: Customer) -> Profile:
    """Sets name, language and birthday."""
    made = await profiles.change(
        caller.id, name=body.name, locale=body.locale, birthday=body.birthday, by=caller.label
    )
    return _shown(made)


def _shown(profile: profiles.Profile) -> Profile:
    customer = profile.customer
    return Profile(
        id=customer.id,
        name=customer.name,
        locale=customer.locale,
        birthday=profile.birthday,
        birthday_free_at=profile.birthday_free_at,
        phone=profile.reach.get("sms"),
        email=profile.reach.get("email"),
        confirmed=list(profile.confirmed),
        identities=list(profile.identities),
        joined_at=customer.created_at,
    )
