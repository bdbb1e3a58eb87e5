"""Top-ups: asking to pay money in, and how that stands."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from billing import attempts, top_up_attempts, top_ups
from core import http as kit
from miniapp_api.payment_methods import ClientField, Method, ReturnUrl, place_of
from miniapp_api.services import Customer, Services


class NewTopUp(kit.Body):
    package_id: Annotated[kit.Id | None, Field(description="套餐，或 · a package, or", examples=[1])] = None
    amount_fen: Annotated[kit.PositiveFen | None, Field(description="自定金额 · an amount")] = None
    channel: Annotated[Literal["wechat_pay", "alipay"], Field(examples=["wechat_pay"])]
    method: Annotated[Method, Field(examples=["jsapi"])]
    client: ClientField = None
    return_url: ReturnUrl = None
    store: Annotated[
        Annotated[kit.No, Field(max_length=20)] | None,
        Field(description="在哪家门店 · the code of the store it is started at", examples=["west-lake"]),
    ] = None
    agreement_version: Annotated[
        kit.Token | None,
        Field(
            max_length=32,
            description="同意的预付卡协议版本；门店发布了协议时必填 · the version of the agreement agreed to; needed where one is "
            "published",
            examples=["2026-11"],
        ),
    ] = None


class AnotherWay(kit.Body):
    channel: Annotated[Literal["wechat_pay", "alipay"], Field(examples=["alipay"])]
    method: Annotated[Method, Field(examples=["wap"])]
    client: ClientField = None
    return_url: ReturnUrl = None


class Attempt(kit.Answer):
    payment_no: str
    channel: str
    method: str
    state: Annotated[
        str,
        Field(
            description="quarantined：款项待人工核对或已处理 · quarantined: an operator looks, or has looked, at its money",
            examples=["created", "prepared", "paid", "closed", "quarantined"],
        ),
    ]
    left_at: Annotated[
        kit.Instant | None,
        Field(description="何时改用其他方式支付 · when the customer chose another attempt"),
    ]
    created_at: kit.Instant
    expires_at: kit.Instant


class Payment(kit.Answer):
    payment_no: str
    channel: str
    method: str
    state: Annotated[str, Field(examples=["created", "prepared", "paid", "closed", "quarantined"])]
    client: Annotated[
        dict[str, str] | None,
        Field(
            description="支付参数，按 method：jsapi 为 wx.requestPayment 或 WeixinJSBridge 的参数，native 为 code_url，h5 为 h5_url，"
            "precreate 为 qr_code，wap 与 page 为 url，create 为 my.tradePay 的 tradeNO · what paying needs, by method: the parameters "
            "of wx.requestPayment or WeixinJSBridge, code_url, h5_url, qr_code, url, tradeNO",
            examples=[{"code_url": "weixin://wxpay/bizpayurl?pr=Ab3dEf7"}],
        ),
    ]
    client_until: Annotated[
        kit.Instant | None,
        Field(
            description="支付参数用到何时为止（微信 H5 链接 5 分钟），过后 check 会换新；为空则与 expires_at 相同 · until when client works (an "
            "H5 address of WeChat Pay: five minutes); afterwards check gives it anew; null: until expires_at"
        ),
    ]
    expires_at: kit.Instant


class TopUp(kit.Answer):
    top_up_no: str
    state: Annotated[
        str,
        Field(
            validation_alias="standing",
            description="quarantined：款项待人工核对 · quarantined: an operator has to look at the money",
            examples=["pending", "credited", "closed", "quarantined"],
        ),
    ]
    pay_fen: int
    bonus_fen: int
    store: str | None
    payment: Payment
    created_at: kit.Instant


async def start(
    body: NewTopUp, caller: Customer, services: Services, key: kit.IdempotencyKey, request: web.Request
) -> object:
    """Makes a top-up and opens its payment at the channel."""
    return await top_ups.start(
        services.channels,
        caller.id,
        package_id=body.package_id,
        amount_fen=body.amount_fen,
        channel=body.channel,
        method=body.method,
        store=body.store,
        key=key,
        agreement_version=body.agreement_version,
        place=place_of(body.client, body.return_url, request),
    )


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await top_ups.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(top_up_no: str, caller: Customer) -> object:
    """How one top-up stands."""
    return await top_ups.get(caller.id, top_up_no)


async def pay(
    top_up_no: str,
    body: AnotherWay,
    caller: Customer,
    services: Services,
    key: kit.IdempotencyKey,
    request: web.Request,
) -> object:
    """Another attempt at the same top-up."""
    return await top_up_attempts.pay(
        services.channels,
        caller.id,
        top_up_no,
        channel=body.channel,
        method=body.method,
        key=key,
        place=place_of(body.client, body.return_url, request),
    )


async def tried(top_up_no: str, caller: Customer) -> kit.Page[Attempt]:
    """All attempts, the newest first; there are few."""
    return kit.Page[Attempt](items=list(map(_attempt, await top_ups.attempts_of(caller.id, top_up_no))))


def _attempt(one: attempts.Payment) -> Attempt:
    return Attempt.model_validate(one, from_attributes=True)


async def check(top_up_no: str, caller: Customer, services: Services) -> object:
    """Asks the channel now."""
    return await top_ups.check(services.channels, caller.id, top_up_no)


async def cancel(top_up_no: str, caller: Customer, services: Services) -> object:
    """Gives it up."""
    return await top_ups.cancel(services.channels, caller.id, top_up_no)
