"""Alipay's unclear answers: what happened to the money is known to the wallets only."""

from __future__ import annotations

import json
import urllib.parse

import pytest
from sandbox_alipay import call, pay_by_code, verified_notices


async def raw_answer(http, sandbox, sdk, method, content):
    query = sdk.client_api(method, content)
    async with http.get(f"{sandbox.alipay_url}/gateway.do?{query}") as answer:
        return await answer.text()


async def test_public_parameters_may_come_in_the_query_and_the_content_in_the_form(sandbox, sdk, http):
    signed = dict(urllib.parse.parse_qsl(sdk.client_api("alipay.trade.query", {"out_trade_no": "A1"})))
    form = {"biz_content": signed.pop("biz_content")}
    url = f"{sandbox.alipay_url}/gateway.do?{urllib.parse.urlencode(signed)}"
    async with http.post(url, data=form) as answer:
        assert "ACQ.TRADE_NOT_EXIST" in await answer.text()


async def test_slashes_are_escaped_in_what_is_signed(sandbox, sdk, http):
    content = {"out_trade_no": "A1", "total_amount": "1.00", "subject": "茶"}
    text = await raw_answer(http, sandbox, sdk, "alipay.trade.precreate", content)
    assert "https:\\/\\/qr.alipay.com\\/" in text and json.loads(text)["sign"]


@pytest.mark.parametrize(("do", "moved"), [("20000", 1), ("system_error", 1), ("20000_before", 0)])
async def test_unknown_refunds(sandbox, merchant, sdk, ask, do, moved):
    person = sandbox.world.people.arrive()
    answer = await call(sdk.api_alipay_trade_precreate, out_trade_no="A1", total_amount="3.00", subject="茶")
    await pay_by_code(sandbox, ask, person, answer["qr_code"])
    sandbox.world.faults.add({"op": "alipay.refund", "do": do})
    refund = {"out_trade_no": "A1", "refund_amount": "1.00", "out_request_no": "R1"}
    unknown = await call(sdk.api_alipay_trade_refund, **refund)
    assert unknown["code"] == "20000" or unknown["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert len(sandbox.world.wallets.movements()) == 1 + moved
    again = await call(sdk.api_alipay_trade_refund, **refund)
    assert again["fund_change"] == ("N" if moved else "Y")
    assert len(sandbox.world.wallets.movements()) == 2


async def test_an_error_without_a_sign(sandbox, sdk, http):
    sandbox.world.faults.add({"op": "alipay.query", "do": "unsigned_error"})
    text = await raw_answer(http, sandbox, sdk, "alipay.trade.query", {"out_trade_no": "A1"})
    assert list(json.loads(text)) == ["error_response"]


async def test_a_trade_left_unpaid_is_closed_when_its_time_is_over(sandbox, merchant, sdk, ask):
    person = sandbox.world.people.arrive()
    order = {"out_trade_no": "A1", "total_amount": "3.00", "subject": "茶", "timeout_express": "5m"}
    answer = await call(sdk.api_alipay_trade_precreate, **order)
    scan = f"{sandbox.platform_url}/phone/people/{person.id}/alipay/scan"
    _, sheet = await ask("POST", scan, {"qr_code": answer["qr_code"]})
    sandbox.world.clock.advance(301)
    await sandbox.quiet()
    assert (await call(sdk.api_alipay_trade_query, out_trade_no="A1"))["trade_status"] == "TRADE_CLOSED"
    assert (await ask("POST", f"{sandbox.platform_url}/phone/sheets/{sheet['sheet_no']}/pay"))[0] == 422
    assert [n["trade_status"] for n in verified_notices(sdk, merchant)] == ["TRADE_CLOSED"]


async def test_spoilt_notices(sandbox, merchant, sdk, ask):
    merchant.answers = [(200, "failure")] * 2
    for do in ("wrong_amount", "bad_signature"):
        sandbox.world.faults.add({"op": "alipay.notify", "do": do})
    person = sandbox.world.people.arrive()
    answer = await call(sdk.api_alipay_trade_precreate, out_trade_no="A1", total_amount="3.00", subject="茶")
    await pay_by_code(sandbox, ask, person, answer["qr_code"])
    await sandbox.quiet()
    notices = [dict(urllib.parse.parse_qsl(body.decode())) for _, body, _ in merchant.received]
    assert [notice["total_amount"] for notice in notices] == ["0.01", "3.00", "3.00"]
    assert [sdk.verify(notice, notice.pop("sign")) for notice in notices] == [True, False, True]


async def test_the_cashier_page_takes_money_from_a_browser(sandbox, merchant, sdk, http):
    person = sandbox.world.people.arrive()
    signed = sdk.api_alipay_trade_wap_pay(
        subject="<茶>", out_trade_no="A1", total_amount="1.00", return_url=merchant.url + "/back"
    )
    async with http.get(f"{sandbox.alipay_url}/gateway.do?{signed}") as page:
        assert "&lt;茶&gt;" in await page.text()
    form = {"person_id": person.id, "out_trade_no": "A1"}
    async with http.post(f"{sandbox.alipay_url}/cashier/pay", data=form, allow_redirects=False) as paid:
        assert paid.status == 302 and paid.headers["Location"].startswith(merchant.url + "/back?")
    tampered = signed.replace("1.00", "9.00")
    async with http.get(f"{sandbox.alipay_url}/gateway.do?{tampered}") as page:
        assert "验签出错" in await page.text()
