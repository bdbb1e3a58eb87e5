"""What WeChat Pay is asked to prepare, and what the customer's side is given (API v3, "JSAPI/Native/H5下单")."""

from __future__ import annotations

import urllib.parse
from datetime import timedelta

from core import clock
from gateways import reading
from gateways.channel import Prepared, PrepayOrder
from gateways.reading import JsonObject
from gateways.wechat_pay.settings import Settings
from gateways.wechat_pay.signing import Signer

_DESCRIPTION_LETTERS = 127
_GOOD_FOR = {"h5": timedelta(minutes=5), "jsapi": timedelta(hours=2), "native": timedelta(hours=2)}
"""So long what is given out works, whatever `time_expire` says; the same order asked for again gets it anew ("H5下单": h5_url 的有效期为 5
分钟; "JSAPI下单", "Native下单": prepay_id、code_url 有效期为 2 小时)."""


def fields_of(settings: Settings, method: str, order: PrepayOrder) -> dict[str, object]:
    """The body of the prepay call. The same order gives the same body: WeChat Pay refuses a repeat that differs."""
    fields: dict[str, object] = {
        "appid": order.app_id or settings.app_id,
        "mchid": settings.mch_id,
        "description": order.description[:_DESCRIPTION_LETTERS],
        "out_trade_no": order.out_trade_no,
        "notify_url": settings.notify_url,
        "time_expire": order.expires_at.astimezone(reading.BEIJING).isoformat(timespec="seconds"),
        "amount": {"total": order.amount_fen, "currency": order.currency},
    }
    if method == "jsapi":
        if not order.payer:
            raise ValueError("jsapi needs the payer's openid")
        fields["payer"] = {"openid": order.payer}
    if method == "h5":
        if not order.client_ip:
            raise ValueError("h5 needs the customer's address")
        site = {"type": "Wap"} | ({"app_name": settings.h5_app_name} if settings.h5_app_name else {})
        fields["scene_info"] = {"payer_client_ip": order.client_ip, "h5_info": site}
    return fields


def client_side(
    settings: Settings, signer: Signer, method: str, order: PrepayOrder, content: JsonObject
) -> Prepared:
    """What the answer to the prepay call becomes on the customer's side.

    Raises: Malformed.
    """
    good_until = clock.now() + _GOOD_FOR[method]
    if method == "native":
        return Prepared({"code_url": reading.text(content, "code_url")}, None, good_until)
    if method == "h5":
        url = reading.text(content, "h5_url")
        if back := order.return_url or settings.h5_return_url:
            # The address must be on a domain registered for H5 payment, like the page that opens `h5_url`.
            url += f"&redirect_url={urllib.parse.quote(back, safe='')}"
        return Prepared({"h5_url": url}, None, good_until)
    prepay_id = reading.text(content, "prepay_id")
    params = signer.client_params(app_id=order.app_id or settings.app_id, prepay_id=prepay_id)
    return Prepared(params, prepay_id, good_until)
