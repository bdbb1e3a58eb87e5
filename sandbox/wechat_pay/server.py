"""The v3 HTTP API as merchants call it; every answer is signed, but for the file of a bill."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from sandbox import faults
from sandbox.wechat_pay import fields
from sandbox.wechat_pay.actions import Actions, Call, Route
from sandbox.wechat_pay.bills import FILE_FAULTS, Bills
from sandbox.wechat_pay.cashier import Cashier
from sandbox.wechat_pay.notices import Notices
from sandbox.wechat_pay.orders import Orders
from sandbox.wechat_pay.refunds import Refunds
from sandbox.wechat_pay.refusal import Answer, Refusal
from sandbox.wechat_pay.seal import Seal, new_request_id, signature_probe
from sandbox.wechat_pay.transfers import Transfers
from sandbox.world import World

SIGNATURE_FAULTS = {"signtest", "bad_signature", "unsigned", "stale", "rotate"}
BILL_FILE = "wechat_pay.bill_file"


class WeChatPay:
    """The stand-in: `application` for the merchant's calls, `cashier` and `transfers` for people."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.seal = Seal(world)
        notices = Notices(world, self.seal)
        orders = Orders(world, notices)
        refunds = Refunds(world, orders, notices, self.seal)
        self.transfers = Transfers(world, notices, self.seal)
        self._bills = Bills(world, orders, refunds, self.transfers)
        self._actions = Actions(world, self.seal, orders, refunds, self.transfers, self._bills)
        self.cashier = Cashier(world, orders, self.seal)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._unknown_paths])
        for route in self._actions.routes():
            app.router.add_route(route.verb, route.path, self._call(route))
        self._world.faults.declare(BILL_FILE, faults.HTTP | FILE_FAULTS)
        app.router.add_get("/v3/billdownload/file", self._bill_file)
        return app

    # ── one call ───────────────────────────────────────────────────────────────────────────────────

    def _call(self, route: Route) -> Any:
        operation = f"wechat_pay.{route.name}"
        self._world.faults.declare(operation, faults.HTTP | SIGNATURE_FAULTS | route.faults)

        async def respond(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            fault = self._world.faults.take(operation)

            async def execute() -> web.Response:
                if fault is not None and fault.do == "rotate":
                    self.seal.rotate()
                try:
                    self._check(request, raw)
                    body = fields.read_body(raw, route.shape) if route.shape is not None else {}
                    return self._signed(route.act(Call(request, body, fault)), request)
                except Refusal as refusal:
                    return self._signed(refusal.answer(), request)

            return await faults.answer(request, fault, execute, self._dialect(request))

        return respond

    async def _bill_file(self, request: web.Request) -> web.StreamResponse:
        """Signed by the merchant, not by us."""
        fault = self._world.faults.take(BILL_FILE)

        async def execute() -> web.Response:
            try:
                self._check(request, b"")
                body = self._bills.file(request.query.get("token", ""), fault)
            except Refusal as refusal:
                return self._signed(refusal.answer(), request)
            return web.Response(body=body, content_type="application/octet-stream")

        return await faults.answer(request, fault, execute, self._dialect(request))

    def _dialect(self, request: web.Request) -> faults.Dialect:
        return faults.Dialect(
            server_error=lambda: self._signed(
                Answer(500, {"code": "SYSTEM_ERROR", "message": "系统异常"}, 1), request
            ),
            too_many=lambda: self._signed(
                Answer(429, {"code": "FREQUENCY_LIMITED", "message": "频率超限"}, 268447840), request
            ),
            spoil=_spoil,
        )

    def _check(self, request: web.Request, raw: bytes) -> None:
        if not request.headers.get("User-Agent"):
            raise Refusal(403, "INVALID_REQUEST", "Http头缺少User-Agent")
        accept = request.headers.get("Accept", "")
        if "application/json" not in accept and "*/*" not in accept:
            raise Refusal(406, "PARAM_ERROR", "Http头Accept需为application/json")
        if request.method == "POST" and request.content_type != "application/json":
            raise Refusal(415, "PARAM_ERROR", "Http头Content-Type需为application/json")
        authorization = request.headers.get("Authorization", "")
        self.seal.check_request(authorization, request.method, request.raw_path, raw)

    def _signed(self, answer: Answer, request: web.Request) -> web.Response:
        body = b"" if answer.body is None else _json(answer.body)
        asked = request.headers.get("Wechatpay-Serial", "")
        headers = self.seal.headers(body, asked_serial=asked)
        headers["Request-ID"] = new_request_id(answer.error_number)
        if answer.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return web.Response(status=answer.status, body=body, headers=headers)

    @web.middleware
    async def _unknown_paths(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPException as error:
            answer = Answer(error.status, {"code": "RESOURCE_NOT_EXISTS", "message": "接口不存在"}, 1)
            return self._signed(answer, request)
        return response


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _spoil(response: web.Response, fault: faults.Rule) -> web.Response:
    """Faults of the answer's signature: signtest, bad_signature, unsigned, stale."""
    headers = response.headers
    if fault.do == "signtest":
        headers["Wechatpay-Signature"] = signature_probe()
    elif fault.do == "bad_signature":
        headers["Wechatpay-Nonce"] += "0"
    elif fault.do == "stale":
        headers["Wechatpay-Timestamp"] = str(int(headers["Wechatpay-Timestamp"]) - 600)
    elif fault.do == "unsigned":
        for name in [name for name in headers if name.lower().startswith("wechatpay-")]:
            del headers[name]
    return response
