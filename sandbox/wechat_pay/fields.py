"""Strict reading of request bodies: every field known, present when required, not empty, of the stated size.

Sizes and alphabets: pay.weixin.qq.com, "JSAPI下单", "Native下单", "关闭订单", "申请退款" (2025).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.wechat_pay.refusal import Refusal, param_error


@dataclass(frozen=True)
class Text:
    longest: int
    shortest: int = 1
    pattern: str = ""
    required: bool = False

    def check(self, path: str, value: Any) -> None:
        if not isinstance(value, str):
            raise param_error(path, "输入源的字段类型应为字符串", value=value)
        if not self.shortest <= len(value) <= self.longest:
            raise param_error(path, f"字符串长度应在{self.shortest}到{self.longest}之间", value=value)
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise param_error(path, "字符串格式不符合要求", value=value)


@dataclass(frozen=True)
class Whole:
    smallest: int = 0
    largest: int = 10**11
    required: bool = False

    def check(self, path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise param_error(path, "输入源的字段类型应为整数", value=value)
        if not self.smallest <= value <= self.largest:
            raise param_error(path, f"数值应在{self.smallest}到{self.largest}之间", value=value)


@dataclass(frozen=True)
class Flag:
    required: bool = False

    def check(self, path: str, value: Any) -> None:
        if not isinstance(value, bool):
            raise param_error(path, "输入源的字段类型应为布尔值", value=value)


@dataclass(frozen=True)
class Group:
    fields: Mapping[str, Field]
    required: bool = False

    def check(self, path: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise param_error(path or "/body", "输入源的字段类型应为对象", value=None)
        for name in value:
            if name not in self.fields:
                raise Refusal(
                    400, "PARAM_ERROR", "参数中含有非法的额外参数", 270924358, {"field": f"{path}/{name}"}
                )
        for name, rule in self.fields.items():
            if name in value:
                rule.check(f"{path}/{name}", value[name])
            elif rule.required:
                raise param_error(f"{path}/{name}", f"缺少必填参数{name}")


@dataclass(frozen=True)
class Rows:
    of: Field
    most: int = 6000
    required: bool = False

    def check(self, path: str, value: Any) -> None:
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise param_error(path, f"数组长度应在1到{self.most}之间")
        for position, one in enumerate(value):
            self.of.check(f"{path}/{position}", one)


Field = Text | Whole | Flag | Group | Rows


def read_body(raw: bytes, shape: Group) -> dict[str, Any]:
    """Raises: Refusal (PARAM_ERROR) naming the first field that is wrong."""
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(400, "PARAM_ERROR", "请求体不是有效的JSON", 268435461) from None
    shape.check("", body)
    assert isinstance(body, dict)
    return body


def read_time(path: str, text: str) -> float:
    """RFC 3339 with an offset, as world epoch seconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise param_error(path, "时间格式应符合rfc3339", value=text) from None
    if moment.tzinfo is None or "T" not in text:
        raise param_error(path, "时间格式应符合rfc3339，且带有时区", value=text)
    return moment.timestamp()


OUT_TRADE_NO = r"[0-9A-Za-z_\-|*]+"
# "必须为直接可访问的URL，不允许携带查询串"
NOTIFY_URL = r"https?://[^\s?#]+"

