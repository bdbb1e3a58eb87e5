"""`/gateway.do` and the cashier page behind signed page links."""

from __future__ import annotations

from aiohttp import web

from sandbox import faults
from sandbox.alipay import bills, methods, pages, wire
from sandbox.alipay.authorizations import Authorizations
from sandbox.alipay.cashier import PAGE_METHODS, Cashier
from sandbox.alipay.certificates import Certificates
from sandbox.alipay.notices import Notices
from sandbox.alipay.trades import Trade, Trades, yuan
from sandbox.alipay.wire import AlipayError, Wire
from sandbox.world import World

BILL_FILE = "alipay.bill_file"
OWN_FAULTS = {
    "20000",
    "20000_before",
    "system_error",
    "unsigned",
    "unsigned_error",
    "bad_signature",
    "fund_change_n",
}
UNAVAILABLE = {
    "code": "20000",
    "msg": "Service Currently Unavailable",
    "sub_code": "isp.unknow-error",
    "sub_msg": "系统繁忙",
}


class Alipay:
    """The stand-in: `application` for the merchant's calls and browsers, `cashier` for people."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wire = Wire(world)
        self._trades = Trades(world, Notices(world, self._wire))
        self._bills = bills.Bills(world, self._trades)
        self.cashier = Cashier(world, self._trades, self._wire)
        self.authorizations = Authorizations(world)
        self._actions = methods.Methods(
            world, self._trades, self._wire, self._bills, self.authorizations
        ).actions
        for method in self._actions:
            own = OWN_FAULTS | ({"not_ready", "late"} if method == methods.BILL else set())
            world.faults.declare(methods.operation(method), faults.HTTP | own)
        world.faults.declare(BILL_FILE, faults.HTTP | bills.FILE_FAULTS)
        self._dialect = faults.Dialect(
            server_error=lambda: web.Response(status=500, text="Internal Server Error"),
            too_many=lambda: self._wire.answer(
                "error_response",
                AlipayError("40005", "Call Limited", "isv.app-call-limited", "应用调用次数超限").body(),
            ),
            spoil=self._spoil,
        )

    @property
    def certificates(self) -> Certificates:
        """What a merchant in certificate mode is given."""
        return self._wire.certificates

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/gateway.do", self._gateway)
        app.router.add_get("/downloadBillFile.resource", self._bill_file)
        app.router.add_post("/cashier/pay", self._pay_from_browser)
        return app

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        params = await wire.read_params(request)
        method = params.get("method", "")
        if method in PAGE_METHODS:
            return self._page(params)
        fault = self._world.faults.take(methods.operation(method)) if method in self._actions else None

        async def execute() -> web.Response:
            return self._execute(method, params, fault, str(request.url.origin()))

        return await faults.answer(request, fault, execute, self._dialect)

    def _execute(
        self, method: str, params: dict[str, str], fault: faults.Rule | None, origin: str
    ) -> web.Response:
        action = self._actions.get(method)
        key = method.replace(".", "_") + "_response" if action is not None else "error_response"
        do = None if fault is None else fault.do
        in_certificate_mode = "app_cert_sn" in params
        if do in ("20000_before", "unsigned_error"):
            key = "error_response" if do == "unsigned_error" else key
            return self._wire.answer(
                key, UNAVAILABLE, signed=do == "20000_before", with_certificate=in_certificate_mode
            )
        try:
            content = self._wire.check(params)
            if action is None:
                raise wire.invalid("method", "不存在的方法名")
            body = {"code": "10000", "msg": "Success"}
            body |= action(methods.Call(content, params, fault, origin))
        except AlipayError as error:
            return self._wire.answer(
                key, error.body(), signed=error.signed, with_certificate=in_certificate_mode
            )
        if do == "20000":
            body = UNAVAILABLE
        elif do == "system_error":
            body = wire.business("SYSTEM_ERROR", "系统异常").body()
        elif do == "fund_change_n":
            body["fund_change"] = "N"
        elif method == methods.TOKEN:
            del body["code"], body["msg"]  # this one method's good answer has neither
        return self._wire.answer(key, body, signed=do != "unsigned", with_certificate=in_certificate_mode)

    def _spoil(self, response: web.Response, fault: faults.Rule) -> web.Response:
        if fault.do == "bad_signature":
            text = (response.text or "").replace('"msg":"Success"', '"msg":"success"')
            return web.Response(text=text, content_type="text/html", charset="utf-8")
        return response

    async def _bill_file(self, request: web.Request) -> web.StreamResponse:
        fault = self._world.faults.take(BILL_FILE)

        async def execute() -> web.Response:
            return self._bills.file(request.query.get("token", ""), fault)

        return await faults.answer(request, fault, execute, self._dialect)

    # ── the page ───────────────────────────────────────────────────────────────────────────────────

    def _page(self, params: dict[str, str]) -> web.Response:
        """A signed page link opened in a browser: this is the moment the trade comes into being."""
        try:
            trade = self.cashier.open_page(params, None)
        except AlipayError as error:
            return web.Response(text=pages.refused(error.sub_msg), content_type="text/html", status=200)
        return web.Response(text=self._cashier_page(trade), content_type="text/html")

    def _cashier_page(self, trade: Trade) -> str:
        return pages.cashier(
            merchant=self._world.settings.merchant_name,
            amount=yuan(trade.total_fen),
            subject=str(trade.content["subject"]),
            out_trade_no=trade.out_trade_no,
            people=[(person.id, person.nickname) for person in self._world.people.all()],
        )

    async def _pay_from_browser(self, request: web.Request) -> web.Response:
        form = await request.post()
        person = self._world.people.get(str(form.get("person_id", "")))
        if person is None:
            raise web.HTTPNotFound(text="nobody of that name")
        try:
            back = self.cashier.pay(person, str(form.get("out_trade_no", "")))
        except AlipayError as error:
            return web.Response(text=pages.refused(error.sub_msg), content_type="text/html")
        if back is not None:
            raise web.HTTPFound(back)
        return web.Response(text=pages.done(), content_type="text/html")
