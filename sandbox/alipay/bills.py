"""alipay.data.dataservice.bill.downloadurl.query and the file behind the address it gives.

Facts: opendocs.alipay.com, "查询对账单下载地址" (a day's bill is there after nine the next morning, an address lives 30 seconds);
a day without any trade has no bill.
"""

from __future__ import annotations

import re
import urllib.parse
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox import keys
from sandbox.alipay import bill_files
from sandbox.alipay.bill_files import Line
from sandbox.alipay.trades import Trade, Trades
from sandbox.alipay.wire import AlipayError
from sandbox.clock import BEIJING, beijing_text
from sandbox.faults import Rule
from sandbox.withdrawals import Withdrawal
from sandbox.world import World

ADDRESS_LIFE_S = 30
READY_HOUR = 9
MONTH_READY_DAY = 3
FILE_FAULTS = frozenset({"one_fen_off", "missing_row", "extra_row", "torn", "garbage"})
NOT_THERE = AlipayError("40004", "Business Failed", "isp.bill_not_exist", "账单不存在")


def _invalid(name: str) -> AlipayError:
    return AlipayError("40004", "Business Failed", "isv.invalid_arguments", f"入参不合法：{name}")


class Bills:
    def __init__(self, world: World, trades: Trades) -> None:
        self._world = world
        self._trades = trades
        self._given: dict[str, tuple[float, str, str]] = {}

    def address(self, content: dict[str, Any], origin: str, fault: Rule | None) -> dict[str, Any]:
        """`not_ready` has no bill, `late` (seconds) has it so much later. Raises: AlipayError."""
        kind, named = str(content.get("bill_type", "")), str(content.get("bill_date", ""))
        if kind not in ("trade", "signcustomer"):
            raise _invalid("bill_type")
        start, end = _days(named)
        ready = _ready_at(named, end) + timedelta(seconds=fault.seconds if fault is not None else 0.0)
        now = self._world.clock.epoch_s()
        if now < end.timestamp():
            raise _invalid("bill_date")
        is_away = fault is not None and fault.do == "not_ready"
        if is_away or now < ready.timestamp() or not self._lines_of(kind, start, end):
            raise NOT_THERE
        token = keys.random_text(32).lower()
        self._given[token] = (now + ADDRESS_LIFE_S, kind, named)
        query = urllib.parse.urlencode(
            {
                "bizType": kind,
                "userId": self._world.credentials.alipay_seller_id + "0156",
                "fileType": "csv.zip",
                "bizDates": named.replace("-", ""),
                "downloadFileName": f"{self._world.credentials.alipay_seller_id}0156_{named.replace('-', '')}.csv.zip",
                "fileId": f"/{kind}/{token[:8]}.csv.zip",
                "timestamp": str(int(now * 1000)),
                "token": token,
            }
        )
        return {"bill_download_url": f"{origin}/downloadBillFile.resource?{query}"}

    def file(self, token: str, fault: Rule | None) -> web.Response:
        """The zip archive; unsigned, as in life. An address that is over or made up gets a page of HTML."""
        ends_at, kind, named = self._given.get(token, (0.0, "", ""))
        if self._world.clock.epoch_s() > ends_at:
            return web.Response(status=403, text="<html>链接已失效</html>", content_type="text/html")
        if fault is not None and fault.do == "garbage":
            return web.Response(text="<html>系统繁忙</html>", content_type="text/html")
        start, end = _days(named)
        lines = _spoilt(self._lines_of(kind, start, end), fault)
        account = self._world.credentials.alipay_seller_id + "0156"
        head = bill_files.Head(account, start, end, beijing_text(self._world.clock.epoch_s()))
        archive = bill_files.archive(
            kind, head, lines, opening_fen=self._opening(start), stem=f"{account}_{named.replace('-', '')}"
        )
        if fault is not None and fault.do == "torn":
            archive = archive[: len(archive) // 2]
        return web.Response(
            body=archive,
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{account}_{named}.csv.zip"'},
        )

    def _lines_of(self, kind: str, start: datetime, end: datetime) -> list[Line]:
        """What a bill of this kind has: `signcustomer` also what the merchant took to its bank."""
        lines = self._lines(start, end)
        if kind == "signcustomer":
            within = (start.timestamp(), end.timestamp())
            lines += [
                _withdrawn(one)
                for one in self._world.withdrawals.of("alipay")
                if within[0] <= one.at < within[1]
            ]
        return sorted(lines, key=lambda line: line.ended_at)

    def _lines(self, start: datetime, end: datetime) -> list[Line]:
        """What was paid and went back from `start` until before `end`, in order of time."""
        found: list[tuple[float, Line]] = []
        for trade in self._trades:
            if trade.paid_at is None:
                continue
            fee_fen = self._fee(trade.total_fen)
            found.append((trade.paid_at, self._line(trade, trade.paid_at, trade.total_fen, -fee_fen)))
            back_fen = fee_back_fen = 0
            for refund in trade.refunds:
                back_fen += int(refund["amount_fen"])
                fee = (fee_fen * back_fen + trade.total_fen // 2) // trade.total_fen - fee_back_fen
                fee_back_fen += fee
                line = self._line(trade, float(refund["at"]), -int(refund["amount_fen"]), fee, refund)
                found.append((float(refund["at"]), line))
        within = [one for one in found if start.timestamp() <= one[0] < end.timestamp()]
        return [line for _, line in sorted(within, key=lambda one: one[0])]

    def _line(
        self, trade: Trade, at: float, amount_fen: int, fee_fen: int, refund: dict[str, Any] | None = None
    ) -> Line:
        person = self._world.people.get(trade.buyer_person_id or "")
        return Line(
            trade_no=trade.trade_no or "",
            out_trade_no=trade.out_trade_no,
            subject=str(trade.content["subject"]),
            began_at=beijing_text(at if refund is not None else (trade.opened_at or at)),
            ended_at=beijing_text(at),
            payer="" if person is None else f"*{person.nickname[-1]}({person.alipay_logon_id})",
            amount_fen=amount_fen,
            fee_fen=fee_fen,
            out_request_no="" if refund is None else str(refund["out_request_no"]),
            remark="" if refund is None else str(refund.get("reason", "")),
        )

    def _fee(self, amount_fen: int) -> int:
        """In hundredths of a per cent of the amount, half a fen up."""
        return (amount_fen * self._world.settings.alipay_fee_bp + 5000) // 10_000

    def _opening(self, start: datetime) -> int:
        before = self._lines_of("signcustomer", datetime(2016, 1, 1, tzinfo=BEIJING), start)
        return sum(line.amount_fen + line.fee_fen for line in before)


def _withdrawn(one: Withdrawal) -> Line:
    at = beijing_text(one.at)
    return Line(one.withdraw_no, "", "", at, at, "", -one.amount_fen, 0, "", "提现", kind="提现")


def _spoilt(lines: list[Line], fault: Rule | None) -> list[Line]:
    """`one_fen_off`: the first row is a fen more; `missing_row`: it is left out; `extra_row`: it comes again as another trade."""
    first = lines[0]
    match fault.do if fault is not None else None:
        case "one_fen_off":
            return [first.changed(amount_fen=first.amount_fen + 1), *lines[1:]]
        case "missing_row":
            return lines[1:]
        case "extra_row":
            other = first.changed(trade_no=first.trade_no[:-6] + "999999", out_trade_no="NOSUCHNUMBER")
            return [*lines, other]
    return lines


def _days(named: str) -> tuple[datetime, datetime]:
    """Start and end (not included) of a day or month in Beijing. Raises: AlipayError."""
    try:
        if re.fullmatch(r"\d{4}-\d\d", named):
            start = datetime.strptime(named, "%Y-%m").replace(tzinfo=BEIJING)
            return start, (start + timedelta(days=32)).replace(day=1)
        start = datetime.strptime(named, "%Y-%m-%d").replace(tzinfo=BEIJING)
    except ValueError:
        raise _invalid("bill_date") from None
    return start, start + timedelta(days=1)


def _ready_at(named: str, end: datetime) -> datetime:
    is_month = len(named) == len("2026-11")
    return end + timedelta(days=MONTH_READY_DAY - 1 if is_month else 0, hours=READY_HOUR)
