"""`/world/…`: the hand that moves the sandbox's world. Not part of any real platform."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.phone.routes import read_json
from sandbox.platform.server import Platform
from sandbox.wechat_pay.server import WeChatPay
from sandbox.world import World


class Control:
    def __init__(self, world: World, platform: Platform, wechat_pay: WeChatPay) -> None:
        self._world = world
        self._platform = platform
        self._wechat_pay = wechat_pay

    def add_routes(self, app: web.Application) -> None:
        get, post = app.router.add_get, app.router.add_post
        get("/world/clock", self._clock)
        post("/world/clock", self._advance)
        get("/world/payments", self._payments)
        post("/world/withdrawals", self._withdraw)
        get("/world/shipping", self._shipping)
        get("/world/deliveries", self._deliveries)
        post("/world/deliveries/{delivery_id}/resend", self._resend)
        get("/world/faults", self._faults)
        post("/world/faults", self._add_faults)
        app.router.add_delete("/world/faults", self._clear_faults)
        get("/world/push-urls", self._push_urls)
        post("/world/push-urls", self._set_push_url)
        post("/world/subscribe-templates", self._pick_template)
        post("/world/wechat-pay/certificates", self._rotate)

    async def _clock(self, _request: web.Request) -> web.Response:
        return self._clock_answer()

    async def _advance(self, request: web.Request) -> web.Response:
        """{"advance_s": n}; going back is refused with 422."""
        advance_s = (await read_json(request)).get("advance_s")
        if isinstance(advance_s, bool) or not isinstance(advance_s, int | float):
            raise web.HTTPUnprocessableEntity(text="advance_s must be a number of seconds")
        try:
            self._world.clock.advance(advance_s)
        except ValueError as refused:
            raise web.HTTPUnprocessableEntity(text=str(refused)) from refused
        return self._clock_answer()

    def _clock_answer(self) -> web.Response:
        clock = self._world.clock
        now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return web.json_response({"now": now, "offset_s": clock.offset_s})

    async def _payments(self, request: web.Request) -> web.Response:
        """What people really paid and got back; `?channel=&person_id=&out_trade_no=` narrow it."""
        found = [asdict(one) for one in self._world.wallets.movements()]
        for name in ("channel", "person_id", "out_trade_no"):
            if name in request.query:
                found = [one for one in found if one[name] == request.query[name]]
        totals = {
            kind: sum(one["amount_fen"] for one in found if one["kind"] == kind)
            for kind in ("paid", "refunded", "transferred")
        }
        return web.json_response({"items": found, **{f"{kind}_fen": fen for kind, fen in totals.items()}})

    async def _withdraw(self, request: web.Request) -> web.Response:
        """{"channel": "wechat_pay" | "alipay", "amount_fen": n}: the merchant takes money to its bank; bills of funds have it."""
        body = await read_json(request)
        amount_fen = body.get("amount_fen")
        if isinstance(amount_fen, bool) or not isinstance(amount_fen, int):
            raise web.HTTPUnprocessableEntity(text="amount_fen must be a number of fen")
        try:
            made = self._world.withdrawals.make(str(body.get("channel")), amount_fen)
        except ValueError as refused:
            raise web.HTTPUnprocessableEntity(text=str(refused)) from refused
        return web.json_response(asdict(made), status=201)

    async def _shipping(self, _request: web.Request) -> web.Response:
        """What the merchant reported as shipped."""
        return web.json_response({"items": [asdict(one) for one in self._platform.shipping.all()]})

    async def _deliveries(self, request: web.Request) -> web.Response:
        found = [asdict(one) for one in self._world.courier.deliveries()]
        for name in ("route", "subject", "state"):
            if name in request.query:
                found = [one for one in found if one[name] == request.query[name]]
        return web.json_response({"items": found})

    async def _resend(self, request: web.Request) -> web.Response:
        if not self._world.courier.resend(request.match_info["delivery_id"]):
            raise web.HTTPNotFound(text="no such delivery")
        return web.json_response({}, status=202)

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": self._world.faults.rules()})

    async def _add_faults(self, request: web.Request) -> web.Response:
        """One rule, or {"seed": n, "rules": [...]}."""
        body = await read_json(request)
        rules: list[dict[str, Any]] = body.get("rules", [body] if "op" in body else [])
        try:
            if "seed" in body:
                self._world.faults.seed(int(body["seed"]))
            for rule in rules:
                self._world.faults.add(rule)
        except (ValueError, TypeError) as refused:
            raise web.HTTPUnprocessableEntity(text=str(refused)) from refused
        return web.json_response({"items": self._world.faults.rules()}, status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._world.faults.clear()
        return web.json_response({"items": []})

    async def _push_urls(self, _request: web.Request) -> web.Response:
        shown = {}
        for name, account in self._platform.accounts.items():
            url, mode = self._platform.pushes.address(account)
            shown[name] = {"url": url, "mode": mode}
        return web.json_response(shown)

    async def _set_push_url(self, request: web.Request) -> web.Response:
        """{"account": "official" | "mini", "url"?, "mode"?: "safe" | "plain"}: checked by GET with echostr.

        Without `url` the address in use is checked again. An address that fails is not taken (422).
        """
        body = await read_json(request)
        account = next(
            (one for one in self._platform.accounts.values() if one.name == body.get("account")), None
        )
        if account is None or body.get("mode", "safe") not in ("safe", "plain"):
            raise web.HTTPUnprocessableEntity(text="account must be official or mini, mode safe or plain")
        pushes = self._platform.pushes
        old_url, old_mode = pushes.address(account)
        pushes.set_address(account, body.get("url", old_url), body.get("mode", old_mode))
        wrong = await pushes.verify(account)
        if wrong is not None:
            if "url" in body:
                pushes.set_address(account, old_url, old_mode)
            return web.json_response({"verified": False, "reason": wrong}, status=422)
        return web.json_response({"verified": True})

    async def _rotate(self, request: web.Request) -> web.Response:
        """A new platform certificate signs from now on; {"retire": true} also takes the old ones from the list."""
        body = await read_json(request)
        serial_no = self._wechat_pay.seal.rotate()
        if body.get("retire"):
            self._wechat_pay.seal.retire()
        return web.json_response({"serial_no": serial_no}, status=201)

    async def _pick_template(self, request: web.Request) -> web.Response:
        """{"account"?, "name", "title", "fields": {"thing1": "备注", …}} → the template with its id."""
        body = await read_json(request)
        account, fields = body.get("account", "mini"), body.get("fields")
        if account not in ("mini", "official") or not isinstance(fields, dict) or not fields:
            raise web.HTTPUnprocessableEntity(text="account must be mini or official, fields not empty")
        template = self._platform.templates.add(
            account, str(body.get("name", "")), str(body.get("title", "")), fields
        )
        return web.json_response(asdict(template), status=201)
