"""A day of a million rows is reconciled: its bill read, checked, written, matched both ways, its differences found, against a bare
``COPY`` of the same columns and one join that does the same match.

``RECONCILE_ROWS`` sets how many. The payments stand alone, without the top-ups they were for, so they are taken away again before the
books are asked for.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks import counters, place, seeds
from benchmarks.rounds import Contest, RunFailed
from billing import channels
from core import db
from gateways import channel as at_channel
from reconciliation import bill_imports, comparing, days, rates

FLOOR = (
    "COPY of the bill's columns as they are, and one join with the day's payments, both ways and with amounts"
)
TARGET = 0.3

ROWS = int(os.environ.get("RECONCILE_ROWS", "1000000"))
ODD_EVERY = 1_000
"""One payment in so many is billed a fen off."""
_MERCHANT = "1900000001"
_NAMES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"

_PAYMENTS = """
INSERT INTO payment (payment_no, customer_id, purpose, purpose_no, channel, method, amount_fen, currency, app_id, merchant_id, state,
                     channel_trade_no, created_at, expires_at, asks, paid_at, ended_at)
SELECT 'P' || to_char($2::date, 'YYMMDD') || lpad(((n * 7919::bigint) % 10000000000000)::text, 13, '0'), ($3::bigint[])[(1 + n % cardinality($3::bigint[]))::int],
       'top_up', 'T' || n, 'wechat_pay', 'jsapi', 100 + n % 9000, 'CNY', 'wx-bench', $4, 'paid', '4200' || lpad(n::text, 24, '0'),
       at, at, 0, at, at
