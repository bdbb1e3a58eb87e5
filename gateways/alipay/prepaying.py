"""What Alipay is asked to prepare, and what the customer's side is given.

Facts: opendocs.alipay.com, alipay.trade.precreate, alipay.trade.create, alipay.trade.wap.pay, alipay.trade.page.pay.
"""

from __future__ import annotations

import re
from typing import Final

from core import money
from gateways import reading
from gateways.alipay import answers
from gateways.alipay.calls import Calls
from gateways.channel import AlreadyPaid, ChannelRefused, Prepared, PrepayOrder
from gateways.reading import understood

PAGES: Final = {
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
"""Methods that a browser carries to Alipay: we only sign, and no trade exists until the customer opens the address."""

# What a shop has signed decides which product it may name: a code on a screen is 当面付 here (also Alipay's own choice where none is named);
# who has 订单码支付 alone would have to name QR_CODE_OFFLINE. Alipay's pages behind these names were not to be had: it is our reading of
# the field descriptions that clients quote.
CALLS: Final = {
    "precreate": ("alipay.trade.precreate", "FACE_TO_FACE_PAYMENT"),
    "create": ("alipay.trade.create", "JSAPI_PAY"),
}
METHODS: Final = frozenset({*PAGES, *CALLS})

SUBJECT_LETTERS: Final = 256
_SUBJECT_FORBIDDEN = str.maketrans("/=&", "   ")
_USER_ID = re.compile(r"2088\d{12}", re.ASCII)


async def prepare(calls: Calls, method: str, order: PrepayOrder) -> Prepared:
    """See `Alipay.prepare`.

    Raises: AlreadyPaid.
    """
    biz = {
        "out_trade_no": order.out_trade_no,
        "total_amount": money.yuan(order.amount_fen),
        "subject": order.description.translate(_SUBJECT_FORBIDDEN)[:SUBJECT_LETTERS],
        "time_expire": order.expires_at.astimezone(reading.BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
    }
    if method in PAGES:
        return Prepared({"url": _url(calls, method, biz, order.return_url)}, None)
    api_method, biz["product_code"] = CALLS[method]
    if method == "create":
        biz |= _buyer(calls, order)
    try:
        content = await calls.ask(api_method, biz)
    except ChannelRefused as refused:
        if refused.code == answers.TRADE_PAID:
            raise AlreadyPaid(order.out_trade_no) from None
        raise
    with understood():
        if method == "create":
            trade_no = reading.text(content, "trade_no")
            return Prepared({"tradeNO": trade_no}, trade_no)
        return Prepared({"qr_code": reading.text(content, "qr_code")}, None)


def _buyer(calls: Calls, order: PrepayOrder) -> dict[str, str]:
    """Who alone may pay, and in which mini-program."""
    if not order.payer:
        raise ValueError("create needs the payer")
    settings = calls.settings
    name = "buyer_id" if _USER_ID.fullmatch(order.payer) else "buyer_open_id"
    return {name: order.payer, "op_app_id": settings.mini_program_app_id or settings.app_id}


def _url(calls: Calls, method: str, biz: dict[str, str], return_url: str | None) -> str:
    settings = calls.settings
    api_method, product_code = PAGES[method]
    fields = {**biz, "product_code": product_code}
    if method == "wap" and settings.quit_url is not None:
        fields["quit_url"] = settings.quit_url
    query = calls.requests.query(api_method, fields, return_url=return_url or settings.return_url)
    return f"{settings.gateway_url}?{query}"
