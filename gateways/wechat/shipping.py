"""Shipping information of payments made in the mini-program ("发货信息录入", developers.weixin.qq.com, order-shipping).

Mini-programs under order management get their money only when what was paid for is reported as handed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateways import reading
from gateways.wechat.platform import Account, PlatformRefused
from gateways.wechat.tokens import AccessTokens

How = Literal["virtual", "pick_up", "express"]
_LOGISTICS: dict[How, int] = {"express": 1, "virtual": 3, "pick_up": 4}
_BY_TRANSACTION = 2
_AT_ONCE, _IN_SEVERAL = 1, 2
MOST_PARCELS = 15
_WANTS_CONTACT = "SF"
"""The company whose parcels are looked up with an end of a phone number: theirs need a contact, with the middle of the number left out."""
EXPRESS_COMPANIES = {
    "shunfeng": "SF", "zhongtong": "ZTO", "yuantong": "YTO", "yunda": "YD", "shentong": "STO", "jtexpress": "JTSD", "jd": "JD",
    "ems": "EMS", "youzhengguonei": "YZPY", "debangkuaidi": "DBL", "danniao": "DNWL", "kuayue": "KYSY",
}  # fmt: skip
"""The platform's codes of express companies ("获取运力id列表", get_delivery_list) by those of ``gateways.logistics.carriers``."""

REPORTED_BEFORE = frozenset({10060002, 10060003, 10060023, 268440065})
"""What the platform says to a payment that is reported already, with the same or for good."""
NOT_VISIBLE_YET = 10060001
"""The platform does not know the payment; just after paying it often does not, yet."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel by express. `express_company` is the platform's code (SF, YTO, …); `phone` is the receiver's."""

    express_company: str
    tracking_no: str
    phone: str | None = None

    def listed(self, item: str) -> dict[str, object]:
        """As a row of the platform's shipping_list."""
        row: dict[str, object] = {
            "item_desc": item,
            "express_company": self.express_company,
            "tracking_no": self.tracking_no,
        }
        if self.phone and self.express_company == _WANTS_CONTACT:
            row["contact"] = {"receiver_contact": f"{self.phone[:3]}****{self.phone[-4:]}"}
        return row


@dataclass(frozen=True, slots=True)
class Shipment:
    """What was handed over for one payment: all of it. `parcels` belong to `express` alone, which has one at least."""

    transaction_id: str
    payer: str
    item: str
    how: How
    at: datetime
    parcels: tuple[Parcel, ...] = ()


class OrderShipping:
    """Reports shipments for one mini-program."""

    def __init__(self, account: Account, tokens: AccessTokens) -> None:
        self._account = account
        self._tokens = tokens

    async def is_managed(self) -> bool:
        """Whether the platform wants to be told of shipments at all (is_trade_managed).

        Raises: PlatformRefused, PlatformUnknown.
        """
        content = await self._tokens.ask(
            "/wxa/sec/order/is_trade_managed", fields={"appid": self._account.app_id}
        )
        return content.get("is_trade_managed") is True

    async def report(self, shipment: Shipment) -> None:
        """Tells of a shipment (upload_shipping_info). One that was reported before counts as done.

        Raises:
            PlatformRefused: `NOT_VISIBLE_YET` among others.
            PlatformUnknown: repeat it; that does no harm.
        """
        parcels = [parcel.listed(shipment.item) for parcel in shipment.parcels[:MOST_PARCELS]]
        fields: dict[str, object] = {
            "order_key": {"order_number_type": _BY_TRANSACTION, "transaction_id": shipment.transaction_id},
            "logistics_type": _LOGISTICS[shipment.how],
            "delivery_mode": _IN_SEVERAL if len(parcels) > 1 else _AT_ONCE,
            "shipping_list": parcels or [{"item_desc": shipment.item}],
            "upload_time": shipment.at.astimezone(reading.BEIJING).isoformat(timespec="milliseconds"),
            "payer": {"openid": shipment.payer},
        }
        if len(parcels) > 1:
            fields["is_all_delivered"] = True
        try:
            await self._tokens.ask("/wxa/sec/order/upload_shipping_info", fields=fields)
        except PlatformRefused as refused:
            if refused.errcode not in REPORTED_BEFORE:
                raise
