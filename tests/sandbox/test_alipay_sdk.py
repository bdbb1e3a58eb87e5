"""The vendor-style SDK (python-alipay-sdk) works against the stand-in without knowing it, in key mode and in certificate mode."""

from __future__ import annotations

import urllib.parse

import pytest
from alipay import AliPay
from alipay.exceptions import AliPayException
from sandbox_alipay import call, certificate_sdk_for, pay_by_code, sdk_for, verified_notices

pytestmark = pytest.mark.filterwarnings("ignore:X509.get_issuer:DeprecationWarning")  # the SDK's own


@pytest.fixture(params=["key", "certificate"])
def sdk(request, sandbox, merchant):
    return (sdk_for if request.param == "key" else certificate_sdk_for)(sandbox, merchant)


async def test_a_scanned_code_is_paid_and_the_merchant_is_told(sandbox, merchant, sdk, ask):
    person = sandbox.world.people.arrive()
    answer = await call(
        sdk.api_alipay_trade_precreate, out_trade_no="A1", total_amount="20.50", subject="充值 20.50"
    )
    assert answer["qr_code"].startswith("https://qr.alipay.com/bax")
    unborn = await call(sdk.api_alipay_trade_query, out_trade_no="A1")
    assert unborn["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    assert await pay_by_code(sandbox, ask, person, answer["qr_code"]) == (
        200,
        {"errMsg": "requestPayment:ok"},
    )
    await sandbox.quiet()
    (notice,) = verified_notices(sdk, merchant)
    assert (notice["trade_status"], notice["total_amount"], notice["out_trade_no"]) == (
        "TRADE_SUCCESS",
        "20.50",
        "A1",
    )
    assert notice["seller_id"] == sandbox.credentials.alipay_seller_id
    queried = await call(sdk.api_alipay_trade_query, trade_no=notice["trade_no"])
    assert (queried["trade_status"], queried["buyer_user_id"]) == ("TRADE_SUCCESS", person.alipay_user_id)
    (paid,) = sandbox.world.wallets.movements()
    assert (paid.channel, paid.amount_fen, paid.person_id) == ("alipay", 2050, person.id)


async def test_a_wap_trade_exists_only_after_the_person_opened_it(sandbox, merchant, sdk, ask, http):
    person = sandbox.world.people.arrive()
    signed = sdk.api_alipay_trade_wap_pay(
        subject="充值",
        out_trade_no="A2",
        total_amount="1.00",
        product_code="QUICK_WAP_WAY",
        return_url=merchant.url + "/back",
    )
    url = f"{sandbox.alipay_url}/gateway.do?{signed}"
    assert (await call(sdk.api_alipay_trade_query, out_trade_no="A2"))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    async with http.get(url) as page:
        text = await page.text()
    assert "¥1.00" in text and person.nickname in text
    opened = await call(sdk.api_alipay_trade_query, out_trade_no="A2")
    assert opened["trade_status"] == "WAIT_BUYER_PAY"

    phone = f"{sandbox.platform_url}/phone"
    _, sheet = await ask("POST", f"{phone}/people/{person.id}/alipay/open", {"url": url})
    _, paid = await ask("POST", f"{phone}/sheets/{sheet['sheet_no']}/pay")
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(paid["return_url"]).query))
    assert sdk.verify(back, back.pop("sign")) and back["out_trade_no"] == "A2"
    await sandbox.quiet()
    assert verified_notices(sdk, merchant)[0]["trade_status"] == "TRADE_SUCCESS"


