"""Shipping information of payments ("发货信息录入"): is_trade_managed and upload_shipping_info.

Facts: developers.weixin.qq.com, "发货信息录入接口" (fields, 47001 for a list that is none, one correction, error numbers) and
"查询小程序是否已完成交易结算管理确认".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.platform.accounts import PlatformError
from sandbox.store import Shelf
from sandbox.world import World

LOGISTICS = {1: "express", 2: "same_city", 3: "virtual", 4: "pick_up"}
EXPRESS = 1
MOST_PARCELS = 15
ITEM_LETTERS = 120


@dataclass
class Shipped:
    """What the merchant said of one payment; `uploads` once, or twice after a correction."""

    transaction_id: str
    openid: str
    logistics: str
    parcels: list[dict[str, Any]] = field(default_factory=list)
    uploads: int = 1


class Shipping:
    def __init__(self, world: World) -> None:
        self._world = world
        self._shipped = Shelf(world.store, "platform.shipped", Shipped)

    def is_managed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 40013."""
        if body.get("appid") != self._world.credentials.mini_app_id:
            raise PlatformError(40013, "invalid appid")
        return {"errcode": 0, "errmsg": "ok", "is_trade_managed": self._world.settings.trade_managed}

    def upload(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 47001, 10060001, 10060003, 10060005, 10060008, 10060009, 10060023, 10060031."""
        transaction_id, openid = self._payment(body)
        logistics = LOGISTICS.get(body.get("logistics_type", 0))
        if logistics is None or body.get("delivery_mode") not in (1, 2):
            raise PlatformError(10060005, "物流类型有误")
        if body["delivery_mode"] == 2 and not isinstance(body.get("is_all_delivered"), bool):
            raise PlatformError(47001, "data format error")
        parcels = _parcels(body, logistics)
        _check_time(body.get("upload_time"))
        known = self._shipped.get(transaction_id)
        if known is None:
            self._put(Shipped(transaction_id, openid, logistics, parcels))
        elif (known.logistics, known.parcels) == (logistics, parcels):
            raise PlatformError(10060023, "发货信息未更新")
        elif known.uploads > 1:
            raise PlatformError(10060003, "支付单已使用重新发货机会")
        else:
            self._put(Shipped(transaction_id, openid, logistics, parcels, known.uploads + 1))
        return {"errcode": 0, "errmsg": "ok"}

    def all(self) -> list[Shipped]:
        return list(self._shipped)

    def _put(self, shipped: Shipped) -> None:
        self._shipped.put(shipped.transaction_id, shipped)

    def _payment(self, body: dict[str, Any]) -> tuple[str, str]:
        key, payer = body.get("order_key"), body.get("payer")
        if not isinstance(key, dict) or not isinstance(payer, dict):
            raise PlatformError(47001, "data format error")
        wanted = {
            1: ("out_trade_no", key.get("out_trade_no")),
            2: ("channel_trade_no", key.get("transaction_id")),
        }
        name, number = wanted.get(key.get("order_number_type", 0), ("", None))
        paid = next(
            (
                one
                for one in self._world.wallets.movements()
                if one.kind == "paid"
                and one.channel == "wechat_pay"
                and number
                and getattr(one, name) == number
            ),
            None,
        )
        if paid is None:
            raise PlatformError(10060001, "支付单不存在")
        person = self._world.people.get(paid.person_id)
        openid = str(payer.get("openid", ""))
        if person is None or openid not in (person.mini_openid, person.official_openid):
            raise PlatformError(10060031, "该笔支付单不属于 openid 所指定的用户")
        return paid.channel_trade_no, openid


def _parcels(body: dict[str, Any], logistics: str) -> list[dict[str, Any]]:
    parcels = body.get("shipping_list")
    if not isinstance(parcels, list) or not 1 <= len(parcels) <= MOST_PARCELS:
        raise PlatformError(47001, "data format error")
    for parcel in parcels:
        if not isinstance(parcel, dict):
            raise PlatformError(47001, "data format error")
        item = parcel.get("item_desc")
        if not isinstance(item, str) or not item:
            raise PlatformError(10060008, "商品描述不能为空")
        if len(item) > ITEM_LETTERS:
            raise PlatformError(10060009, "商品描述不能超过120字")
        has_parcel = bool(parcel.get("tracking_no")) and bool(parcel.get("express_company"))
        if logistics == "express" and not has_parcel:
            raise PlatformError(10060011, "物流快递发货时，快递公司和单号必填")
    return parcels


def _check_time(text: Any) -> None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "." not in str(text):
        raise PlatformError(10060011, "upload_time 应为 RFC 3339 格式，精确到毫秒")
