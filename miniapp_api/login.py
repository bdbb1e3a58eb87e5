"""Sign-in by the code of ``wx.login``, or in Alipay by that of ``my.getAuthCode``."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from members import sign_in
from miniapp_api.services import Services


class LoginCode(kit.Body):
    code: Annotated[
        kit.Token,
        Field(
            description="wx.login 返回的 code · the code wx.login gave",
            examples=["0a3Xc9000Wq0zR1bKl200uXyz"],
        ),
    ]


class AuthCode(kit.Body):
    auth_code: Annotated[
        kit.Token,
        Field(
            description="my.getAuthCode 返回的 authCode · the code my.getAuthCode gave",
            examples=["4b203fe6c11548bcabd8da5bb087a83b"],
        ),
    ]


class SignedInCustomer(kit.Answer):
    id: int
    name: str
    is_new: Annotated[bool, Field(description="首次登录 · signed in for the first time")]


class SignedIn(kit.Answer):
    token: str
    expires_at: kit.Instant
    customer: SignedInCustomer


async def by_code(body: LoginCode, services: Services) -> SignedIn:
    """Exchanges the code for a token of ours."""
    return _token(
        services, await sign_in.by_mini_program(services.mini_program, services.mini_app_id, body.code)
    )


async def by_auth_code(body: AuthCode, services: Services) -> SignedIn:
    """The same in Alipay's mini-program."""
    return _token(services, await sign_in.by_alipay(services.alipay, services.alipay_app_id, body.auth_code))


def _token(services: Services, who: sign_in.SignedIn) -> SignedIn:
    issued = services.tokens.issue(str(who.customer.id))
    return SignedIn(
        token=issued.token,
        expires_at=issued.expires_at,
        customer=SignedInCustomer(id=who.customer.id, name=who.customer.name, is_new=who.is_new),
    )