_GOODS = Group(
    {
        "merchant_goods_id": Text(32, required=True),
        "wechatpay_goods_id": Text(32),
        "goods_name": Text(256),
        "quantity": Whole(1, required=True),
        "unit_price": Whole(0, required=True),
    }
)
_ORDER: dict[str, Field] = {
    "appid": Text(32, required=True),
    "mchid": Text(32, required=True),
    "description": Text(127, required=True),
    "out_trade_no": Text(32, shortest=6, pattern=OUT_TRADE_NO, required=True),
    "time_expire": Text(64),
    "attach": Text(128),
    "notify_url": Text(255, pattern=NOTIFY_URL, required=True),
    "goods_tag": Text(32),
    "support_fapiao": Flag(),
    "limit_pay": Rows(Text(32)),
    "amount": Group({"total": Whole(1, required=True), "currency": Text(16, pattern="CNY")}, required=True),
    "detail": Group({"cost_price": Whole(), "invoice_id": Text(32), "goods_detail": Rows(_GOODS)}),
    "settle_info": Group({"profit_sharing": Flag()}),
}
_STORE = Group(
    {"id": Text(32, required=True), "name": Text(256), "area_code": Text(32), "address": Text(512)}
)
_SCENE: dict[str, Field] = {
    "payer_client_ip": Text(45, required=True),
    "device_id": Text(32),
    "store_info": _STORE,
}
_H5 = Group(
    {
        "type": Text(32, required=True),
        "app_name": Text(64),
        "app_url": Text(128),
        "bundle_id": Text(128),
        "package_name": Text(128),
    },
    required=True,
)

JSAPI = Group(
    {
        **_ORDER,
        "payer": Group({"openid": Text(128, required=True)}, required=True),
        "scene_info": Group(_SCENE),
    }
)
NATIVE = Group({**_ORDER, "scene_info": Group(_SCENE)})
APP = Group({**_ORDER, "scene_info": Group(_SCENE)})
H5 = Group({**_ORDER, "scene_info": Group({**_SCENE, "h5_info": _H5}, required=True)})
CLOSE = Group({"mchid": Text(32, required=True)})

_REFUND_GOODS = Group(
    {
        "merchant_goods_id": Text(32, required=True),
        "wechatpay_goods_id": Text(32),
        "goods_name": Text(256),
        "unit_price": Whole(required=True),
        "refund_amount": Whole(required=True),
        "refund_quantity": Whole(1, required=True),
    }
)
REFUND = Group(
    {
        "transaction_id": Text(32),
        "out_trade_no": Text(32, shortest=6, pattern=OUT_TRADE_NO),
        "out_refund_no": Text(64, pattern=r"[0-9A-Za-z_\-|*@]+", required=True),
        "reason": Text(80),
        "notify_url": Text(255, pattern=NOTIFY_URL),
        "funds_account": Text(32, pattern="AVAILABLE|UNSETTLED"),
        "amount": Group(
            {
                "refund": Whole(1, required=True),
                "total": Whole(1, required=True),
                "currency": Text(16, pattern="CNY", required=True),
                "from": Rows(
                    Group(
                        {
                            "account": Text(32, pattern="AVAILABLE|UNAVAILABLE", required=True),
                            "amount": Whole(required=True),
                        }
                    )
                ),
            },
            required=True,
        ),
        "goods_detail": Rows(_REFUND_GOODS),
    }
)
ABNORMAL = Group(
    {
        "out_refund_no": Text(64, pattern=r"[0-9A-Za-z_\-|*@]+", required=True),
        "type": Text(32, pattern="USER_BANK_CARD|MERCHANT_BANK_CARD", required=True),
        "bank_type": Text(16),
        "bank_account": Text(1024),
        "real_name": Text(1024),
    }
)
TRANSFER = Group(
    {
        "appid": Text(32, required=True),
        "out_bill_no": Text(32, pattern="[0-9A-Za-z]+", required=True),
        "transfer_scene_id": Text(36, pattern="1000|1002|1004|1005|1009|1010|1011|1013", required=True),
        "openid": Text(64, required=True),
        "user_name": Text(1024),
        "transfer_amount": Whole(1, required=True),
        "transfer_remark": Text(32, required=True),
        "notify_url": Text(256, pattern=NOTIFY_URL),
        "user_recv_perception": Text(32),
        "transfer_scene_report_infos": Rows(
            Group({"info_type": Text(15, required=True), "info_content": Text(32, required=True)}),
            required=True,
        ),
    }
)
