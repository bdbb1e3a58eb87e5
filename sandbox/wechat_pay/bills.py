"""Bills: where a day's file lies, and the file, made from the sandbox's own orders, refunds, transfers and withdrawals.

Facts: pay.weixin.qq.com "申请交易账单", "申请资金账单", "下载账单" (ready after ten the next morning, three months back, the address
lives 30 seconds, SHA-1 of the unpacked text); wechatpay-go FAQ (the file's answer carries no signature). A day on which nothing
happened has no bill.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import keys
from sandbox.clock import BEIJING, beijing_text
from sandbox.faults import Rule
from sandbox.wechat_pay import bill_files
from sandbox.wechat_pay.bill_files import Flow, Line
from sandbox.wechat_pay.orders import Order, Orders
from sandbox.wechat_pay.refunds import Refund, Refunds
from sandbox.wechat_pay.refusal import Refusal
from sandbox.wechat_pay.transfers import Transfers
from sandbox.world import World

ADDRESS_LIFE_S = 30
READY_HOUR = 10
LONGEST_BACK_DAYS = 92
CONTENT_FAULTS = frozenset({"not_ready", "late", "one_fen_off", "missing_row", "extra_row", "fee_off", "bom"})
FILE_FAULTS = frozenset({"torn", "garbage"})
NOT_THERE = Refusal(400, "NO_STATEMENT_EXIST", "账单文件不存在", 268435462)


@dataclass(frozen=True)
class _Given:
    until: float
    body: bytes


class Bills:
    def __init__(self, world: World, orders: Orders, refunds: Refunds, transfers: Transfers) -> None:
        self._world = world
        self._orders = orders
        self._refunds = refunds
        self._transfers = transfers
        self._given: dict[str, _Given] = {}

    def trades(self, query: Mapping[str, str], origin: str, fault: Rule | None) -> dict[str, Any]:
        """`GET /v3/bill/tradebill`. Raises: Refusal."""
        bill_type = query.get("bill_type", "ALL")
        if bill_type not in bill_files.COLUMNS:
            raise _wrong("bill_type")
        start = self._day(query, fault)
        lines = self._lines(start.timestamp(), (start + timedelta(days=1)).timestamp())
        if not lines:
            raise NOT_THERE
        text = bill_files.trade_text(bill_type, _spoilt(lines, fault))
        return self._give(text, query, origin, fault)

    def flows(self, query: Mapping[str, str], origin: str, fault: Rule | None) -> dict[str, Any]:
        """`GET /v3/bill/fundflowbill`. Raises: Refusal."""
        account = query.get("account_type", "BASIC")
        if account not in ("BASIC", "OPERATION", "FEES"):
            raise _wrong("account_type")
        start = self._day(query, fault)
        flows = self._flows(start.timestamp(), (start + timedelta(days=1)).timestamp())
        if account != "BASIC" or not flows:
            raise NOT_THERE
        return self._give(bill_files.flow_text(_spoilt_flows(flows, fault)), query, origin, fault)

    def file(self, token: str, fault: Rule | None) -> bytes:
        """What lies at a download address. Raises: Refusal when it is over or made up."""
        given = self._given.get(token)
        if given is None or self._world.clock.epoch_s() > given.until:
            raise Refusal(400, "INVALID_REQUEST", "账单下载链接已失效，请重新申请", 268435464)
        if fault is not None and fault.do == "torn":
            return given.body[: len(given.body) // 2]
        if fault is not None and fault.do == "garbage":
            return b"<html>" + given.body[::-1]
        return given.body

    def _day(self, query: Mapping[str, str], fault: Rule | None) -> datetime:
        if query.get("tar_type", "GZIP") != "GZIP":
            raise _wrong("tar_type")
        try:
            start = datetime.strptime(query.get("bill_date", ""), "%Y-%m-%d").replace(tzinfo=BEIJING)
        except ValueError:
            raise _wrong("bill_date") from None
        now = self._world.clock.now()
        if start + timedelta(days=1) > now:
            raise Refusal(400, "INVALID_REQUEST", "账单日期不能是今天或以后", 268435463)
        if start + timedelta(days=LONGEST_BACK_DAYS) < now:
            raise Refusal(400, "INVALID_REQUEST", "仅支持三个月内的账单下载申请", 268435463)
        late_s = fault.seconds if fault is not None and fault.do == "late" else 0.0
        ready_at = start + timedelta(days=1, hours=READY_HOUR, seconds=late_s)
        if (fault is not None and fault.do == "not_ready") or now < ready_at:
            raise NOT_THERE
        return start

    def _give(self, text: str, query: Mapping[str, str], origin: str, fault: Rule | None) -> dict[str, Any]:
        plain = text.encode("utf-8-sig" if fault is not None and fault.do == "bom" else "utf-8")
        packed = gzip.compress(plain) if "tar_type" in query else plain
        now = self._world.clock.epoch_s()
        self._given = {token: given for token, given in self._given.items() if given.until >= now}
        token = keys.random_text(64)
        self._given[token] = _Given(now + ADDRESS_LIFE_S, packed)
        packing = "&tartype=gzip" if "tar_type" in query else ""
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(plain, usedforsecurity=False).hexdigest(),
            "download_url": f"{origin}/v3/billdownload/file?token={token}{packing}",
        }

    def _lines(self, start: float, end: float) -> list[Line]:
        """Payments by the instant they were made, refunds by the instant they were accepted."""
        found: list[tuple[float, Line]] = []
        for order in self._orders.paid():
            assert order.paid_at is not None
            if start <= order.paid_at < end:
                found.append((order.paid_at, self._payment(order)))
            for refund in self._refunds.of_order(order):
                if start <= refund.created_at < end and refund.state != "CLOSED":
                    found.append((refund.created_at, self._refund(order, refund)))
        return [line for _, line in sorted(found, key=lambda one: one[0])]

    def _payment(self, order: Order) -> Line:
        request = order.request
        return Line(
            at=beijing_text(order.paid_at or 0.0),
            app_id=request["appid"],
            mch_id=request["mchid"],
            transaction_id=order.transaction_id or "",
            out_trade_no=order.out_trade_no,
            openid=order.payer_openid or "",
            trade_type=order.trade_type,
            description=request["description"],
            attach=request.get("attach", ""),
            amount_fen=order.total_fen,
            fee_fen=self.fee_fen(order.total_fen),
            fee_rate=f"{self._world.settings.wechat_pay_fee_bp / 100:.2f}%",
        )

    def _refund(self, order: Order, refund: Refund) -> Line:
        return self._payment(order).changed(
            at=beijing_text(refund.created_at),
            amount_fen=refund.amount_fen,
            fee_fen=-self.fee_fen(refund.amount_fen),
            refund_id=refund.refund_id,
            out_refund_no=refund.out_refund_no,
            refund_state="SUCCESS" if refund.state == "SUCCESS" else "PROCESSING",
            refunded_at=beijing_text(refund.settled_at) if refund.settled_at else "",
        )

    def fee_fen(self, amount_fen: int) -> int:
        """In hundredths of a per cent of the amount, half a fen up."""
        return (amount_fen * self._world.settings.wechat_pay_fee_bp + 5000) // 10_000

    def _flows(self, start: float, end: float) -> list[Flow]:
        moved: list[tuple[float, str, str, str, int, str]] = []
        for order in self._orders.paid():
            number, at = order.transaction_id or "", order.paid_at or 0.0
            moved.append((at, number, "交易", "交易", order.total_fen, order.out_trade_no))
            moved.append(
                (at, number, "交易", "扣除交易手续费", -self.fee_fen(order.total_fen), order.out_trade_no)
            )
            for refund in self._refunds.of_order(order):
                if refund.state != "CLOSED":
                    at, number, fen = refund.created_at, refund.refund_id, refund.amount_fen
                    moved.append((at, number, "退款", "退款", -fen, refund.out_refund_no))
                    moved.append(
                        (at, number, "退款", "退还交易手续费", self.fee_fen(fen), refund.out_refund_no)
                    )
        for transfer in self._transfers.paid():
            moved.append(
                (transfer.ended_at or 0.0, transfer.transfer_bill_no, "商家转账", "商家转账", -transfer.amount_fen, transfer.out_bill_no)
            )  # fmt: skip
        for withdrawal in self._world.withdrawals.of("wechat_pay"):
            number = withdrawal.withdraw_no
            moved.append((withdrawal.at, number, "充值/提现", "提现", -withdrawal.amount_fen, number))
        flows, balance_fen = [], 0
        for nth, (at, number, name, kind, fen, voucher) in enumerate(
            sorted(moved, key=lambda one: one[0]), 1
        ):
            balance_fen += fen
            if start <= at < end and fen:
                flows.append(
                    Flow(
                        beijing_text(at), number, f"1504{nth:024d}", name, kind, fen, balance_fen, "", voucher
                    )
                )
        return flows


def _spoilt(lines: list[Line], fault: Rule | None) -> list[Line]:
    """`one_fen_off`: the first row is a fen more; `fee_off`: its fee is; `missing_row`: it is left out; `extra_row`: once more, as
    another trade."""
    first = lines[0]
    match fault.do if fault is not None else None:
        case "one_fen_off":
            return [first.changed(amount_fen=first.amount_fen + 1), *lines[1:]]
        case "fee_off":
            return [first.changed(fee_fen=first.fee_fen + 1), *lines[1:]]
        case "missing_row":
            return lines[1:]
        case "extra_row":
            other = first.changed(
                transaction_id=first.transaction_id[:-6] + "999999", out_trade_no="NOSUCHNUMBER"
            )
            return [*lines, other]
    return lines


def _spoilt_flows(flows: list[Flow], fault: Rule | None) -> list[Flow]:
    """`one_fen_off`: the first movement is a fen more, but not what the account holds after it; `missing_row`: it is left out."""
    match fault.do if fault is not None else None:
        case "one_fen_off":
            return [dataclasses.replace(flows[0], amount_fen=flows[0].amount_fen + 1), *flows[1:]]
        case "missing_row":
            return flows[1:]
    return flows


def _wrong(name: str) -> Refusal:
    return Refusal(400, "PARAM_ERROR", f"参数错误：{name}", 268435461)