FROM (SELECT n, $5::timestamptz + (n - 1) * interval '86400 seconds' / $1::bigint AS at FROM generate_series(1, $1::bigint) n) made
"""
_ALL = """
SELECT to_char(paid_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS'), payment_no, channel_trade_no, amount_fen
FROM payment ORDER BY id
"""
_EMPTY = "TRUNCATE channel_day, bill_file, bill_line, difference, carried, channel_fee, reconciliation_event CASCADE"
_GONE = "TRUNCATE payment, channel_day, bill_file, bill_line, difference, carried, channel_fee, reconciliation_event, floor_bill CASCADE"
_JOIN = """
SELECT count(*) FILTER (WHERE p.id IS NULL), count(*) FILTER (WHERE b.c7 IS NULL),
       count(*) FILTER (WHERE p.amount_fen <> (b.c25::numeric * 100)::bigint OR p.channel_trade_no <> b.c6)
FROM floor_bill b FULL JOIN (
    SELECT id, payment_no, channel_trade_no, amount_fen FROM payment WHERE channel = 'wechat_pay' AND paid_at >= $1 AND paid_at < $2
) p ON p.payment_no = b.c7
"""


class _NoChannel:
    """Stands for a channel whose bill lies here already; nothing is asked of it."""

    name = "wechat_pay"
    methods = frozenset({"jsapi"})


@contextlib.asynccontextmanager
async def day(where: place.Place) -> AsyncIterator[Contest]:
    """``reconciliation``: a bill taken and compared. Every segment is the whole day; its length is ignored."""
    async with place.opened(where):
        on = days.yesterday()
        bill, plain = await _paid_day(on, where)
        opened = _channels()

        async def floor(_seconds: float) -> float:
            await db.execute("TRUNCATE floor_bill")
            began = time.perf_counter()
            await db.copy_in("floor_bill", _pieces(plain))
            row = await db.fetchrow(_JOIN, days.start_of(on), days.start_of(on + timedelta(days=1)))
            if row is None or tuple(row) != (0, 0, ROWS // ODD_EVERY):
                raise RunFailed(f"the floor found {row}")
            return ROWS / (time.perf_counter() - began)

        async def subject(_seconds: float) -> float:
            await db.execute(_EMPTY)
            began = time.perf_counter()
            await reconciled()
            return ROWS / (time.perf_counter() - began)

        async def reconciled() -> None:
            taken = await bill_imports.take(opened, "wechat_pay", on, bill_imports.Given(bill, "benchmark"))
            found = await comparing.compare(taken.day.id)
            if found != ROWS // ODD_EVERY:
                raise RunFailed(f"{found} differences instead of {ROWS // ODD_EVERY}")

        async def counted() -> dict[str, float]:
            async def once(_number: int) -> None:
                await db.execute(_EMPTY)
                await reconciled()

            _forget_peak()
            before_mb = _peak_mb()
            whole = await counters.per_operation(where.database_url, once, times=3)
            per_row = {
                f"{name}_per_row": round(whole[name] / ROWS, 4)
                for name in ("wal_bytes", "rows_written", "buffers")
            }
            return {
                "statements": whole["statements"],
                **per_row,
                "rows": float(ROWS),
                "peak_mb_above_start": _peak_mb() - before_mb,
            }

        async def before_round() -> None:
            """A segment clears what the one before it left."""

        try:
            yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)
        finally:
            await db.execute(_GONE)


async def _paid_day(on: date, where: place.Place) -> tuple[Path, Path]:
    """A day's payments and the rate they are charged by; returns the day's bill, and its cells as PostgreSQL copies them."""
    await db.execute(_PAYMENTS, ROWS, on, await seeds.customers(1_000), _MERCHANT, days.start_of(on))
    charged = rates.Terms("channel", "wechat_pay", None, 0, 6_000, 0, 0, None, on, None)
    await rates.add(1, charged, key="bench-rate")
    bill, plain = where.home / "bill.csv", where.home / "bill.copy"
    await _write(on, bill, plain)
    columns = ", ".join(f"c{n} text" for n in range(1, _NAMES.count(",") + 2))
    await db.execute(f"CREATE TABLE floor_bill ({columns})")
    await db.execute("VACUUM ANALYZE payment")
    return bill, plain


def _channels() -> channels.Channels:
    found: at_channel.Channel = _NoChannel()  # type: ignore[assignment]
    return channels.Channels({"wechat_pay": channels.OpenChannel(found, "wx-bench", _MERCHANT)})


async def _write(on: date, bill: Path, plain: Path) -> None:
    """The bill as WeChat Pay writes it, and the same cells as PostgreSQL copies them."""
    paid_fen = fee_milli = 0
    with bill.open("w", encoding="utf-8") as theirs, plain.open("w", encoding="utf-8") as floor:
        theirs.write(_NAMES + "\r\n")
        for number, (at, payment_no, trade_no, amount_fen) in enumerate(await db.fetch(_ALL)):
            billed_fen = amount_fen + (number % ODD_EVERY == 0)
            fee = 1000 * ((billed_fen * 6_000 + 500_000) // 1_000_000)
            paid_fen, fee_milli = paid_fen + billed_fen, fee_milli + fee
            yuan = f"{billed_fen // 100}.{billed_fen % 100:02d}"
            cells = [
                at, "wx-bench", _MERCHANT, "0", "", trade_no, payment_no, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "JSAPI", "SUCCESS", "CMB_DEBIT",
                "CNY", yuan, "0.00", "0", "0", "0.00", "0.00", "", "", "账户充值, 满赠", "", f"{fee // 100_000}.{fee % 100_000:05d}", "0.60%",
                yuan, "0.00", "",
            ]  # fmt: skip
            theirs.write("`" + ",`".join(cells) + "\r\n")
            floor.write("\t".join(cells) + "\n")
        total, fees = (
            f"{paid_fen // 100}.{paid_fen % 100:02d}",
            f"{fee_milli // 100_000}.{fee_milli % 100_000:05d}",
        )
        sums = [str(ROWS), total, "0.00", "0.00", fees, total, "0.00"]
        theirs.write(f"{_SUMS}\r\n`{',`'.join(sums)}\r\n")


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(256 * 1024):
            yield piece


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    """The most memory this process has had since ``_forget_peak``."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
