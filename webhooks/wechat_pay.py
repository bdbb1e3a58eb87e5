"""WeChat Pay's notifications (API v3, "支付成功回调通知"): 204 means taken, anything else that it should be sent again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from aiohttp import web

from billing import inbox
from core import clock
from gateways.channel import BadNotification, PaymentNotice
from webhooks import body

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
_PROOF = ("wechatpay-", "request-id")
"""Headers worth keeping: they prove who sent the body, and name the call when asking the channel's support."""


class Reader(Protocol):
    """Verifies and opens notifications; ``gateways.wechat_pay.WechatPay`` is one."""

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> PaymentNotice: ...


def endpoint(reader: Reader) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of the notification address."""

    async def take(request: web.Request) -> web.Response:
        try:
            raw = await body.read(request, max_bytes=MAX_BYTES)
            notice = reader.read_notification(request.headers, raw, clock.now())
        except body.Unreadable as fault:
            return _refused(400, str(fault))
        except BadNotification as fault:
            return _refused(401, fault.reason)
        outcome = await inbox.receive("wechat_pay", notice, headers=_kept(request.headers), body=raw.decode())
        log.info("wechat_pay notification %s for %s: %s", notice.event_id, notice.out_trade_no, outcome)
        return web.Response(status=204)

    return take


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in headers.items() if name.lower().startswith(_PROOF) and value.isascii()
    }


def _refused(status: int, reason: str) -> web.Response:
    log.warning("wechat_pay notification refused: %s", reason)
    return web.json_response({"code": "FAIL", "message": "失败"}, status=status)
