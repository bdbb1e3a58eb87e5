"""Which channel where: the client says what it is and is told by what it can pay."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from billing import payment_methods
from core import http as kit
from miniapp_api.packages import Refusal
from miniapp_api.services import Customer, Services

Method = Literal["jsapi", "native", "h5", "precreate", "wap", "page", "create"]

_CLIENTS = (
    "mini_program 微信小程序，h5_in_wechat 微信内网页，mobile_browser 手机浏览器，browser 电脑浏览器，counter 店内屏幕，"
    "alipay_mini_program 支付宝小程序"
)

ClientField = Annotated[
    payment_methods.Client | None,
    Field(
        description=f"顾客在哪里付款；不填则不检查 method 能否在那里使用：{_CLIENTS} · where the customer is; left out, nobody "
        "checks whether the method works there",
        examples=["mini_program"],
    ),
]
ReturnUrl = Annotated[
    Annotated[str, Field(min_length=1, max_length=500, pattern=r"^https?://[\x21-\x7e]+$")] | None,
    Field(
        description="网页支付（h5、wap、page）完成后回到哪里，只能是本店的网址；回到这里不等于已付款 · where the browser goes "
        "after paying on a page, one of the shop's own addresses; coming back is no proof of payment",
        examples=["https://pay.example.com/h5/top-ups"],
    ),
]


class MethodsQuery(kit.Query):
    client: Annotated[
        payment_methods.Client,
        Field(description=f"{_CLIENTS} · what the client is", examples=["mini_program"]),
    ]


class PaymentMethod(kit.Answer):
    channel: Annotated[str, Field(examples=["wechat_pay"])]
    method: Annotated[str, Field(examples=["jsapi"])]
    opens: Annotated[
        payment_methods.Opens,
        Field(
            description="拿到支付参数后做什么：调用 wx.requestPayment、WeixinJSBridge 或 my.tradePay，跳转到网址，或显示二维码 · "
            "what to do with what is given: call one of the three, go to the address, or show the code",
        ),
    ]
    params: Annotated[
        list[str],
        Field(
            description="payment.client 里会有的参数 · what payment.client will hold", examples=[["code_url"]]
        ),
    ]
    refusal: Annotated[
        Refusal | None,
        Field(description="现在不能用的原因，null 可以用 · why it cannot be taken now; null: it can"),
    ]


async def offered(
    query: MethodsQuery, caller: Customer, services: Services, locale: str
) -> kit.Page[PaymentMethod]:
    """The ways of paying that can work there, in the shop's order."""
    offers = await payment_methods.offered(services.channels, caller.id, query.client)
    return kit.Page[PaymentMethod](items=[_method(offer, locale) for offer in offers])


def place_of(
    client: payment_methods.Client | None, return_url: str | None, request: web.Request
) -> payment_methods.Place:
    """Where a request to pay comes from."""
    return payment_methods.Place(client, request[kit.CLIENT_ADDRESS], return_url)


def _method(offer: payment_methods.Offer, locale: str) -> PaymentMethod:
    way, no = offer.way, offer.refusal
    return PaymentMethod(
        channel=way.channel,
        method=way.method,
        opens=way.opens,
        params=list(way.params),
        refusal=None if no is None else Refusal(code=no.code, message=no.sentence(locale)),
    )
