"""JSON endpoints of the phone page; see sandbox/README.md for the list."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.alipay.server import Alipay
from sandbox.alipay.wire import AlipayError
from sandbox.people import Person
from sandbox.phone.sheets import PaySheets
from sandbox.platform.accounts import PlatformError
from sandbox.platform.chat import NotFollowing
from sandbox.platform.server import Platform
from sandbox.wechat_pay.orders import CannotPay
from sandbox.wechat_pay.server import WeChatPay
from sandbox.world import World

STATIC = Path(__file__).parent / "static"
# The page talks to the sandbox and to the shop's API, and to nobody else.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {shop}; "
    "connect-src 'self' {shop}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Phone:
    def __init__(self, world: World, platform: Platform, wechat_pay: WeChatPay, alipay: Alipay) -> None:
        self._world = world
        self._platform = platform
        self._alipay = alipay
        self._sheets = PaySheets(world, wechat_pay.cashier, wechat_pay.transfers, alipay.cashier)

    def add_routes(self, app: web.Application) -> None:
        get, post = app.router.add_get, app.router.add_post
        person = "/phone/people/{person_id}"
        get("/phone/config.json", self._config)
        get("/phone/people", self._people)
        post("/phone/people", self._arrive)
        get(person, self._person)
        post(f"{person}/login-code", self._login_code)
        post(f"{person}/phone-code", self._phone_code)
        post(f"{person}/wechat-pay/request-payment", self._request_payment)
        post(f"{person}/wechat-pay/scan", self._scan_wechat)
        post(f"{person}/wechat-pay/open-h5", self._open_h5)
        post(f"{person}/wechat-pay/request-merchant-transfer", self._request_transfer)
        post(f"{person}/alipay/scan", self._scan_alipay)
        post(f"{person}/alipay/open", self._open_alipay)
        post(f"{person}/alipay/trade-pay", self._trade_pay)
        post(f"{person}/alipay/auth-code", self._auth_code)
        post(f"{person}/official/authorize", self._authorize)
        post(f"{person}/official/follow", self._follow)
        post(f"{person}/official/unfollow", self._unfollow)
        post(f"{person}/official/messages", self._say)
        post(f"{person}/official/menu", self._tap_menu)
        post(f"{person}/mini-program/service", self._at_service_desk)
        get("/phone/official/menu", self._menu)
        get("/phone/templates", self._templates)
        post(f"{person}/subscribe-messages", self._decide)
        post("/phone/sheets/{sheet_no}/pay", self._pay)
        post("/phone/sheets/{sheet_no}/cancel", self._cancel)
        get(f"{person}/feed", self._feed)
        get(f"{person}/stream", self._stream)
        get("/", self._page)
        app.router.add_static("/static", STATIC)

    async def _config(self, _request: web.Request) -> web.Response:
        """What a real phone gets from the installed mini-program: whose it is, and where its API lives."""
        settings = self._world.settings
        return web.json_response(
            {
                "merchant_name": settings.merchant_name,
                "mini_app_id": self._world.credentials.mini_app_id,
                "official_app_id": self._world.credentials.official_app_id,
                "shop_api_url": settings.shop_api_url,
            }
        )

    # ── people ─────────────────────────────────────────────────────────────────────────────────────

    async def _people(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": [asdict(person) for person in self._world.people.all()]})

    async def _arrive(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        return web.json_response(asdict(self._world.people.arrive(body.get("nickname"))), status=201)

    async def _person(self, request: web.Request) -> web.Response:
        return web.json_response(asdict(self._who(request)))

    async def _login_code(self, request: web.Request) -> web.Response:
        return web.json_response({"code": self._platform.login.new_code(self._who(request))})

    async def _phone_code(self, request: web.Request) -> web.Response:
        return web.json_response({"code": self._platform.login.new_phone_code(self._who(request))})

    async def _authorize(self, request: web.Request) -> web.Response:
        """{"url": the page of web authorization} → {"location": where WeChat sends the person then}."""
        url = str((await read_json(request)).get("url", ""))
        try:
            return web.json_response(
                {"location": self._platform.web_authorization.open(self._who(request), url)}
            )
        except PlatformError as refused:
            raise web.HTTPUnprocessableEntity(text=refused.errmsg) from refused

    # ── paying ─────────────────────────────────────────────────────────────────────────────────────

    async def _request_payment(self, request: web.Request) -> web.Response:
        person, params = self._who(request), await read_json(request)
        app_id = str(params.pop("appId", self._world.credentials.mini_app_id))
        return self._open(lambda: self._sheets.request_payment(person, app_id, params))

    async def _scan_wechat(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        return self._open(lambda: self._sheets.scan_wechat(person, str(body.get("code_url", ""))))

    async def _open_h5(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        return self._open(lambda: self._sheets.open_h5(person, str(body.get("h5_url", ""))))

    async def _request_transfer(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        return self._open(lambda: self._sheets.request_transfer(person, str(body.get("package", ""))))

    async def _scan_alipay(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        return self._open(lambda: self._sheets.scan_alipay(person, str(body.get("qr_code", ""))))

    async def _open_alipay(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        return self._open(lambda: self._sheets.open_alipay(person, str(body.get("url", ""))))

    async def _trade_pay(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        return self._open(lambda: self._sheets.trade_pay(person, str(body.get("tradeNO", ""))))

    async def _auth_code(self, request: web.Request) -> web.Response:
        return web.json_response({"authCode": self._alipay.authorizations.new_code(self._who(request))})

    def _open(self, opener: Callable[[], dict[str, Any]]) -> web.Response:
        try:
            return web.json_response(opener(), status=201)
        except (CannotPay, AlipayError) as refused:
            return _refused(refused)

    async def _pay(self, request: web.Request) -> web.Response:
        sheet_no = request.match_info["sheet_no"]
        try:
            call = self._sheets.call_of(sheet_no)
            back = self._sheets.pay(sheet_no)
        except KeyError:
            raise web.HTTPNotFound(text="no such sheet") from None
        except (CannotPay, AlipayError) as refused:
            return _refused(refused)
        answer = {"errMsg": f"{call}:ok"}
        return web.json_response(answer | {"return_url": back} if isinstance(back, str) else answer)

    async def _cancel(self, request: web.Request) -> web.Response:
        sheet_no = request.match_info["sheet_no"]
        try:
            call = self._sheets.call_of(sheet_no)
            self._sheets.cancel(sheet_no)
        except KeyError:
            raise web.HTTPNotFound(text="no such sheet") from None
        return web.json_response({"errMsg": f"{call}:fail cancel"})

    # ── the official account and messages ──────────────────────────────────────────────────────────

    async def _follow(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        scene = body.get("scene")
        if body.get("ticket") is not None:  # a code was scanned
            scene = self._platform.scene_codes.scene_of(str(body["ticket"]))
            if scene is None:
                raise web.HTTPNotFound(text="no such code, or it is over")
        self._platform.chat.follow(person, None if scene is None else str(scene))
        return web.json_response(asdict(person))

    async def _unfollow(self, request: web.Request) -> web.Response:
        person = self._who(request)
        self._platform.chat.unfollow(person)
        return web.json_response(asdict(person))

    async def _say(self, request: web.Request) -> web.Response:
        person, body = self._who(request), await read_json(request)
        text = body.get("text")
        if not isinstance(text, str) or not text.strip():
            raise web.HTTPUnprocessableEntity(text="text is missing")
        try:
            item = self._platform.chat.say(person, text)
        except NotFollowing:
            raise web.HTTPConflict(text="the person does not follow the account") from None
        return web.json_response(asdict(item), status=202)

    async def _at_service_desk(self, request: web.Request) -> web.Response:
        """{"text": …} or {"picture": <url>} to the mini-program's customer service; an empty object enters it."""
        person, body = self._who(request), await read_json(request)
        desk = self._platform.service_desk
        if "text" in body:
            desk.say(person, str(body["text"]))
        elif "picture" in body:
            desk.send_picture(person, str(body["picture"]))
        else:
            desk.enter(person)
        return web.json_response({}, status=202)

    async def _menu(self, _request: web.Request) -> web.Response:
        return web.json_response(self._platform.menus.current() or {"button": []})

    async def _tap_menu(self, request: web.Request) -> web.Response:
        """{"key": …} or {"url": …} of a button in the menu; a key that is in no menu is pushed all the same."""
        person, body = self._who(request), await read_json(request)
        value = str(body.get("key") or body.get("url") or "")
        if not value:
            raise web.HTTPUnprocessableEntity(text="key or url is missing")
        button = self._platform.menus.button(value) or {"type": "click", "key": value}
        try:
            self._platform.chat.tap_menu(person, button)
        except NotFollowing:
            raise web.HTTPConflict(text="the person does not follow the account") from None
        return web.json_response(button, status=202)

    async def _templates(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": [asdict(one) for one in self._platform.templates.all()]})

    async def _decide(self, request: web.Request) -> web.Response:
        """{"<template id>": "accept" | "reject", …}"""
        person, choices = self._who(request), await read_json(request)
        if not 1 <= len(choices) <= 3:
            return web.json_response({"errMsg": "requestSubscribeMessage:fail one to three"}, status=422)
        try:
            return web.json_response(self._platform.templates.decide(person, choices))
        except ValueError as refused:
            return web.json_response({"errMsg": str(refused)}, status=422)

    # ── what the phone shows ───────────────────────────────────────────────────────────────────────

    async def _feed(self, request: web.Request) -> web.Response:
        person = self._who(request)
        after, wait_s = _number(request.query.get("after", "0")), _number(request.query.get("wait_s", "0"))
        items = await self._world.feed.wait_after(person.id, after, min(wait_s, 30.0))
        return web.json_response({"items": [asdict(item) for item in items]})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; `id` is the feed's seq, so a browser that reconnects misses nothing."""
        person = self._who(request)
        seq = _number(request.headers.get("Last-Event-ID") or request.query.get("after", "0"))
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "Access-Control-Allow-Origin": "*",
            }
        )
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # who looked has gone
            while True:
                items = await self._world.feed.wait_after(person.id, seq, 15.0)
                for item in items:
                    seq = item.seq
                    text = json.dumps(asdict(item), ensure_ascii=False)
                    await response.write(f"id: {seq}\nevent: {item.kind}\ndata: {text}\n\n".encode())
                if not items:
                    await response.write(b": still here\n\n")
        return response

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        shop = self._world.settings.shop_api_url or ""
        return web.FileResponse(
            STATIC / "index.html",
            headers={
                "Cache-Control": "no-cache",
                "Content-Security-Policy": PAGE_POLICY.format(shop=shop),
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _who(self, request: web.Request) -> Person:
        person = self._world.people.get(request.match_info["person_id"])
        if person is None:
            raise web.HTTPNotFound(text="nobody of that name")
        return person


def _number(text: str) -> int:
    """Raises: web.HTTPBadRequest."""
    if not text.isdecimal():
        raise web.HTTPBadRequest(text="not a number")
    return int(text)


def _refused(refused: CannotPay | AlipayError) -> web.Response:
    reason = refused.sub_msg if isinstance(refused, AlipayError) else str(refused)
    call = refused.call if isinstance(refused, CannotPay) else "requestPayment"
    return web.json_response({"errMsg": f"{call}:fail {reason}"}, status=422)


async def read_json(request: web.Request) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. Raises: web.HTTPBadRequest."""
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise web.HTTPBadRequest(text="not JSON") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="not an object")
    return body