async def test_refunds_move_money_once_per_request_number_and_notify_the_pay_address(
    sandbox, merchant, sdk, ask
):
    person = sandbox.world.people.arrive()
    answer = await call(sdk.api_alipay_trade_precreate, out_trade_no="A3", total_amount="3.00", subject="茶")
    await pay_by_code(sandbox, ask, person, answer["qr_code"])
    refund = {"out_trade_no": "A3", "refund_amount": "1.00", "out_request_no": "R1"}
    assert (await call(sdk.api_alipay_trade_refund, **refund))["fund_change"] == "Y"
    again = await call(sdk.api_alipay_trade_refund, **refund)
    assert (again["fund_change"], again["refund_fee"]) == ("N", "1.00")
    changed = await call(sdk.api_alipay_trade_refund, **refund | {"refund_amount": "2.00"})
    assert changed["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    too_much = await call(
        sdk.api_alipay_trade_refund, out_trade_no="A3", refund_amount="2.01", out_request_no="R2"
    )
    assert too_much["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    asked = await call(sdk.api_alipay_trade_fastpay_refund_query, out_request_no="R1", out_trade_no="A3")
    assert asked["refund_status"] == "REFUND_SUCCESS"
    unknown = await call(sdk.api_alipay_trade_fastpay_refund_query, out_request_no="R9", out_trade_no="A3")
    assert unknown["code"] == "10000" and "refund_status" not in unknown
    rest = await call(
        sdk.api_alipay_trade_refund, out_trade_no="A3", refund_amount="2.00", out_request_no="R2"
    )
    assert (rest["fund_change"], rest["refund_fee"]) == ("Y", "3.00")

    await sandbox.quiet()
    seen = [
        (n["trade_status"], n.get("refund_fee"), n.get("out_biz_no")) for n in verified_notices(sdk, merchant)
    ]
    assert sorted(seen, key=str) == sorted(
        [("TRADE_SUCCESS", None, None), ("TRADE_SUCCESS", "1.00", "R1"), ("TRADE_CLOSED", "3.00", "R2")],
        key=str,
    )
    assert [m.amount_fen for m in sandbox.world.wallets.movements()] == [300, 100, 200]


async def test_a_closed_trade_cannot_be_paid_or_reused(sandbox, merchant, sdk, ask):
    person = sandbox.world.people.arrive()
    order = {"out_trade_no": "A4", "total_amount": "3.00", "subject": "茶"}
    answer = await call(sdk.api_alipay_trade_precreate, **order)
    assert (await call(sdk.api_alipay_trade_close, out_trade_no="A4"))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    phone = f"{sandbox.platform_url}/phone/people/{person.id}/alipay/scan"
    _, sheet = await ask("POST", phone, {"qr_code": answer["qr_code"]})
    assert (await call(sdk.api_alipay_trade_close, out_trade_no="A4"))["code"] == "10000"
    status, refused = await ask("POST", f"{sandbox.platform_url}/phone/sheets/{sheet['sheet_no']}/pay")
    assert (status, refused["errMsg"]) == (422, "requestPayment:fail 交易已经关闭")
    again = await call(sdk.api_alipay_trade_precreate, **order)
    assert again["sub_code"] == "ACQ.TRADE_HAS_CLOSE"
    await sandbox.quiet()
    assert [n["trade_status"] for n in verified_notices(sdk, merchant)] == ["TRADE_CLOSED"]


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"subject": "a=b"}, "ACQ.INVALID_PARAMETER"),
        ({"total_amount": "0"}, "ACQ.INVALID_PARAMETER"),
        ({"total_amount": "1.001"}, "ACQ.INVALID_PARAMETER"),
        ({"total_amount": "100000000.01"}, "ACQ.TOTAL_FEE_EXCEED"),
        ({"out_trade_no": "has-dash"}, "ACQ.INVALID_PARAMETER"),
    ],
)
async def test_bad_orders_are_refused(sdk, change, sub_code):
    order = {"out_trade_no": "A5", "total_amount": "1.00", "subject": "茶"} | change
    assert (await call(sdk.api_alipay_trade_precreate, **order))["sub_code"] == sub_code


