"""Trades at Alipay: announced by the merchant, born when a person opens them, paid, closed, refunded.

Facts: opendocs.alipay.com, alipay.trade.precreate / wap.pay / query / close / refund / fastpay.refund.query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox import keys
from sandbox.alipay.notices import Notices
from sandbox.alipay.wire import AlipayError, business
from sandbox.clock import BEIJING, beijing_text
from sandbox.people import Person
from sandbox.store import Shelf
from sandbox.world import World

DEFAULT_LIFE_S = 15 * 86400
CODE_LIFE_S = 2 * 3600
REFUND_LIFE_S = 365 * 86400
UNITS_S = {"m": 60, "h": 3600, "d": 86400}
MOST_FEN = 10_000_000_000


@dataclass
class Trade:
    """`state` "" until a person has scanned the code or opened the page: to the merchant it does not exist."""

    out_trade_no: str
    product: str
    content: dict[str, Any]
    total_fen: int
    notify_url: str | None
    return_url: str | None
    announced_at: float
    code: str
    state: str = ""
    trade_no: str | None = None
    opened_at: float | None = None
    pay_until: float | None = None
    paid_at: float | None = None
    buyer_person_id: str | None = None
    refunds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def refunded_fen(self) -> int:
        return sum(int(one["amount_fen"]) for one in self.refunds)


class Trades:
    def __init__(self, world: World, notices: Notices) -> None:
        self._world = world
        self._notices = notices
        self._trades = Shelf(world.store, "alipay.trade", Trade)
        self._by_code = {trade.code: trade.out_trade_no for trade in self._trades}
        self._by_trade_no = {trade.trade_no: trade.out_trade_no for trade in self._trades if trade.trade_no}
        world.agenda.register("alipay.expire", self._expire)

    def announce(self, product: str, content: dict[str, Any], params: dict[str, str]) -> Trade:
        """What precreate does, and what opening a wap page does first. Raises: AlipayError."""
        total_fen = _check_content(content)
        out_trade_no = content["out_trade_no"]
        trade = self._trades.get(out_trade_no)
        if trade is not None:
            self._check_again(trade, product, content, total_fen)
            return trade
        trade = Trade(
            out_trade_no=out_trade_no,
            product=product,
            content=content,
            total_fen=total_fen,
            notify_url=params.get("notify_url") or None,
            return_url=params.get("return_url") or None,
            announced_at=self._world.clock.epoch_s(),
            code="bax" + keys.random_text(20).lower(),
        )
        self._save(trade)
        return trade

    def __iter__(self) -> Iterator[Trade]:
        return iter(self._trades)

    def by_code(self, code: str) -> Trade | None:
        return self._trades.get(self._by_code.get(code, ""))

    def by_number(self, out_trade_no: str) -> Trade | None:
        return self._trades.get(out_trade_no)

    def find(self, content: dict[str, Any]) -> Trade:
        """By trade_no or out_trade_no. Raises: AlipayError (ACQ.TRADE_NOT_EXIST, ACQ.INVALID_PARAMETER)."""
        if not content.get("out_trade_no") and not content.get("trade_no"):
            raise business("INVALID_PARAMETER", "参数有误：out_trade_no和trade_no不能同时为空")
        number = content.get("out_trade_no")
        if content.get("trade_no"):
            number = self._by_trade_no.get(str(content["trade_no"]))
        trade = self._trades.get(str(number))
        if trade is None or not trade.state:
            raise business("TRADE_NOT_EXIST", "交易不存在")
        if trade.paid_at and self._world.clock.epoch_s() > trade.paid_at + REFUND_LIFE_S:
            trade.state = "TRADE_FINISHED" if trade.state == "TRADE_SUCCESS" else trade.state
            self._save(trade)
        return trade

    def open(self, trade: Trade, person: Person | None) -> None:
        """A person looks at the cashier: only now the trade exists. Raises: AlipayError."""
        now = self._world.clock.epoch_s()
        if not trade.state:
            if trade.product == "precreate" and now > trade.announced_at + CODE_LIFE_S:
                raise business("CODE_EXPIRED", "二维码已失效")
            trade.pay_until = _pay_until(trade, now)
            if trade.pay_until <= now:
                raise business("TRADE_HAS_CLOSE", "交易已经关闭")
            trade.state, trade.opened_at = "WAIT_BUYER_PAY", now
            trade.trade_no = beijing_text(now)[:10].replace("-", "") + "22001" + keys.random_digits(15)
            self._by_trade_no[trade.trade_no] = trade.out_trade_no
            errand = {"out_trade_no": trade.out_trade_no}
            self._world.agenda.add("alipay.expire", errand, delay_s=trade.pay_until - now)
        if person is not None and trade.state == "WAIT_BUYER_PAY":
            if trade.product == "create" and trade.buyer_person_id not in (None, person.id):
                raise business("BUYER_ERROR", "买家账号不符")
            trade.buyer_person_id = person.id
        self._save(trade)

    def pay(self, trade: Trade, person: Person) -> None:
        """Takes the money and starts the notification. Raises: AlipayError."""
        self.open(trade, person)
        now = self._world.clock.epoch_s()
        if trade.state in ("TRADE_SUCCESS", "TRADE_FINISHED"):
            raise business("TRADE_HAS_SUCCESS", "交易已被支付")
        if trade.state != "WAIT_BUYER_PAY" or (trade.pay_until is not None and now >= trade.pay_until):
            raise business("TRADE_HAS_CLOSE", "交易已经关闭")
        trade.state, trade.paid_at, trade.buyer_person_id = "TRADE_SUCCESS", now, person.id
        self._save(trade)
        self._move("paid", trade, trade.total_fen)
        self._notices.send(trade, self.notice(trade))

    def close(self, content: dict[str, Any]) -> dict[str, Any]:
        """Raises: AlipayError unless the trade is waiting for its buyer."""
        trade = self.find(content)
        if trade.state != "WAIT_BUYER_PAY":
            raise business("REASON_TRADE_STATUS_INVALID", "交易状态异常，非待支付状态下不支持关单操作")
        self._shut(trade)
        return {"trade_no": trade.trade_no, "out_trade_no": trade.out_trade_no}

    def cancel(self, content: dict[str, Any]) -> dict[str, Any]:
        """Closes an unpaid trade, pays a paid one back; a trade nobody opened is cancelled too."""
        number = str(content.get("out_trade_no", ""))
        announced = self._trades.get(number)
        if announced is not None and not announced.state:
            announced.state = "TRADE_CLOSED"
            self._save(announced)
            return {"out_trade_no": number, "retry_flag": "N", "action": "close"}
        trade = self.find(content)
        action = "close"
        if trade.state == "WAIT_BUYER_PAY":
            self._shut(trade)
        elif trade.state == "TRADE_SUCCESS":
            left_fen = trade.total_fen - trade.refunded_fen
            self.pay_back(trade, f"cancel-{trade.out_trade_no}", left_fen)
            action = "refund"
        return {
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "retry_flag": "N",
            "action": action,
        }

    def pay_back(self, trade: Trade, out_request_no: str, amount_fen: int, *, reason: str = "") -> None:
        """Moves the money, closes the trade when all of it is back, and notifies the pay URL."""
        now = self._world.clock.epoch_s()
        trade.refunds.append(
            {"out_request_no": out_request_no, "amount_fen": amount_fen, "at": now, "reason": reason}
        )
        if trade.refunded_fen == trade.total_fen:
            trade.state = "TRADE_CLOSED"
        self._save(trade)
        self._move("refunded", trade, amount_fen, out_request_no)
        notice = self.notice(trade) | {
            "out_biz_no": out_request_no,
            "refund_fee": yuan(trade.refunded_fen),
            "gmt_refund": beijing_text(now) + ".000",
        }
        self._notices.send(trade, notice)

    def notice(self, trade: Trade) -> dict[str, str]:
        """The fields of a trade notice that come from the trade."""
        person = self._world.people.get(trade.buyer_person_id or "")
        fields = {
            "trade_no": trade.trade_no or "",
            "out_trade_no": trade.out_trade_no,
            "trade_status": trade.state,
            "subject": str(trade.content["subject"]),
            "body": str(trade.content.get("body", "")),
            "total_amount": yuan(trade.total_fen),
            "gmt_create": beijing_text(trade.opened_at or trade.announced_at),
            "passback_params": str(trade.content.get("passback_params", "")),
        }
        if person is not None:
            fields["buyer_id"] = person.alipay_user_id
            fields["buyer_open_id"] = person.alipay_open_id
            fields["buyer_logon_id"] = person.alipay_logon_id
        if trade.paid_at is not None:
            fields["gmt_payment"] = beijing_text(trade.paid_at)
            amount = yuan(trade.total_fen)
            fields |= {"receipt_amount": amount, "invoice_amount": amount, "buyer_pay_amount": amount}
            fields["point_amount"] = "0.00"
            fields["fund_bill_list"] = f'[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]'
        elif trade.state == "TRADE_CLOSED":
            fields["gmt_close"] = beijing_text(self._world.clock.epoch_s())
        return {name: value for name, value in fields.items() if value}

    # ── inside ─────────────────────────────────────────────────────────────────────────────────────

    def _check_again(self, trade: Trade, product: str, content: dict[str, Any], total_fen: int) -> None:
        if trade.paid_at is not None:
            raise business("TRADE_HAS_SUCCESS", "交易已被支付")
        if trade.state == "TRADE_CLOSED":
            raise business("TRADE_HAS_CLOSE", "交易已经关闭")
        same = trade.product == product and trade.total_fen == total_fen
        if not same or trade.content["subject"] != content["subject"]:
            raise business("CONTEXT_INCONSISTENT", "交易信息被篡改")

    def _shut(self, trade: Trade) -> None:
        trade.state = "TRADE_CLOSED"
        self._save(trade)
        self._notices.send(trade, self.notice(trade))

    async def _expire(self, errand: dict[str, Any]) -> None:
        trade = self._trades.get(errand["out_trade_no"])
        if trade is not None and trade.state == "WAIT_BUYER_PAY":
            self._shut(trade)

    def _move(self, kind: Any, trade: Trade, amount_fen: int, out_refund_no: str | None = None) -> None:
        self._world.wallets.move(
            kind,
            channel="alipay",
            person_id=trade.buyer_person_id or "",
            out_trade_no=trade.out_trade_no,
            channel_trade_no=trade.trade_no or "",
            amount_fen=amount_fen,
            out_refund_no=out_refund_no,
        )
        self._world.feed.show(
            trade.buyer_person_id or "",
            "payment",
            what=kind,
            channel="alipay",
            merchant=self._world.settings.merchant_name,
            amount_fen=amount_fen,
            description=trade.content["subject"],
        )

    def _save(self, trade: Trade) -> None:
        self._trades.put(trade.out_trade_no, trade)
        self._by_code[trade.code] = trade.out_trade_no


def yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def fen(text: Any) -> int:
    """Raises: AlipayError (ACQ.INVALID_PARAMETER) unless yuan with at most two decimals."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        raise business("INVALID_PARAMETER", "参数有误：金额格式错误") from None
    fits = amount.is_finite() and 0 <= amount < 10**12 and amount == round(amount, 2)
    if isinstance(text, bool) or not fits:
        raise business("INVALID_PARAMETER", "参数有误：金额最多两位小数")
    return int(amount * 100)


