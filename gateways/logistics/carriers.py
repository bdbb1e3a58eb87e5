"""Carriers 快递公司 by the codes of Kuaidi100 (api.kuaidi100.com, "快递公司编码": lower-case letters and digits), and the names shops write."""

from __future__ import annotations

import re

_NAMES = {
    "shunfeng": ("顺丰速运", "顺丰快递", "顺丰", "SF"),
    "zhongtong": ("中通快递", "中通", "ZTO"),
    "yuantong": ("圆通速递", "圆通快递", "圆通", "YTO"),
    "yunda": ("韵达快递", "韵达速递", "韵达", "YD"),
    "shentong": ("申通快递", "申通", "STO"),
    "jtexpress": ("极兔速递", "极兔快递", "极兔", "JT"),
    "jd": ("京东物流", "京东快递", "京东", "JD"),
    "ems": ("EMS", "邮政特快"),
    "youzhengguonei": ("邮政快递包裹", "中国邮政", "邮政"),
    "debangkuaidi": ("德邦快递", "德邦", "DB"),
    "danniao": ("丹鸟", "菜鸟速递"),
    "kuayue": ("跨越速运", "跨越"),
}
_CODES = {name.casefold(): code for code, names in _NAMES.items() for name in names}
_CODE = re.compile(r"[a-z][a-z0-9]{1,29}", re.ASCII)
NUMBER = re.compile(r"[A-Za-z0-9-]{6,32}", re.ASCII)
"""A tracking number as the service takes it."""


def code_of(carrier: str) -> str | None:
    """The code of a carrier that is written by its name, or by its code; None: nobody we know."""
    written = carrier.strip()
    if (code := _CODES.get(written.casefold())) is not None:
        return code
    return written if _CODE.fullmatch(written) else None
