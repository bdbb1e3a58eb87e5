"""WeChat Pay's notifications (API v3, "支付成功回调通知"): 204 means taken, anything else that it should be sent again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from billing import inbox, inbox_refusals
from core import clock
from gateways.channel import BadNotification
from webhooks import body

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
_PROOF = ("wechatpay-", "request-id")
"""Headers worth keeping: they prove who sent the body, and name the call when asking the channel's support."""
_LONGEST_HEADER = 1_000


def endpoint(read: inbox.Read) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of the notification address."""

    async def take(request: web.Request) -> web.Response:
        headers = _kept(request.headers)
        try:
            raw = await body.read(request, max_bytes=MAX_BYTES)
        except body.Unreadable as fault:
            await inbox_refusals.refuse("wechat_pay", str(fault), headers=headers, body=None)
            return _refused(400)
        try:
            notice = read(request.headers, raw, clock.now())
        except BadNotification as fault:
            await inbox_refusals.refuse("wechat_pay", fault.reason, headers=headers, body=raw)
            return _refused(401)
        outcome = await inbox.receive("wechat_pay", notice, headers=headers, body=raw)
        log.info("wechat_pay notification %s for %s: %s", notice.event_id, notice.out_trade_no, outcome)
        return web.Response(status=204)

    return take


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value[:_LONGEST_HEADER]
        for name, value in headers.items()
        if name.lower().startswith(_PROOF) and value.isascii() and "\0" not in value
    }


def _refused(status: int) -> web.Response:
    return web.json_response({"code": "FAIL", "message": "失败"}, status=status)
