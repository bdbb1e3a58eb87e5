"""`/world/…`: the hand that moves the sandbox's world. Not part of any real platform."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.phone.routes import read_json
from sandbox.world import World


class Control:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, app: web.Application) -> None:
        get, post = app.router.add_get, app.router.add_post
        get("/world/clock", self._clock)
        post("/world/clock", self._advance)
        get("/world/payments", self._payments)
        get("/world/deliveries", self._deliveries)
        post("/world/deliveries/{delivery_id}/resend", self._resend)
        get("/world/faults", self._faults)
        post("/world/faults", self._add_faults)
        app.router.add_delete("/world/faults", self._clear_faults)

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
            for kind in ("paid", "refunded")
        }
        return web.json_response(
            {"items": found, "paid_fen": totals["paid"], "refunded_fen": totals["refunded"]}
        )

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
