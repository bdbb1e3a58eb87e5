"""Alibaba Cloud's delivery reports of short messages (``gateways.sms.reports``): unsigned, so they only say what is worth asking about."""

from __future__ import annotations

import logging

from aiohttp import web

from gateways.sms import reports
from notifications import delivery_reports
from webhooks import body

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024


async def take(request: web.Request) -> web.Response:
    """The handler of the address. A number as ``code`` and HTTP 200 end the repetition."""
    try:
        pushed = reports.read(await body.read(request, max_bytes=MAX_BYTES))
    except (body.Unreadable, reports.NotReports):
        return web.json_response({"code": 400, "msg": "无法识别"}, status=400)
    heard = await delivery_reports.hear(
        [delivery_reports.Said(one.reference, one.number, one.phone, one.code) for one in pushed]
    )
    if pushed:
        log.info("delivery reports: %s said not to have arrived, %s to be asked about", len(pushed), heard)
    return web.json_response({"code": 0, "msg": "接收成功"})