async def test_the_same_number_with_another_amount_is_refused(sdk):
    order = {"out_trade_no": "A6", "total_amount": "1.00", "subject": "茶"}
    first = await call(sdk.api_alipay_trade_precreate, **order)
    assert (await call(sdk.api_alipay_trade_precreate, **order))["qr_code"] == first["qr_code"]
    changed = await call(sdk.api_alipay_trade_precreate, **order | {"total_amount": "2.00"})
    assert changed["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"


async def test_a_request_signed_with_another_key_is_refused(sandbox, sdk):
    sdk._app_private_key = AliPay(
        appid="x",
        app_private_key_string=sandbox.credentials.merchant_private_key_pem,
        alipay_public_key_string=sandbox.credentials.alipay_public_key_pem,
    )._app_private_key
    answer = await call(sdk.api_alipay_trade_query, out_trade_no="A1")
    assert answer["sub_code"] == "isv.invalid-signature"


async def test_an_unknown_app_is_refused_without_a_sign(sdk):
    sdk._appid = "2021999999999999"
    with pytest.raises(AliPayException) as caught:
        await call(sdk.api_alipay_trade_query, out_trade_no="A1")
    assert "isv.invalid-app-id" in str(caught.value)


async def test_anything_but_success_is_sent_again_with_the_same_notice_number(sandbox, merchant, sdk, ask):
    merchant.answers = [(200, "SUCCESS"), (302, "success"), (500, "")]
    person = sandbox.world.people.arrive()
    answer = await call(sdk.api_alipay_trade_precreate, out_trade_no="A7", total_amount="3.00", subject="茶")
    await pay_by_code(sandbox, ask, person, answer["qr_code"])
    await sandbox.quiet()
    notices = verified_notices(sdk, merchant)
    assert len(notices) == 4 and len({notice["notify_id"] for notice in notices}) == 1
    (delivery,) = sandbox.world.courier.deliveries()
    assert delivery.state == "accepted"


async def test_a_page_for_desktop_browsers_and_the_way_back(sandbox, merchant, sdk, ask, http):
    person = sandbox.world.people.arrive()
    signed = sdk.api_alipay_trade_page_pay(
        subject="充值", out_trade_no="A8", total_amount="1.00", return_url=merchant.url + "/back"
    )
    async with http.get(f"{sandbox.alipay_url}/gateway.do?{signed}") as page:
        assert "¥1.00" in await page.text()
    form = {"person_id": person.id, "out_trade_no": "A8"}
    async with http.post(f"{sandbox.alipay_url}/cashier/pay", data=form, allow_redirects=False) as paid:
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(paid.headers["Location"]).query))
    assert back["method"] == "alipay.trade.page.pay.return" and sdk.verify(back, back.pop("sign"))
    assert (await call(sdk.api_alipay_trade_query, out_trade_no="A8"))["trade_status"] == "TRADE_SUCCESS"


async def signed_in(sandbox, sdk, ask, person) -> str:
    """Who the person in the mini-program is, as the merchant learns it: the code from the phone, exchanged."""
    _, given = await ask("POST", f"{sandbox.platform_url}/phone/people/{person.id}/alipay/auth-code")
    data = sdk.build_body(
        "alipay.system.oauth.token", {}, grant_type="authorization_code", code=given["authCode"]
    )
    answer = await call(
        sdk.verified_sync_response, data=data, response_type="alipay_system_oauth_token_response"
    )
    return answer["open_id"]


async def test_a_mini_programs_trade_is_born_for_the_buyer_it_names(sandbox, merchant, sdk, ask):
    person, other = sandbox.world.people.arrive(), sandbox.world.people.arrive()
    open_id = await signed_in(sandbox, sdk, ask, person)
    assert open_id == person.alipay_open_id
    order = {
        "out_trade_no": "A9", "total_amount": "6.00", "subject": "充值", "product_code": "JSAPI_PAY",
        "op_app_id": sandbox.credentials.alipay_app_id, "buyer_open_id": open_id,
    }  # fmt: skip

    async def create(**changes):
        return await call(sdk.server_api, api_name="alipay.trade.create", biz_content=order | changes)

    made = await create()
    assert (await create())["trade_no"] == made["trade_no"]
    assert (await create(total_amount="7.00"))["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"
    assert (await create(buyer_open_id=other.alipay_open_id))["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"
    assert (await create(buyer_open_id="nobody"))["sub_code"] == "ACQ.BUYER_NOT_EXIST"
    assert (await create(op_app_id=""))["sub_code"] == "ACQ.INVALID_PARAMETER"
    assert (await call(sdk.api_alipay_trade_query, out_trade_no="A9"))["trade_status"] == "WAIT_BUYER_PAY"
    trade_pay = "alipay/trade-pay", {"tradeNO": made["trade_no"]}
    assert (await ask("POST", f"{sandbox.platform_url}/phone/people/{other.id}/{trade_pay[0]}", trade_pay[1]))[0] == 422  # fmt: skip
    _, sheet = await ask(
        "POST", f"{sandbox.platform_url}/phone/people/{person.id}/{trade_pay[0]}", trade_pay[1]
    )
    assert (await ask("POST", f"{sandbox.platform_url}/phone/sheets/{sheet['sheet_no']}/pay"))[0] == 200
    await sandbox.quiet()
    assert [n["trade_status"] for n in verified_notices(sdk, merchant)] == ["TRADE_SUCCESS"]


async def test_an_authorization_code_is_good_once(sandbox, sdk, ask):
    data = sdk.build_body("alipay.system.oauth.token", {}, grant_type="authorization_code", code="made up")
    refused = await call(
        sdk.verified_sync_response, data=data, response_type="alipay_system_oauth_token_response"
    )
    assert refused["sub_code"] == "isv.code-invalid"
