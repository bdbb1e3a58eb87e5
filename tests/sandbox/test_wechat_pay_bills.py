"""Bills of WeChat Pay's stand-in: the vendor's SDK fetches them, and they say what really happened."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sandbox_merchant import SigningMerchant
from test_wechat_pay_sdk import call, sdk_for
from wechatpayv3 import utils

from sandbox.clock import BEIJING
from sandbox.wechat_pay import bill_files


class Shop:
    """A merchant with some trade, and the day on which it happened."""

    def __init__(self, sandbox, http, notify_url) -> None:
        self.sandbox = sandbox
        self.merchant = SigningMerchant(sandbox, http, notify_url)
        self.person = sandbox.world.people.arrive()
        self.day = sandbox.world.clock.now().astimezone(BEIJING).date()

    async def sells(self, number: str, fen: int, **more) -> None:
        body = self.merchant.native(out_trade_no=number, amount={"total": fen, "currency": "CNY"}, **more)
        answer = await self.merchant.send("POST", "/v3/pay/transactions/native", body)
        cashier = self.sandbox.wechat_pay.cashier
        cashier.pay(self.person, cashier.open_by_scan(self.person, answer.body["code_url"]).ticket)

    async def gives_back(self, number: str, refund_no: str, fen: int, total: int) -> None:
        amount = {"refund": fen, "total": total, "currency": "CNY"}
        body = {"out_trade_no": number, "out_refund_no": refund_no, "amount": amount}
        assert (await self.merchant.send("POST", "/v3/refund/domestic/refunds", body)).status == 200
        await self.sandbox.quiet()

    def sleeps_until(self, hour: int) -> None:
        """Until that hour of the next day in Beijing."""
        clock = self.sandbox.world.clock
        now = clock.now().astimezone(BEIJING)
        then = now.replace(hour=hour, minute=0, second=1) + timedelta(days=1)
        clock.advance((then - now).total_seconds())


@pytest.fixture
async def shop(sandbox, http, merchant):
    return Shop(sandbox, http, f"{merchant.url}/notify")


def rows(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    lines = text.splitlines()
    cut = [[cell for cell in line[1:].split(",`")] for line in (*lines[1:-2], lines[-1])]
    names, totals = lines[0].split(","), lines[-2].split(",")
    return [dict(zip(names, row, strict=True)) for row in cut[:-1]], dict(zip(totals, cut[-1], strict=True))


async def fetched(shop, which="trade_bill", **more) -> str:
    """Through the vendor's SDK, with its own clock set to the sandbox's."""
    sdk = await asyncio.to_thread(sdk_for, shop.sandbox, "https://shop.example.com/notify")
    status, answer = await call(getattr(sdk, which), bill_date=shop.day.isoformat(), **more)
    assert status == 200, answer
    status, packed = await asyncio.to_thread(sdk.download_bill, answer["download_url"])
    assert status == 200
    plain = gzip.decompress(packed) if more.get("tar_type", "GZIP") else packed
    assert hashlib.sha1(plain).hexdigest() == answer["hash_value"] and answer["hash_type"] == "SHA1"
    return plain.decode()


@pytest.fixture
def vendor_time(monkeypatch, shop):
    """The SDK signs with the machine's time; let it see the sandbox's."""
    seen = SimpleNamespace(time=lambda: time.time() + shop.sandbox.world.clock.offset_s)
    monkeypatch.setattr(utils, "time", seen)


async def test_a_day_of_trade(shop, vendor_time):
    await shop.sells("T0000001", 20000, description="充值，200 元,含赠送", attach="a`b")
    await shop.sells("T0000002", 99)
    await shop.gives_back("T0000001", "R0000001", 5000, 20000)
    shop.sleeps_until(10)
    await shop.sells("T0000003", 700)
    text = await fetched(shop)
    assert text.splitlines()[0] == bill_files.COLUMNS["ALL"]
    found, totals = rows(text)
    assert [(one["商户订单号"], one["交易状态"], one["订单金额"], one["退款金额"]) for one in found] == [
        ("T0000001", "SUCCESS", "200.00", "0.00"),
        ("T0000002", "SUCCESS", "0.99", "0.00"),
        ("T0000001", "REFUND", "0.00", "50.00"),
    ]
    assert [one["手续费"] for one in found] == ["1.20000", "0.01000", "-0.30000"]
    assert found[0]["商品名称"] == "充值，200 元,含赠送" and found[0]["商户数据包"] == "a`b"
    assert (found[2]["商户退款单号"], found[2]["退款状态"]) == ("R0000001", "SUCCESS")
    assert totals == {
        "总交易单数": "3", "应结订单总金额": "200.99", "退款总金额": "50.00", "充值券退款总金额": "0.00",
        "手续费总金额": "0.91000", "订单总金额": "200.99", "申请退款总金额": "50.00",
    }  # fmt: skip
    only_paid, _ = rows(await fetched(shop, bill_type="SUCCESS"))
    only_back, back = rows(await fetched(shop, bill_type="REFUND"))
    assert (len(only_paid), len(only_back)) == (2, 1)
    assert only_back[0]["退款成功时间"] and back["手续费总金额"] == "-0.30000"


async def test_what_moved_on_the_account(shop, vendor_time):
    await shop.sells("T0000001", 20000)
    await shop.gives_back("T0000001", "R0000001", 5000, 20000)
    shop.sleeps_until(10)
    found, totals = rows(await fetched(shop, "fundflow_bill"))
    moved = [
        (one["业务名称"], one["业务类型"], one["收支类型"], one["收支金额（元）"], one["账户结余（元）"])
        for one in found
    ]
    assert moved == [
        ("交易", "交易", "收入", "200.00", "200.00"),
        ("交易", "扣除交易手续费", "支出", "1.20", "198.80"),
        ("退款", "退款", "支出", "50.00", "148.80"),
        ("退款", "退还交易手续费", "收入", "0.30", "149.10"),
    ]
    assert totals == {
        "资金流水总笔数": "4", "收入笔数": "2", "收入金额": "200.30", "支出笔数": "2", "支出金额": "51.20",
    }  # fmt: skip


async def asked(shop, **query):
    query = {"bill_date": shop.day.isoformat(), **query}
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return await shop.merchant.send("GET", f"/v3/bill/tradebill?{text}")


async def test_a_bill_is_there_after_ten_and_only_for_a_day_with_trade(shop):
    answer = await asked(shop)
    assert (answer.status, answer.body["code"]) == (400, "INVALID_REQUEST")  # today
    await shop.sells("T0000001", 100)
    shop.sleeps_until(9)
    assert (await asked(shop)).body["code"] == "NO_STATEMENT_EXIST"
    shop.sandbox.world.clock.advance(3600)
    answer = await asked(shop)
    assert answer.status == 200 and shop.merchant.signature_is_right(answer)
    before = (shop.day - timedelta(days=1)).isoformat()
    assert (await asked(shop, bill_date=before)).body["code"] == "NO_STATEMENT_EXIST"
    for wrong in ({"bill_date": "2026-13-01"}, {"bill_type": "SOME"}, {"tar_type": "ZIP"}):
        assert (await asked(shop, **wrong)).body["code"] == "PARAM_ERROR"
    old = (shop.day - timedelta(days=100)).isoformat()
    assert (await asked(shop, bill_date=old)).body["code"] == "INVALID_REQUEST"


async def test_an_address_is_over_after_half_a_minute_and_its_answer_is_not_signed(shop):
    await shop.sells("T0000001", 100)
    shop.sleeps_until(10)
    address = (await asked(shop)).body["download_url"].removeprefix(shop.sandbox.wechat_pay_url)
    file = await shop.merchant.send("GET", address)
    assert file.status == 200 and "Wechatpay-Signature" not in file.headers
    assert (await shop.merchant.send("GET", address, signature="AAAA")).status == 401
    shop.sandbox.world.clock.advance(40)
    assert (await shop.merchant.send("GET", address)).body["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("fault", "numbers", "amount"),
    [
        ("one_fen_off", ["T0000001", "T0000002"], "1.01"),
        ("missing_row", ["T0000002"], "2.00"),
        ("extra_row", ["T0000001", "T0000002", "NOSUCHNUMBER"], "1.00"),
    ],
)
async def test_bills_that_are_wrong_on_purpose(shop, vendor_time, fault, numbers, amount):
    await shop.sells("T0000001", 100)
    await shop.sells("T0000002", 200)
    shop.sleeps_until(10)
    shop.sandbox.world.faults.add({"op": "wechat_pay.trade_bill", "do": fault})
    found, _ = rows(await fetched(shop))
    assert [one["商户订单号"] for one in found] == numbers and found[0]["订单金额"] == amount


async def test_bills_that_are_late_or_not_there(shop):
    await shop.sells("T0000001", 100)
    shop.sleeps_until(10)
    for fault in ({"do": "not_ready"}, {"do": "late", "seconds": 7200}):
        shop.sandbox.world.faults.add({"op": "wechat_pay.trade_bill", **fault})
        assert (await asked(shop)).body["code"] == "NO_STATEMENT_EXIST"
    assert (await asked(shop)).status == 200
    assert json.loads((await asked(shop)).raw)["hash_type"] == "SHA1"
