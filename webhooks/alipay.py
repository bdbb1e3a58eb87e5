"""Alipay's asynchronous notifications (opendocs.alipay.com, "异步通知说明"): only the text ``success`` ends their repetition."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp import web

from billing import inbox, inbox_refusals
from core import clock
from gateways.channel import BadNotification, PaymentNotice
from webhooks import body

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
_MAX_FIELDS = 200
_FORM = "application/x-www-form-urlencoded"


class Reader(Protocol):
    """Verifies notifications; ``gateways.alipay.Alipay`` is one."""

    def read_notification(self, form_pairs: Sequence[tuple[str, str]], now: datetime) -> PaymentNotice: ...


def reading(reader: Reader) -> inbox.Read:
    """Reads the bytes of a form with ``reader``."""

    def read(_headers: Mapping[str, str], raw: bytes, at: datetime) -> PaymentNotice:
        try:
            pairs = _pairs(raw.decode("ascii"))
        except ValueError:
            raise BadNotification("not a form") from None
        return reader.read_notification(pairs, at)

    return read


def endpoint(read: inbox.Read) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of the notification address."""

    async def take(request: web.Request) -> web.Response:
        try:
            if request.content_type != _FORM:
                raise body.Unreadable("not a form")
            raw = await body.read(request, max_bytes=MAX_BYTES)
        except body.Unreadable as fault:
            await inbox_refusals.refuse("alipay", str(fault), headers={}, body=None)
            return _refused(400)
        try:
            notice = read({}, raw, clock.now())
        except BadNotification as fault:
            await inbox_refusals.refuse("alipay", fault.reason, headers={}, body=raw)
            return _refused(401)
        outcome = await inbox.receive("alipay", notice, headers={}, body=raw)
        log.info("alipay notification %s for %s: %s", notice.event_id, notice.out_trade_no, outcome)
        return web.Response(text="success")

    return take


def _pairs(form: str) -> list[tuple[str, str]]:
    """The form's fields, decoded once, in their order.

    Raises:
        ValueError: too many, or not UTF-8 once decoded.
    """
    return parse_qsl(
        form, keep_blank_values=True, max_num_fields=_MAX_FIELDS, encoding="utf-8", errors="strict"
    )


def _refused(status: int) -> web.Response:
    return web.Response(text="failure", status=status)
