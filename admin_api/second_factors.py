"""What operators sign in with beside their password, and showing again who they are."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from admin_api.operators import Code, origin
from admin_api.services import Operator
from admin_api.staff import Password
from core import http as kit
from members import operator_sign_in, second_factors, step_up


class Mine(kit.Answer):
    totp_since: kit.Instant | None
    passkeys: Annotated[int, Field(description="通行密钥数 · so many passkeys")]
    recovery_codes_left: int
    is_linked: Annotated[bool, Field(description="已关联单点登录 · linked with the identity provider")]
    linked_since: kit.Instant | None
    must_enrol: Annotated[
        bool,
        Field(
            description="岗位要求第二步验证，设好之前不能做别的 · until one is set up, nothing else may be done"
        ),
    ]
    fresh_until: Annotated[
        kit.Instant | None,
        Field(description="在此之前不用再次验证；空为现在就要 · until then nothing asks again; null: now"),
    ]


class NewTotp(kit.Answer):
    secret: str
    uri: Annotated[str, Field(description="otpauth://…，画成二维码 · drawn as a QR code")]


class RecoveryCodes(kit.Answer):
    recovery_codes: Annotated[
        list[str],
        Field(description="只显示这一次；已有的不重发 · shown once; none where there are some already"),
    ]


class OneTimeCode(kit.Body):
    one_time_code: Code


class EvenIfLast(kit.Query):
    even_if_last: Annotated[
        bool,
        Field(
            description="这是最后一种第二步验证也移除，之后只凭密码登录 · also where it is the last second factor, after which the password is enough"
        ),
    ] = False


class Again(kit.Body):
    password: Password | None = None
    one_time_code: Code | None = None


async def mine(caller: Operator) -> object:
    """What I sign in with."""
    standing = await second_factors.standing(caller.id)
    return Mine(
        totp_since=standing.totp_since,
        passkeys=standing.passkeys,
        is_linked=standing.is_linked,
        linked_since=standing.linked_since,
        recovery_codes_left=standing.recovery_codes_left,
        must_enrol=step_up.must_enrol(caller.on_duty),
        fresh_until=step_up.fresh_until(caller.on_duty),
    )


async def show_again(body: Again, caller: Operator, request: web.Request) -> object:
    """Shows again who I am; the session has another token from now on."""
    return await operator_sign_in.show_again(
        caller.on_duty,
        caller.token,
        password=body.password,
        code=body.one_time_code,
        origin=origin(request),
    )


async def begin_totp(caller: Operator) -> object:
    """A secret for an authenticator app."""
    return await second_factors.begin_totp(caller.id, caller.on_duty.login)


async def confirm_totp(body: OneTimeCode, caller: Operator) -> object:
    """The app has it."""
    codes = await second_factors.confirm_totp(caller.id, body.one_time_code)
    return RecoveryCodes(recovery_codes=list(codes))


async def remove_totp(query: EvenIfLast, caller: Operator) -> None:
    """No app any more."""
    await second_factors.remove_totp(caller.id, even_if_last=query.even_if_last)


async def new_recovery_codes(caller: Operator) -> object:
    """New recovery codes; those before are good no more."""
    return RecoveryCodes(recovery_codes=list(await second_factors.new_recovery_codes(caller.id)))
