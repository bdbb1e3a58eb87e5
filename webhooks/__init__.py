"""Notifications of the payment channels: verified, written down, acted on, answered. No outgoing call on the way.

Whatever a stranger sends is answered 4xx, and moves nothing; the inbox keeps a bounded number of it (``billing.inbox_refusals``).
When one of our own parts is away the answer is 5xx, and the channel sends the notification again.
"""

from aiohttp import web

from billing import inbox
from gateways.logistics import Tracker
from webhooks import alipay, aliyun_sms, kuaidi100, wechat_pay
from webhooks.alipay import reading as reading_forms

__all__ = ["build", "reading_forms"]


def build(
    readers: inbox.Readers, *, sms_reports: bool = False, tracker: Tracker | None = None
) -> web.Application:
    """The door, to be mounted at ``/webhooks``; a channel that is not open has no address."""
    door = web.Application()
    if "wechat_pay" in readers:
        door.router.add_post("/wechat-pay", wechat_pay.endpoint(readers["wechat_pay"]))
    if "alipay" in readers:
        door.router.add_post("/alipay", alipay.endpoint(readers["alipay"]))
    if sms_reports:
        door.router.add_post("/aliyun-sms", aliyun_sms.take)
    if tracker is not None:
        door.router.add_post(kuaidi100.PATH, kuaidi100.endpoint(tracker))
    return door
