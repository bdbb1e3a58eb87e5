"""Refunds at WeChat Pay: accepted at once, money back a little later, then a notification.

Facts: pay.weixin.qq.com "申请退款" and "退款结果通知"; wechatpay-go services/refunddomestic (states, error table).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox import keys
from sandbox.clock import beijing_text, rfc3339
from sandbox.store import Shelf
from sandbox.wechat_pay.notices import Notices
from sandbox.wechat_pay.orders import Order, Orders
from sandbox.wechat_pay.refusal import Refusal, param_error
from sandbox.wechat_pay.seal import Seal
from sandbox.world import World

MOST_PER_ORDER = 50
YEAR_S = 365 * 86400
ENDINGS = {"abnormal": "ABNORMAL", "closed": "CLOSED"}


@dataclass
class Refund:
    """`to` is where the money of an abnormal refund was sent instead."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    request: dict[str, Any]
    created_at: float
    state: str = "PROCESSING"
    settled_at: float | None = None
    to: str = ""

    @property
    def amount_fen(self) -> int:
        return int(self.request["amount"]["refund"])


class Refunds:
    def __init__(self, world: World, orders: Orders, notices: Notices, seal: Seal) -> None:
        self._world = world
        self._orders = orders
        self._notices = notices
        self._seal = seal
        self._refunds = Shelf(world.store, "wechat_pay.refund", Refund)
        self._of_order: dict[str, list[Refund]] = {}
        for refund in self._refunds:
            self._of_order.setdefault(refund.out_trade_no, []).append(refund)
        world.agenda.register("wechat_pay.refund", self._settle)
        world.faults.declare("wechat_pay.refund_settle", {*ENDINGS, "delay"})

    def request(self, body: dict[str, Any]) -> dict[str, Any]:
        """Accepts a refund; the same out_refund_no with the same content returns the same refund.

        Raises: Refusal.
        """
        if ("transaction_id" in body) == ("out_trade_no" in body):
            raise param_error("/transaction_id", "transaction_id和out_trade_no必须且只能填写一个")
        known = self._refunds.get(body["out_refund_no"])
        if known is not None:
            if known.request != body:
                raise Refusal(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
            return self._describe(known)
        order = self._refundable_order(body)
        now = self._world.clock.epoch_s()
        refund_id = "50" + keys.random_digits(9) + beijing_text(now)[:10].replace("-", "")
        refund = Refund(
            out_refund_no=body["out_refund_no"],
            refund_id=refund_id + keys.random_digits(10),
            out_trade_no=order.out_trade_no,
            request=body,
            created_at=now,
        )
        self._refunds.put(refund.out_refund_no, refund)
        self._of_order.setdefault(order.out_trade_no, []).append(refund)
        self._later(refund)
        return self._describe(refund)

    def query(self, out_refund_no: str) -> dict[str, Any]:
        """Raises: Refusal (RESOURCE_NOT_EXISTS)."""
        refund = self._refunds.get(out_refund_no)
        if refund is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return self._describe(refund)

    def apply_abnormal(self, refund_id: str, body: dict[str, Any], serial: str) -> dict[str, Any]:
        """Sends a stuck refund to another card; again with the same content changes nothing. Raises: Refusal."""
        refund = self._refunds.get(body["out_refund_no"])
        if refund is None or refund.refund_id != refund_id:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        if body["type"] == "USER_BANK_CARD":
            for name in ("bank_type", "bank_account", "real_name"):
                if name not in body:
                    raise param_error(f"/{name}", f"缺少必填参数{name}")
            account = self._seal.open_field(body["bank_account"], serial)
            real_name = self._seal.open_field(body["real_name"], serial)
            if not account.isdigit() or not real_name:
                raise param_error("/bank_account", "银行卡号格式不正确")
            to = f"{body['bank_type']} {real_name} {account[-4:]}"
        else:
            to = "商户银行卡"
        if refund.to:
            if refund.to != to:
                raise Refusal(400, "INVALID_REQUEST", "该退款单已发起异常退款，参数与之前请求不一致")
            return self._describe(refund)
        if refund.state != "ABNORMAL":
            raise Refusal(400, "INVALID_REQUEST", "退款单状态不是退款异常，不能发起异常退款")
        refund.to, refund.state = to, "PROCESSING"
        self._refunds.put(refund.out_refund_no, refund)
        self._later(refund)
        return self._describe(refund)

    def of_order(self, order: Order) -> list[Refund]:
        return self._of_order.get(order.out_trade_no, [])

    def _later(self, refund: Refund) -> None:
        delay_s = self._world.settings.refund_delay_s * self._world.settings.time_scale
        self._world.agenda.add("wechat_pay.refund", {"out_refund_no": refund.out_refund_no}, delay_s=delay_s)

    def _refundable_order(self, body: dict[str, Any]) -> Order:
        given = body["amount"].get("from")
        if given is not None and sum(one["amount"] for one in given) != body["amount"]["refund"]:
            raise param_error("/amount/from", "出资金额之和与退款金额不一致")
        order = self._orders.find(
            out_trade_no=body.get("out_trade_no"), transaction_id=body.get("transaction_id")
        )
        if order is None or order.paid_at is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "订单不存在或未支付", 268512771)
        if body["amount"]["total"] != order.total_fen:
            raise Refusal(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if self._world.clock.epoch_s() > order.paid_at + YEAR_S:
            raise Refusal(400, "INVALID_REQUEST", "订单已超过可退款的最大期限")
        others = self._of_order.get(order.out_trade_no, [])
        taken_fen = sum(one.amount_fen for one in others if one.state != "CLOSED")
        if taken_fen + body["amount"]["refund"] > order.total_fen:
            raise Refusal(400, "INVALID_REQUEST", "申请退款金额超过订单可退金额")
        if len(others) >= MOST_PER_ORDER:
            raise Refusal(400, "INVALID_REQUEST", "部分退款次数超过限制")
        return order

    async def _settle(self, errand: dict[str, Any]) -> None:
        refund = self._refunds.get(errand["out_refund_no"])
        if refund is None or refund.state != "PROCESSING":
            return
        order = self._orders.find(out_trade_no=refund.out_trade_no)
        assert order is not None and order.transaction_id is not None
        fault = self._world.faults.take("wechat_pay.refund_settle")
        if fault is not None and fault.do == "delay":
            self._world.agenda.add("wechat_pay.refund", errand, delay_s=fault.seconds)
            return
        refund.state = ENDINGS.get(fault.do, "SUCCESS") if fault is not None else "SUCCESS"
        refund.settled_at = self._world.clock.epoch_s()
        self._refunds.put(refund.out_refund_no, refund)
        if refund.state == "SUCCESS":
            self._pay_back(refund, order)
        if "notify_url" in refund.request:
            self._notify(refund, order)

    def _pay_back(self, refund: Refund, order: Order) -> None:
        order.state = "REFUND"
        self._orders.save(order)
        self._world.wallets.move(
            "refunded",
            channel="wechat_pay",
            person_id=order.payer_person_id or "",
            out_trade_no=order.out_trade_no,
            channel_trade_no=order.transaction_id or "",
            amount_fen=refund.amount_fen,
            out_refund_no=refund.out_refund_no,
        )
        self._world.feed.show(
            order.payer_person_id or "",
            "payment",
            what="refunded",
            channel="wechat_pay",
            merchant=self._world.settings.merchant_name,
            amount_fen=refund.amount_fen,
            description=order.request["description"],
        )

    def _notify(self, refund: Refund, order: Order) -> None:
        words = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}
        resource: dict[str, Any] = {
            "mchid": self._world.credentials.mch_id,
            "out_trade_no": order.out_trade_no,
            "transaction_id": order.transaction_id,
            "out_refund_no": refund.out_refund_no,
            "refund_id": refund.refund_id,
            "refund_status": refund.state,
            "user_received_account": refund.to or "支付用户零钱",
            "amount": {
                "total": order.total_fen,
                "refund": refund.amount_fen,
                "payer_total": order.total_fen,
                "payer_refund": refund.amount_fen,
            },
        }
        if refund.state == "SUCCESS" and refund.settled_at is not None:
            resource["success_time"] = rfc3339(refund.settled_at)
        self._notices.send(
            url=refund.request["notify_url"],
            event_type=f"REFUND.{refund.state}",
            summary=words[refund.state],
            original_type="refund",
            subject=refund.out_refund_no,
            resource=resource,
        )

    def _describe(self, refund: Refund) -> dict[str, Any]:
        order = self._orders.find(out_trade_no=refund.out_trade_no)
        assert order is not None
        shown: dict[str, Any] = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "transaction_id": order.transaction_id,
            "out_trade_no": order.out_trade_no,
            "channel": "OTHER_BANKCARD" if refund.to else "ORIGINAL",
            "user_received_account": refund.to or "支付用户零钱",
            "create_time": rfc3339(refund.created_at),
            "status": refund.state,
            "funds_account": refund.request.get("funds_account", "AVAILABLE"),
            "amount": {
                "total": order.total_fen,
                "refund": refund.amount_fen,
                "payer_total": order.total_fen,
                "payer_refund": refund.amount_fen,
                "settlement_total": order.total_fen,
                "settlement_refund": refund.amount_fen,
                "discount_refund": 0,
                "currency": "CNY",
                "from": refund.request["amount"].get("from", []),
            },
            "promotion_detail": [],
        }
        if refund.state == "SUCCESS" and refund.settled_at is not None:
            shown["success_time"] = rfc3339(refund.settled_at)
        return shown