def _check_content(content: dict[str, Any]) -> int:
    """Total in fen. Raises: AlipayError."""
    number, subject = content.get("out_trade_no"), content.get("subject")
    if not isinstance(number, str) or not re.fullmatch(r"[0-9A-Za-z_]{1,64}", number):
        raise business("INVALID_PARAMETER", "参数有误：out_trade_no")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 256 or re.search(r"[/=&]", subject):
        raise business("INVALID_PARAMETER", "参数有误：subject")
    if "total_amount" not in content:
        raise business("INVALID_PARAMETER", "参数有误：total_amount")
    total_fen = fen(content["total_amount"])
    if total_fen < 1:
        raise business("INVALID_PARAMETER", "参数有误：total_amount")
    if total_fen > MOST_FEN:
        raise business("TOTAL_FEE_EXCEED", "订单金额超过限额")
    return total_fen


def _pay_until(trade: Trade, now: float) -> float:
    absolute, relative = trade.content.get("time_expire"), trade.content.get("timeout_express")
    if absolute:
        for shape in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
            try:
                return datetime.strptime(str(absolute), shape).replace(tzinfo=BEIJING).timestamp()
            except ValueError:
                continue
        raise business("INVALID_PARAMETER", "参数有误：time_expire")
    if relative:
        found = re.fullmatch(r"(\d{1,5})([mhd])", str(relative))
        if found is None or not 60 <= int(found[1]) * UNITS_S[found[2]] <= DEFAULT_LIFE_S:
            raise business("INVALID_PARAMETER", "参数有误：timeout_express")
        return now + int(found[1]) * UNITS_S[found[2]]
    return now + DEFAULT_LIFE_S


__all__ = ["AlipayError", "Trade", "Trades", "fen", "yuan"]
