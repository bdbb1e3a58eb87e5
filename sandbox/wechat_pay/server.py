"""The v3 HTTP API as merchants call it; every answer is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from cryptography import x509

from sandbox import faults
from sandbox.clock import rfc3339
from sandbox.wechat_pay import fields
from sandbox.wechat_pay.cashier import Cashier
from sandbox.wechat_pay.notices import Notices
from sandbox.wechat_pay.orders import Orders
from sandbox.wechat_pay.refunds import Refunds
from sandbox.wechat_pay.refusal import Answer, Refusal
from sandbox.wechat_pay.seal import Seal, new_request_id, signature_probe
from sandbox.world import World

SIGNATURE_FAULTS = {"signtest", "bad_signature", "unsigned", "stale"}
Action = Callable[[web.Request, dict[str, Any]], Answer]


class WeChatPay:
    """The stand-in: `application` for the merchant's calls, `cashier` for people."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seal = Seal(world)
        notices = Notices(world, self._seal)
        self._orders = Orders(world, notices)
        self._refunds = Refunds(world, self._orders, notices)
        self.cashier = Cashier(world, self._orders, self._seal)
        self._dialect = faults.Dialect(
            server_error=lambda: self._signed(
                Answer(500, {"code": "SYSTEM_ERROR", "message": "系统异常"}, 1)
            ),
            too_many=lambda: self._signed(
                Answer(429, {"code": "FREQUENCY_LIMITED", "message": "频率超限"}, 268447840)
            ),
            spoil=_spoil,
        )

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._unknown_paths])
        post, get = app.router.add_post, app.router.add_get
        orders = "/v3/pay/transactions"
        post(f"{orders}/jsapi", self._call("jsapi", self._jsapi, fields.JSAPI))
        post(f"{orders}/native", self._call("native", self._native, fields.NATIVE))
        post(f"{orders}/h5", self._call("h5", self._h5, fields.H5))
        get(f"{orders}/out-trade-no/{{out_trade_no}}", self._call("query", self._query))
        get(f"{orders}/id/{{transaction_id}}", self._call("query", self._query))
        post(f"{orders}/out-trade-no/{{out_trade_no}}/close", self._call("close", self._close, fields.CLOSE))
        post("/v3/refund/domestic/refunds", self._call("refund", self._refund, fields.REFUND))
        get("/v3/refund/domestic/refunds/{out_refund_no}", self._call("refund_query", self._refund_query))
        get("/v3/certificates", self._call("certificates", self._certificates))
        return app

    # ── one call ───────────────────────────────────────────────────────────────────────────────────

    def _call(self, name: str, action: Action, shape: fields.Group | None = None) -> Any:
        self._world.faults.declare(f"wechat_pay.{name}", faults.HTTP | SIGNATURE_FAULTS)

        async def respond(request: web.Request) -> web.StreamResponse:
            raw = await request.read()

            async def execute() -> web.Response:
                try:
                    self._check(request, raw)
                    body = fields.read_body(raw, shape) if shape is not None else {}
                    return self._signed(action(request, body))
                except Refusal as refusal:
                    return self._signed(refusal.answer())

            fault = self._world.faults.take(f"wechat_pay.{name}")
            return await faults.answer(request, fault, execute, self._dialect)

        return respond

    def _check(self, request: web.Request, raw: bytes) -> None:
        if not request.headers.get("User-Agent"):
            raise Refusal(403, "INVALID_REQUEST", "Http头缺少User-Agent")
        accept = request.headers.get("Accept", "")
        if "application/json" not in accept and "*/*" not in accept:
            raise Refusal(406, "PARAM_ERROR", "Http头Accept需为application/json")
        if request.method == "POST" and request.content_type != "application/json":
            raise Refusal(415, "PARAM_ERROR", "Http头Content-Type需为application/json")
        authorization = request.headers.get("Authorization", "")
        self._seal.check_request(authorization, request.method, request.raw_path, raw)

    def _signed(self, answer: Answer) -> web.Response:
        body = b"" if answer.body is None else _json(answer.body)
        headers = self._seal.headers(body) | {"Request-ID": new_request_id(answer.error_number)}
        if answer.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return web.Response(status=answer.status, body=body, headers=headers)

    @web.middleware
    async def _unknown_paths(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPException as error:
            status = error.status
            return self._signed(Answer(status, {"code": "RESOURCE_NOT_EXISTS", "message": "接口不存在"}, 1))
        return response

    # ── the actions ────────────────────────────────────────────────────────────────────────────────

    def _jsapi(self, _request: web.Request, body: dict[str, Any]) -> Answer:
        return Answer(200, {"prepay_id": self._orders.prepay("JSAPI", body)})

    def _native(self, _request: web.Request, body: dict[str, Any]) -> Answer:
        code = self._orders.prepay("NATIVE", body)
        return Answer(200, {"code_url": f"weixin://wxpay/bizpayurl/up?pr={code}"})

    def _h5(self, _request: web.Request, body: dict[str, Any]) -> Answer:
        prepay_id = self._orders.prepay("MWEB", body)
        url = f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package=1"
        return Answer(200, {"h5_url": url})

    def _query(self, request: web.Request, _body: dict[str, Any]) -> Answer:
        mchid = request.query.get("mchid")
        if mchid is None:
            raise Refusal(400, "PARAM_ERROR", "缺少必填参数mchid", 268435461)
        if mchid != self._world.credentials.mch_id:
            raise Refusal(403, "NO_AUTH", "商户号与签名商户号不一致")
        return Answer(200, self._orders.query(**request.match_info))

    def _close(self, request: web.Request, body: dict[str, Any]) -> Answer:
        if body["mchid"] != self._world.credentials.mch_id:
            raise Refusal(400, "PARAM_ERROR", "商户号与签名商户号不一致")
        self._orders.close(request.match_info["out_trade_no"])
        return Answer(204, None)

    def _refund(self, _request: web.Request, body: dict[str, Any]) -> Answer:
        return Answer(200, self._refunds.request(body))

    def _refund_query(self, request: web.Request, _body: dict[str, Any]) -> Answer:
        return Answer(200, self._refunds.query(request.match_info["out_refund_no"]))

    def _certificates(self, _request: web.Request, _body: dict[str, Any]) -> Answer:
        if self._world.settings.wechat_pay_mode == "public-key":
            raise Refusal(
                404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"
            )
        rows = []
        for serial_no, pem in self._world.credentials.platform_certificates_pem.items():
            certificate = x509.load_pem_x509_certificate(pem.encode())
            rows.append(
                {
                    "serial_no": serial_no,
                    "effective_time": rfc3339(certificate.not_valid_before_utc.timestamp()),
                    "expire_time": rfc3339(certificate.not_valid_after_utc.timestamp()),
                    "encrypt_certificate": self._seal.encrypt(pem.encode(), "certificate"),
                }
            )
        return Answer(200, {"data": rows})


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
