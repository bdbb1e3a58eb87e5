"""Sign-in by the code of ``wx.login``, in Alipay by that of ``my.getAuthCode``, or on a page inside WeChat."""

from typing import Annotated, Literal

from pydantic import Field

from core import http as kit
from members import sign_in, web_logins
from miniapp_api.services import Holder, Services


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


_RETURN_URL = Field(
    min_length=1,
    max_length=500,
    pattern=r"^https?://[\x21-\x7e]+$",
    description="授权后回到哪个页面，只能是本店的网址 · the page to come back to, one of the shop's own",
    examples=["https://pay.example.com/h5/"],
)
_SECRET = Field(min_length=48, max_length=48, pattern="^[0-9a-f]+$")


class Visit(kit.Body):
    return_url: Annotated[str, _RETURN_URL]
    scope: Annotated[
        Literal["base", "userinfo"],
        Field(
            description="base 静默；userinfo 请顾客同意，可得到 unionid · base asks nobody; userinfo asks, and the unionid is told"
        ),
    ] = "base"


class VisitBegun(kit.Answer):
    url: Annotated[str, Field(description="在微信内跳转到这里 · go here, inside WeChat")]
    proof: Annotated[
        str,
        Field(
            description="页面自己留着（sessionStorage），不放进网址 · kept by the page, never put into an address"
        ),
    ]
    ends_at: kit.Instant


class VisitBack(kit.Body):
    code: Annotated[
        kit.Token,
        Field(
            description="微信带回的 code · the code WeChat sent back with",
            examples=["081Kq4Ga1ukBwL0kYZFa1NGkFa1Kq4Gh"],
        ),
    ]
    state: Annotated[str, _SECRET, Field(description="微信带回的 state · the state WeChat sent back")]
    proof: Annotated[
        str, _SECRET, Field(description="开始时得到的 proof · the proof kept since the beginning")
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


async def begin(body: Visit, services: Services) -> object:
    """Sends a page's visitor to WeChat."""
    return await web_logins.begin(services.pages, body.return_url, body.scope)


async def back(body: VisitBack, services: Services) -> SignedIn:
    """Signs in a visitor who is back."""
    return _token(
        services,
        await web_logins.signed_in(services.pages, code=body.code, state=body.state, proof=body.proof),
    )


def _token(services: Services, who: sign_in.SignedIn) -> SignedIn:
    issued = services.tokens.issue(Holder.of(who).subject)
    return SignedIn(
        token=issued.token,
        expires_at=issued.expires_at,
        customer=SignedInCustomer(id=who.customer.id, name=who.customer.name, is_new=who.is_new),
    )
