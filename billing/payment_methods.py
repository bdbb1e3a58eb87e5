"""Which channel where: what can work where the customer is, and who has to pay by it.

| the client is | it can pay by | and does with what it is given |
|---|---|---|
| ``mini_program`` in WeChat | wechat_pay jsapi | ``wx.requestPayment`` |
| ``h5_in_wechat``, a page inside WeChat | wechat_pay jsapi, with the official account's openid | ``WeixinJSBridge`` |
| ``mobile_browser`` | wechat_pay h5; alipay wap | goes to the address |
| ``browser`` on a desk | wechat_pay native; alipay precreate; alipay page | shows a code; goes to the address |
| ``counter``, a screen in the shop | wechat_pay native; alipay precreate | shows a code |
| ``alipay_mini_program`` | alipay create | ``my.tradePay`` |

WeChat opens no Alipay page and Alipay no WeChat one, h5_url works outside WeChat only, and a code is for another device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Literal, get_args

from billing import attempts
from billing.channels import Channels, NoSuchChannel, OpenChannel
from core import errors
from members import sign_in

Client = Literal[
    "mini_program", "h5_in_wechat", "mobile_browser", "browser", "counter", "alipay_mini_program"
]
Opens = Literal["wx.requestPayment", "WeixinJSBridge", "redirect", "qr_code", "my.tradePay"]


class MethodNotHere(errors.Conflict):
    """This way of paying cannot work where the customer is."""

    code = "payment_method_not_here"


class ReturnAddressNotOurs(errors.Invalid):
    """After paying, customers are only led back to the shop's own addresses."""

    code = "return_address_not_ours"


PayerUnknown = attempts.PayerUnknown


@dataclass(frozen=True, slots=True)
class Way:
    """One row of the table. ``params`` are the names of what the client is given once the payment is prepared."""

    client: Client
    channel: str
    method: str
    opens: Opens
    params: tuple[str, ...]


_SIGNED = ("timeStamp", "nonceStr", "package", "signType", "paySign")
WAYS = (
    Way("mini_program", "wechat_pay", "jsapi", "wx.requestPayment", _SIGNED),
    Way("h5_in_wechat", "wechat_pay", "jsapi", "WeixinJSBridge", ("appId", *_SIGNED)),
    Way("mobile_browser", "wechat_pay", "h5", "redirect", ("h5_url",)),
    Way("mobile_browser", "alipay", "wap", "redirect", ("url",)),
    Way("browser", "wechat_pay", "native", "qr_code", ("code_url",)),
    Way("browser", "alipay", "precreate", "qr_code", ("qr_code",)),
    Way("browser", "alipay", "page", "redirect", ("url",)),
    Way("counter", "wechat_pay", "native", "qr_code", ("code_url",)),
    Way("counter", "alipay", "precreate", "qr_code", ("qr_code",)),
    Way("alipay_mini_program", "alipay", "create", "my.tradePay", ("tradeNO",)),
)
CLIENTS: tuple[Client, ...] = get_args(Client)
_PAGES = frozenset({"h5", "wap", "page"})
"""Methods that take the browser elsewhere, from where it is led back."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a payment is asked for: what the client says it is (None: it does not say, and chooses by itself), its network
    address, and where it wants to be led back to."""

    client: Client | None = None
    address: str | None = None
    return_url: str | None = None

    @property
    def kept(self) -> Mapping[str, str]:
        """As it is written down with the attempt, beside the address: a repeat has to tell the channel the same."""
        named = {"client": self.client, "return_url": self.return_url}
        return {name: value for name, value in named.items() if value is not None}


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A way of paying that can work: at this channel, by this payer (None: anybody), under this app of the channel's."""

    opened: OpenChannel
    method: str
    payer: str | None
    app_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class Offer:
    """A way that is open to a customer; ``refusal`` says why it cannot be taken now."""

    way: Way
    refusal: errors.DomainError | None


async def offered(channels: Channels, customer_id: int, client: Client) -> list[Offer]:
    """The ways of paying that can work at ``client``, in the shop's order; channels that are not open are left out."""
    offers = []
    for way in WAYS:
        if way.client != client:
            continue
        try:
            opened = channels.find(way.channel, way.method)
        except NoSuchChannel:
            continue
        needed = _payer_app(opened, way.method, client)
        if needed is not None and needed[1] is None:
            continue
        refusal = None
        if needed is not None and await _payer(customer_id, needed) is None:
            refusal = PayerUnknown(method=way.method)
        offers.append(Offer(way, refusal))
    return offers


async def choose(
    channels: Channels, customer_id: int, *, channel: str, method: str, place: Place, payer: str | None = None
) -> Chosen:
    """Makes sure that the customer can pay this way where they are. ``payer`` is their openid, looked up when left out.

    Raises:
        NoSuchChannel, MethodNotHere, PayerUnknown, ReturnAddressNotOurs.
    """
    opened = channels.find(channel, method)
    not_here = MethodNotHere(client=place.client or "", channel=channel, method=method)
    if place.client is not None and not any(
        (way.client, way.channel, way.method) == (place.client, channel, method) for way in WAYS
    ):
        raise not_here
    if method == "h5" and (place.address is None or not _is_address(place.address)):
        raise not_here  # WeChat Pay wants to know where the browser is
    if place.return_url is not None and not channels.leads_home(place.return_url):
        raise ReturnAddressNotOurs
    needed = _payer_app(opened, method, place.client)
    place = replace(
        place,
        address=place.address if method == "h5" else None,
        return_url=place.return_url if method in _PAGES else None,
    )
    if needed is None:
        return Chosen(opened, method, None, opened.app_id, place)
    if needed[1] is None:
        raise not_here
    payer = payer or await _payer(customer_id, needed)
    app_id = needed[1] if place.client == "h5_in_wechat" else opened.app_id
    return Chosen(opened, method, attempts.payer_for(method, payer), app_id, place)


def _payer_app(
    opened: OpenChannel, method: str, client: Client | None
) -> tuple[sign_in.Provider, str | None] | None:
    """Under which identity the customer pays; None where anybody may. The app is None where the shop has none bound."""
    if method == "create":
        return "alipay", opened.mini_program_app_id or opened.app_id
    if method != "jsapi":
        return None
    if client == "h5_in_wechat":
        return "official_account", opened.official_app_id
    return "mini_program", opened.app_id


async def _payer(customer_id: int, needed: tuple[sign_in.Provider, str | None]) -> str | None:
    provider, app_id = needed
    return None if app_id is None else await sign_in.openid_of(customer_id, app_id, provider=provider)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
