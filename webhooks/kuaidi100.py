"""Kuaidi100's pushes (``gateways.logistics.kuaidi100``): a form of param and sign, to an address of each parcel's own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from aiohttp import web

from gateways.logistics import BadPush, Tracker
from shop import tracking
from webhooks import body

log = logging.getLogger(__name__)

MAX_BYTES = 512 * 1024
_MAX_FIELDS = 20
PATH = r"/kuaidi100/{parcel_id:[1-9]\d{0,17}}"


def endpoint(tracker: Tracker) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of the parcels' addresses. Only ``result`` true ends the repetition."""

    async def take(request: web.Request) -> web.Response:
        parcel_id = int(request.match_info["parcel_id"])
        try:
            raw = await body.read(request, max_bytes=MAX_BYTES)
            form = dict(parse_qsl(raw.decode("ascii"), max_num_fields=_MAX_FIELDS, errors="strict"))
            push = tracker.read_push(parcel_id, form)
        except (body.Unreadable, ValueError):
            return _answer(400, "无法识别")
        except BadPush as fault:
            log.info("a push of parcel %s was refused: %s", parcel_id, fault)
            return _answer(401, "验签失败")
        if not await tracking.take(parcel_id, push):
            return _answer(404, "没有这个包裹")
        return _answer(200, "成功")

    return take


def _answer(status: int, message: str) -> web.Response:
    taken = status == 200
    return web.json_response({"result": taken, "returnCode": str(status), "message": message}, status=status)
