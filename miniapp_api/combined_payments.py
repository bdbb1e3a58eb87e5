"""Combined payments: a bill or an order paid through a channel, with a share of the balance or without."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from billing import combined
from core import http as kit
from miniapp_api.payment_methods import ClientField, Method, ReturnUrl, place_of
from miniapp_api.services import Customer, Services
from miniapp_api.top_ups import Payment
from shop import channel_payments


class NewCombinedPayment(kit.Body):
    balance_fen: Annotated[
        kit.Fen | None,
        Field(
            description="用余额付多少；不填则用全部可用余额，0 表示全部走渠道 · how much of the balance to use; all that is "
            "available by default, 0 for the channel alone",
            examples=[800],
        ),
    ] = None
    amount_fen: Annotated[
        kit.PositiveFen | None,
        Field(
            description="一共付多少，可部分付或分期的账单才能少付；不填为全部应付 · how much in all, less than is owed only of a bill that "
            "may be paid in part or is in instalments; left out: all that is owed",
            examples=[5000],
        ),
    ] = None
    channel: Annotated[Literal["wechat_pay", "alipay"], Field(examples=["wechat_pay"])]
    method: Annotated[Method, Field(examples=["jsapi"])]
    client: ClientField = None
    return_url: ReturnUrl = None


class CombinedPayment(kit.Answer):
    combined_no: str
    bill_no: str
    title: str
    source: Annotated[str, Field(description="为何而付 · what it is for", examples=["order:S261123…"])]
    state: Annotated[
        str,
        Field(
            validation_alias="standing",
            description="open：待支付；paid：已付清；closed：未支付已关闭，余额已解冻；credited：款项到账时账单已无法支付，已转入余额；"
            "quarantined：款项待人工核对 · open; paid; closed: not paid, the hold is released; credited: its money came too late "
            "for the bill and is on the balance; quarantined: an operator has to look at the money",
            examples=["open", "paid", "closed", "credited", "quarantined"],
        ),
    ]
    balance_fen: Annotated[int, Field(description="从余额冻结并支付 · held on the balance")]
    channel_fen: Annotated[int, Field(description="由渠道支付 · paid through the channel")]
    total_fen: int
    payment: Payment
    created_at: kit.Instant


async def start_for_order(
    order_no: str,
    body: NewCombinedPayment,
    caller: Customer,
    services: Services,
    key: kit.IdempotencyKey,
    request: web.Request,
) -> object:
    """Holds the balance's share and opens the rest at the channel."""
    wanted = _wanted(body, request)
    return await channel_payments.start(services.channels, caller.id, order_no, wanted, key=key)


async def start_for_bill(
    bill_no: str,
    body: NewCombinedPayment,
    caller: Customer,
    services: Services,
    key: kit.IdempotencyKey,
    request: web.Request,
) -> object:
    """The same for a bill that is not an order's."""
    wanted = _wanted(body, request)
    return await combined.start(services.channels, caller.id, bill_no, wanted, key=key)


def _wanted(body: NewCombinedPayment, request: web.Request) -> combined.Wanted:
    place = place_of(body.client, body.return_url, request)
    return combined.Wanted(
        body.balance_fen, body.channel, body.method, place=place, amount_fen=body.amount_fen
    )


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await combined.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(combined_no: str, caller: Customer) -> object:
    """How one stands."""
    return await combined.get(caller.id, combined_no)


async def check(combined_no: str, caller: Customer, services: Services) -> object:
    """Asks the channel now."""
    return await combined.check(services.channels, caller.id, combined_no)


async def cancel(combined_no: str, caller: Customer, services: Services) -> object:
    """Closes it at the channel, then here."""
    return await combined.cancel(services.channels, caller.id, combined_no)
