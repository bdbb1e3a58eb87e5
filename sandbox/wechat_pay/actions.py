"""What each call of the v3 API does; `server` has checked it before and signs the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from cryptography import x509

from sandbox.clock import rfc3339
from sandbox.faults import Rule
from sandbox.wechat_pay import fields
from sandbox.wechat_pay.bills import CONTENT_FAULTS, Bills
from sandbox.wechat_pay.orders import Orders
from sandbox.wechat_pay.refunds import Refunds
from sandbox.wechat_pay.refusal import Answer, Refusal
from sandbox.wechat_pay.seal import Seal
from sandbox.wechat_pay.transfers import Transfers
from sandbox.world import World


@dataclass(frozen=True)
class Call:
    """One request: the body as checked, the fault that strikes it, the key it wants to be answered with."""

    request: web.Request
    body: dict[str, Any]
    fault: Rule | None

    @property
    def serial(self) -> str:
        return self.request.headers.get("Wechatpay-Serial", "")

    @property
    def origin(self) -> str:
        return str(self.request.url.origin())

    def part(self, name: str) -> str:
        return self.request.match_info[name]


Action = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """`name` is the operation in the fault plan, `faults` what it can do beyond what every call can."""

    verb: str
    path: str
    name: str
    act: Action
    shape: fields.Group | None = None
    faults: frozenset[str] = frozenset()


class Actions:
    def __init__(
        self, world: World, seal: Seal, orders: Orders, refunds: Refunds, transfers: Transfers, bills: Bills
    ) -> None:
        self._world = world
        self._seal = seal
        self._orders = orders
        self._refunds = refunds
        self._transfers = transfers
        self._bills = bills

    def routes(self) -> list[Route]:
        orders, refunds = "/v3/pay/transactions", "/v3/refund/domestic/refunds"
        transfers = "/v3/fund-app/mch-transfer/transfer-bills"
        abnormal = f"{refunds}/{{refund_id}}/apply-abnormal-refund"
        return [
            Route("POST", f"{orders}/jsapi", "jsapi", self._jsapi, fields.JSAPI),
            Route("POST", f"{orders}/native", "native", self._native, fields.NATIVE),
            Route("POST", f"{orders}/h5", "h5", self._h5, fields.H5),
            Route("POST", f"{orders}/app", "app", self._app, fields.APP),
            Route("GET", f"{orders}/out-trade-no/{{out_trade_no}}", "query", self._query),
            Route("GET", f"{orders}/id/{{transaction_id}}", "query", self._query),
            Route("POST", f"{orders}/out-trade-no/{{out_trade_no}}/close", "close", self._close, fields.CLOSE),
            Route("POST", refunds, "refund", self._refund, fields.REFUND),
            Route("GET", f"{refunds}/{{out_refund_no}}", "refund_query", self._refund_query),
            Route("POST", abnormal, "abnormal_refund", self._abnormal, fields.ABNORMAL),
            Route("POST", transfers, "transfer", self._transfer, fields.TRANSFER),
            Route("GET", f"{transfers}/out-bill-no/{{out_bill_no}}", "transfer_query", self._transfer_query),
            Route("GET", f"{transfers}/transfer-bill-no/{{transfer_bill_no}}", "transfer_query", self._transfer_query),
            Route("POST", f"{transfers}/out-bill-no/{{out_bill_no}}/cancel", "transfer_cancel", self._transfer_cancel),
            Route("GET", "/v3/bill/tradebill", "trade_bill", self._trade_bill, faults=CONTENT_FAULTS),
            Route("GET", "/v3/bill/fundflowbill", "fund_flow_bill", self._flow_bill, faults=CONTENT_FAULTS),
            Route("GET", "/v3/certificates", "certificates", self._certificates),
        ]  # fmt: skip

    def _jsapi(self, call: Call) -> Answer:
        return Answer(200, {"prepay_id": self._orders.prepay("JSAPI", call.body)})

    def _app(self, call: Call) -> Answer:
        return Answer(200, {"prepay_id": self._orders.prepay("APP", call.body)})

    def _native(self, call: Call) -> Answer:
        code = self._orders.prepay("NATIVE", call.body)
        return Answer(200, {"code_url": f"weixin://wxpay/bizpayurl/up?pr={code}"})

    def _h5(self, call: Call) -> Answer:
        prepay_id = self._orders.prepay("MWEB", call.body)
        url = f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package=1"
        return Answer(200, {"h5_url": url})

    def _query(self, call: Call) -> Answer:
        mchid = call.request.query.get("mchid")
        if mchid is None:
            raise Refusal(400, "PARAM_ERROR", "缺少必填参数mchid", 268435461)
        if mchid != self._world.credentials.mch_id:
            raise Refusal(403, "NO_AUTH", "商户号与签名商户号不一致")
        return Answer(200, self._orders.query(**call.request.match_info))

    def _close(self, call: Call) -> Answer:
        if call.body["mchid"] != self._world.credentials.mch_id:
            raise Refusal(400, "PARAM_ERROR", "商户号与签名商户号不一致")
        self._orders.close(call.part("out_trade_no"))
        return Answer(204, None)

    def _refund(self, call: Call) -> Answer:
        return Answer(200, self._refunds.request(call.body))

    def _refund_query(self, call: Call) -> Answer:
        return Answer(200, self._refunds.query(call.part("out_refund_no")))

    def _abnormal(self, call: Call) -> Answer:
        return Answer(200, self._refunds.apply_abnormal(call.part("refund_id"), call.body, call.serial))

    def _transfer(self, call: Call) -> Answer:
        return Answer(200, self._transfers.create(call.body, call.serial))

    def _transfer_query(self, call: Call) -> Answer:
        return Answer(200, self._transfers.query(**call.request.match_info))

    def _transfer_cancel(self, call: Call) -> Answer:
        return Answer(200, self._transfers.cancel(call.part("out_bill_no")))

    def _trade_bill(self, call: Call) -> Answer:
        return Answer(200, self._bills.trades(call.request.query, call.origin, call.fault))

    def _flow_bill(self, call: Call) -> Answer:
        return Answer(200, self._bills.flows(call.request.query, call.origin, call.fault))

    def _certificates(self, _call: Call) -> Answer:
        if not self._seal.certificates:
            raise Refusal(
                404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"
            )
        return Answer(200, {"data": [self._certificate(*one) for one in self._seal.certificates.items()]})

    def _certificate(self, serial_no: str, pem: str) -> dict[str, Any]:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        return {
            "serial_no": serial_no,
            "effective_time": rfc3339(certificate.not_valid_before_utc.timestamp()),
            "expire_time": rfc3339(certificate.not_valid_after_utc.timestamp()),
            "encrypt_certificate": self._seal.encrypt(pem.encode(), "certificate"),
        }
