"""Orders of the merchant at WeChat Pay: prepay, query, close, and what a person sees and does at the cashier."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox import keys
from sandbox.clock import beijing_text, rfc3339
from sandbox.people import Person
from sandbox.store import Shelf
from sandbox.wechat_pay import fields
from sandbox.wechat_pay.notices import Notices
from sandbox.wechat_pay.refusal import Refusal, param_error
from sandbox.world import World

PREPAY_LIFE_S = 2 * 3600
H5_LIFE_S = 300
ORDER_LIFE_S = 7 * 86400
STATE_WORDS = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}


@dataclass
class Order:
    """`request` is the first prepay body; `prepays` maps prepay_id or code to the instant it was given out."""

    out_trade_no: str
    trade_type: str
    request: dict[str, Any]
    created_at: float
    pay_until: float
    prepays: dict[str, float] = field(default_factory=dict)
    state: str = "NOTPAY"
    transaction_id: str | None = None
    paid_at: float | None = None
    payer_openid: str | None = None
    payer_person_id: str | None = None

    @property
    def total_fen(self) -> int:
        return int(self.request["amount"]["total"])


class CannotPay(Exception):
    """The cashier turns the person away; the text is what the phone shows, `call` the client's function that fails."""

    call = "requestPayment"


class Orders:
    def __init__(self, world: World, notices: Notices) -> None:
        self._world = world
        self._notices = notices
        self._orders = Shelf(world.store, "wechat_pay.order", Order)
        self._by_ticket: dict[str, str] = {}
        self._by_transaction: dict[str, str] = {}
        for order in self._orders:
            self._index(order)

    # ── the merchant's side ────────────────────────────────────────────────────────────────────────

    def prepay(self, trade_type: str, body: dict[str, Any]) -> str:
        """Places the order, or gives a fresh ticket for the same order. Returns prepay_id or code_url's `pr`.

        Raises: Refusal.
        """
        self._check_merchant(body)
        order = self._orders.get(body["out_trade_no"])
        now = self._world.clock.epoch_s()
        if order is None:
            order = Order(body["out_trade_no"], trade_type, body, now, self._pay_until(body, now))
        else:
            self._check_again(order, trade_type, body)
        ticket = self._new_ticket(trade_type, now)
        order.prepays[ticket] = now
        self.save(order)
        return ticket

    def find(self, *, out_trade_no: str | None = None, transaction_id: str | None = None) -> Order | None:
        if transaction_id is not None:
            out_trade_no = self._by_transaction.get(transaction_id)
        order = self._orders.get(out_trade_no) if out_trade_no is not None else None
        if order is not None and order.state == "NOTPAY" and self._is_forgotten(order):
            order.state = "CLOSED"
            self.save(order)
        return order

    def paid(self) -> Iterator[Order]:
        """Those that money came in for, also where some of it went back."""
        return (order for order in self._orders if order.paid_at is not None)

    def query(self, *, out_trade_no: str | None = None, transaction_id: str | None = None) -> dict[str, Any]:
        """Raises: Refusal (ORDER_NOT_EXIST)."""
        order = self.find(out_trade_no=out_trade_no, transaction_id=transaction_id)
        if order is None:
            raise Refusal(404, "ORDER_NOT_EXIST", "订单不存在", 268512771)
        return self.describe(order)

    def close(self, out_trade_no: str) -> None:
        """Closing again changes nothing. Raises: Refusal (ORDER_NOT_EXIST, ORDER_PAID)."""
        order = self.find(out_trade_no=out_trade_no)
        if order is None:
            raise Refusal(404, "ORDER_NOT_EXIST", "订单不存在", 268512771)
        if order.state in ("SUCCESS", "REFUND"):
            raise Refusal(400, "ORDER_PAID", "该订单已支付", 268449538)
        order.state = "CLOSED"
        self.save(order)

    def describe(self, order: Order) -> dict[str, Any]:
        """The transaction as queries and notifications show it."""
        request = order.request
        shown: dict[str, Any] = {
            "appid": request["appid"],
            "mchid": request["mchid"],
            "out_trade_no": order.out_trade_no,
            "trade_state": order.state,
            "trade_state_desc": STATE_WORDS[order.state],
            "amount": {"total": order.total_fen, "currency": "CNY"},
            "promotion_detail": [],
        }
        if order.transaction_id is not None and order.paid_at is not None:
            shown["transaction_id"] = order.transaction_id
            shown["trade_type"] = order.trade_type
            shown["bank_type"] = "OTHERS"
            shown["attach"] = request.get("attach", "")
            shown["success_time"] = rfc3339(order.paid_at)
            shown["payer"] = {"openid": order.payer_openid}
            shown["amount"] |= {"payer_total": order.total_fen, "payer_currency": "CNY"}
        return shown

    def save(self, order: Order) -> None:
        self._orders.put(order.out_trade_no, order)
        self._index(order)

    # ── the person's side ──────────────────────────────────────────────────────────────────────────

    def open_cashier(self, ticket: str, person: Person) -> Order:
        """The order behind a prepay_id or a scanned code, when this person may pay it now.

        Raises: CannotPay.
        """
        order = self.find(out_trade_no=self._by_ticket.get(ticket))
        if order is None:
            raise CannotPay("商户订单号不存在")
        now = self._world.clock.epoch_s()
        life_s = H5_LIFE_S if order.trade_type == "MWEB" else PREPAY_LIFE_S
        if order.trade_type == "JSAPI" and order.request["payer"]["openid"] not in (
            person.mini_openid,
            person.official_openid,
        ):
            raise CannotPay("下单账号与支付账号不一致，请核实后再支付")
        if order.state == "CLOSED":
            raise CannotPay("订单已关闭")
        if order.state != "NOTPAY":
            raise CannotPay("该订单已支付")
        if now > order.prepays[ticket] + life_s or now > order.pay_until:
            raise CannotPay("订单已过期")
        return order

    def pay(self, ticket: str, person: Person) -> Order:
        """Takes the money and starts the notification. Raises: CannotPay."""
        order = self.open_cashier(ticket, person)
        now = self._world.clock.epoch_s()
        order.state = "SUCCESS"
        order.paid_at = now
        order.transaction_id = "42000" + keys.random_digits(5) + beijing_text(now)[:10].replace("-", "")
        order.transaction_id += keys.random_digits(10)
        order.payer_person_id = person.id
        order.payer_openid = self._openid_for(order, person)
        self.save(order)
        self._world.wallets.move(
            "paid",
            channel="wechat_pay",
            person_id=person.id,
            out_trade_no=order.out_trade_no,
            channel_trade_no=order.transaction_id,
            amount_fen=order.total_fen,
        )
        self._notices.send(
            url=order.request["notify_url"],
            event_type="TRANSACTION.SUCCESS",
            summary="支付成功",
            original_type="transaction",
            subject=order.out_trade_no,
            resource=self.describe(order),
        )
        return order

    # ── inside ─────────────────────────────────────────────────────────────────────────────────────

    def _check_merchant(self, body: dict[str, Any]) -> None:
        credentials = self._world.credentials
        if body["mchid"] != credentials.mch_id:
            raise Refusal(400, "PARAM_ERROR", "商户号与签名商户号不一致")
        accounts = {credentials.mini_app_id: "mini", credentials.official_app_id: "official"}
        account = accounts.get(body["appid"])
        if account is None:
            raise Refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配", 268445527)
        if "payer" in body:
            openid = body["payer"]["openid"]
            if self._world.people.by_openid("mini" if account == "mini" else "official", openid) is None:
                raise Refusal(400, "PARAM_ERROR", "appid和openid不匹配", 268501013)

    def _check_again(self, order: Order, trade_type: str, body: dict[str, Any]) -> None:
        if order.state in ("SUCCESS", "REFUND"):
            raise Refusal(400, "ORDERPAID", "该订单已支付", 268498689)
        if order.state == "CLOSED" or self._is_forgotten(order):
            raise Refusal(400, "ORDER_CLOSED", "该订单已关闭，请重新下单", 268447914)
        if order.trade_type != trade_type or order.request != body:
            raise Refusal(
                400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致，请核对后再试", 268498688
            )
        if self._world.clock.epoch_s() > order.pay_until:
            raise Refusal(400, "ORDER_CLOSED", "订单已过支付截止时间，请重新下单", 268447914)

    def _pay_until(self, body: dict[str, Any], now: float) -> float:
        if "time_expire" not in body:
            return now + ORDER_LIFE_S
        wanted = fields.read_time("/time_expire", body["time_expire"])
        if wanted <= now:
            raise param_error("/time_expire", "time_expire时间过短，刷新订单有效时间后重新下单")
        return min(max(wanted, now + 60), now + 90 * 86400)

    def _is_forgotten(self, order: Order) -> bool:
        return self._world.clock.epoch_s() > max(order.created_at + ORDER_LIFE_S, order.pay_until)

    def _new_ticket(self, trade_type: str, now: float) -> str:
        if trade_type == "NATIVE":
            return keys.random_text(9)
        stamp = beijing_text(now).replace("-", "").replace(":", "").replace(" ", "")
        return f"wx{stamp}{secrets.token_hex(10)}"

    def _openid_for(self, order: Order, person: Person) -> str:
        credentials = self._world.credentials
        is_mini = order.request["appid"] == credentials.mini_app_id
        return person.mini_openid if is_mini else person.official_openid

    def _index(self, order: Order) -> None:
        for ticket in order.prepays:
            self._by_ticket[ticket] = order.out_trade_no
        if order.transaction_id is not None:
            self._by_transaction[order.transaction_id] = order.out_trade_no
