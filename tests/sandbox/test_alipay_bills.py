"""Bill files: drawn from the stand-in's own trades, in Alipay's own layout, fetched by the vendor-style SDK's generic call."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import alipay
import pytest
from sandbox_alipay import call, pay_by_code

from sandbox.clock import BEIJING, beijing_text

LAYOUT = json.loads((Path(__file__).parents[1] / "vectors" / "alipay_bill_selfmade.json").read_text())
DAY_S = 86400


@pytest.fixture(autouse=True)
def sdk_clock(sandbox, monkeypatch):
    """The SDK stamps by the machine's clock; here it goes by the sandbox's, which is moved by days."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return sandbox.world.clock.now().astimezone(BEIJING).replace(tzinfo=None)

    monkeypatch.setattr(alipay, "datetime", Clock)


async def paid(sandbox, sdk, ask, number, amount="50.00", refund=None):
    person = sandbox.world.people.arrive()
    order = {"out_trade_no": number, "total_amount": amount, "subject": "账户充值"}
    answer = await call(sdk.api_alipay_trade_precreate, **order)
    await pay_by_code(sandbox, ask, person, answer["qr_code"])
    if refund:
        await call(
            sdk.api_alipay_trade_refund, out_trade_no=number, refund_amount=refund,
            out_request_no=f"R{number}", refund_reason="部分退款",
        )  # fmt: skip


def today(sandbox) -> str:
    return beijing_text(sandbox.world.clock.epoch_s())[:10]


async def address(sdk, day, kind="trade"):
    return await call(sdk.server_api, api_name="alipay.data.dataservice.bill.downloadurl.query",
                      biz_content={"bill_type": kind, "bill_date": day})  # fmt: skip


async def fetched(http, url) -> dict[str, str]:
    async with http.get(url) as answer:
        assert answer.status == 200
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    # No flag says that the names are GBK, so zipfile takes them for cp437.
    return {
        one.filename.encode("cp437").decode("gbk"): archive.read(one).decode("gb18030")
        for one in archive.infolist()
    }


async def test_a_days_bill_has_the_layout_of_real_ones(sandbox, merchant, sdk, ask, http):
    day = today(sandbox)
    await paid(sandbox, sdk, ask, "TOPUP0001", refund="20.00")
    sandbox.world.clock.advance(2 * DAY_S)
    files = await fetched(http, (await address(sdk, day))["bill_download_url"])
    account = sandbox.credentials.alipay_seller_id + "0156"
    assert sorted(files) == [
        f"{account}_{day.replace('-', '')}_业务明细(汇总).csv",
        f"{account}_{day.replace('-', '')}_业务明细.csv",
    ]
    real = LAYOUT["trade_csv_text"].splitlines()
    made = files[f"{account}_{day.replace('-', '')}_业务明细.csv"].split("\r\n")
    assert len(made) == len(real) + 1 and made[-1] == ""
    for number in (0, 3, 4, 7, 8, 9):  # title, rulers, header, totals
        assert made[number] == real[number]
    for number in (5, 6):
        cells, wanted = made[number].split(","), real[number].split(",")
        assert [cell.endswith("\t") for cell in cells] == [cell.endswith("\t") for cell in wanted]
        assert [cells[column] for column in (1, 2, 3, 11, 12, 21, 22, 23, 24)] == [
            wanted[column].replace("RFD0001", "RTOPUP0001") for column in (1, 2, 3, 11, 12, 21, 22, 23, 24)
        ]


async def test_the_account_bill_tells_money_and_fees_apart_and_keeps_a_balance(
    sandbox, merchant, sdk, ask, http
):
    day = today(sandbox)
    await paid(sandbox, sdk, ask, "TOPUP0001", refund="20.00")
    sandbox.world.clock.advance(2 * DAY_S)
    files = await fetched(http, (await address(sdk, day, "signcustomer"))["bill_download_url"])
    text = next(text for name, text in files.items() if "汇总" not in name)
    rows = [line.split(",") for line in text.splitlines() if "," in line and line[0].isdigit()]
    assert [(row[6], row[7], row[8], row[10]) for row in rows] == [
        ("50.00", "0.00", "50.00", "在线支付"),
        ("0.00", "-0.30", "49.70", "收费"),
        ("0.00", "-20.00", "29.70", "交易退款"),
        ("0.12", "0.00", "29.82", "收费"),
    ]
    assert text.splitlines()[4] == LAYOUT["signcustomer_csv_text"].splitlines()[4]


async def test_a_bill_is_there_the_next_morning_and_its_address_lives_half_a_minute(
    sandbox, merchant, sdk, ask, http
):
    day = today(sandbox)
    assert (await address(sdk, day))["sub_code"] == "isv.invalid_arguments"
    await paid(sandbox, sdk, ask, "A1")
    midnight = (sandbox.world.clock.now().astimezone(BEIJING) + timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    at = midnight.timestamp()
    sandbox.world.clock.advance(at + 8 * 3600 - sandbox.world.clock.epoch_s())
    assert (await address(sdk, day))["sub_code"] == "isp.bill_not_exist"
    sandbox.world.clock.advance(at + 9 * 3600 - sandbox.world.clock.epoch_s())
    given = await address(sdk, day)
    assert given["code"] == "10000"
    sandbox.world.clock.advance(31)
    async with http.get(given["bill_download_url"]) as answer:
        assert answer.status == 403
    assert "账单不存在" in (await address(sdk, "2020-01-01"))["sub_msg"]


@pytest.mark.parametrize(("do", "more"), [("not_ready", {}), ("late", {"seconds": 10 * DAY_S})])
async def test_bills_that_are_not_ready(sandbox, merchant, sdk, ask, do, more):
    day = today(sandbox)
    await paid(sandbox, sdk, ask, "A1")
    sandbox.world.clock.advance(3 * DAY_S)
    sandbox.world.faults.add({"op": "alipay.bill", "do": do, **more})
    assert (await address(sdk, day))["sub_code"] == "isp.bill_not_exist"
    assert (await address(sdk, day))["code"] == "10000"


async def test_spoilt_files(sandbox, merchant, sdk, ask, http):
    day = today(sandbox)
    for number in ("A1", "A2"):
        await paid(sandbox, sdk, ask, number, "1.00")
    sandbox.world.clock.advance(3 * DAY_S)
    seen = {}
    for do in ("one_fen_off", "missing_row", "extra_row"):
        sandbox.world.faults.add({"op": "alipay.bill_file", "do": do})
        files = await fetched(http, (await address(sdk, day))["bill_download_url"])
        text = next(text for name, text in files.items() if "汇总" not in name)
        rows = [line.split(",") for line in text.splitlines() if line.startswith("2")]
        seen[do] = [(row[1].strip(), row[11]) for row in rows]
    assert seen == {
        "one_fen_off": [("A1", "1.01"), ("A2", "1.00")],
        "missing_row": [("A2", "1.00")],
        "extra_row": [("A1", "1.00"), ("A2", "1.00"), ("NOSUCHNUMBER", "1.00")],
    }
    for do in ("torn", "garbage"):
        sandbox.world.faults.add({"op": "alipay.bill_file", "do": do})
        async with http.get((await address(sdk, day))["bill_download_url"]) as answer:
            body = await answer.read()
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(body))


def test_the_layout_is_the_one_recorded():
    assert (
        base64.b64decode(LAYOUT["trade_csv_gbk_base64"]).decode("gb18030").split("\r\n")[:4]
        == (LAYOUT["trade_csv_text"].splitlines()[:4])
    )
