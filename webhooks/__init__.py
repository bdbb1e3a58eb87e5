"""Notifications of the payment channels: verified, written down, acted on, answered. No outgoing call on the way.

Whatever a stranger sends is answered 4xx and leaves nothing behind but a log line. When one of our own parts is away the
answer is 5xx, and the channel sends the notification again.
"""

from aiohttp import web

from webhooks import alipay, wechat_pay

__all__ = ["build"]


def build(
    *, wechat_pay_reader: wechat_pay.Reader | None, alipay_reader: alipay.Reader | None
) -> web.Application:
    """The door, to be mounted at ``/webhooks``; a channel that is not open has no address."""
    door = web.Application()
    if wechat_pay_reader is not None:
        door.router.add_post("/wechat-pay", wechat_pay.endpoint(wechat_pay_reader))
    if alipay_reader is not None:
        door.router.add_post("/alipay", alipay.endpoint(alipay_reader))
    return door
