"""Money sent to customers who confirm it, from the operators' door to the person's phone; and what the platform hears of payments."""

import pytest

from core import db


async def confirms(phone, client):
    """The person opens wx.requestMerchantTransfer's sheet and accepts."""
    opened = await phone.at_sandbox("/wechat-pay/request-merchant-transfer", {"package": client["package"]})
    assert opened.status == 201, opened
    path = f"{phone.world.sandbox.platform_url}/phone/sheets/{opened.body['sheet_no']}/pay"
    assert (await phone._post(path)).body == {"errMsg": "requestMerchantTransfer:ok"}
    await phone.world.quiet()


@pytest.fixture
async def saver(world):
    """Somebody with 200 yuan who paid it in the mini-program."""
    phone = await world.arrive()
    made = await phone.top_up(amount_fen=20_000)
    await phone.pay(made.body["payment"])
    await world.quiet()
    phone.top_up_no = made.body["top_up_no"]
    return phone


async def test_a_refund_of_the_counter_is_sent_instead(world, saver):
    boss = await world.operator()
    asked = {"amount_fen": 5_000, "at_counter": True, "reason": "一年前的"}
    made = await boss.post(f"/top-ups/{saver.top_up_no}/refunds", asked)
    refund_no = made.body["refund"]["refund_no"]
    sent = await boss.post(f"/refunds/{refund_no}/remittance", {})
    assert (sent.status, sent.body["state"], sent.body["amount_fen"]) == (201, "waiting", 5_000)
    (mine,) = (await saver.get("/remittances")).body["items"]
    assert mine["client"].keys() == {"mchId", "appId", "package"}
    await confirms(saver, mine["client"])
    (mine,) = (await saver.get("/remittances")).body["items"]
    assert (mine["state"], mine["client"]) == ("paid", None)
    assert (await boss.get(f"/refunds/{refund_no}")).body["refund"]["state"] == "paid"
    assert (await boss.get("/remittances?state=paid")).body["items"][0]["purpose"] == "refund"
    again = await boss.post(f"/refunds/{refund_no}/remittance", {})
    assert (again.status, again.code) == (409, "refund_state_forbids")
    payments = world.sandbox.world.wallets.movements()
    assert [(one.kind, one.amount_fen) for one in payments] == [("paid", 20_000), ("transferred", 5_000)]


async def test_a_closing_is_sent_to_somebody_who_cannot_sign_in_any_more(world, saver):
    asks, decides = await world.operator(), await world.operator("second")
    asked = await asks.post(
        f"/customers/{saver.customer_id}/closing", {"reason": "搬家", "by_channel": False}
    )
    closing_no = (await decides.post(f"/approvals/{asked.body['approval_no']}/approve")).body["result"]
    sent = await asks.post(f"/closings/{closing_no}/remittance", {"amount_fen": 5_000})
    assert sent.body["state"] == "waiting"
    number = sent.body["remittance_no"]
    stopped = await asks.post(f"/remittances/{number}/cancel")
    assert stopped.body["is_stopping"]
    await world.quiet()
    assert (await asks.get(f"/remittances/{number}")).body["state"] == "failed"
    assert (await asks.post(f"/remittances/{number}/cancel")).code == "remittance_ended"
    person = world.sandbox.world.people.get(saver.person_id)
    sent = await asks.post(f"/closings/{closing_no}/remittance", {"payee_name": person.nickname})
    assert (sent.status, sent.body["amount_fen"]) == (201, 20_000), sent.body
    code = (await saver.at_sandbox("/login-code")).body["code"]
    (mine,) = (await saver.post("/remittances/waiting", {"code": code})).body["items"]
    await confirms(saver, mine["client"])
    closing = (await asks.get(f"/closings/{closing_no}")).body
    assert (closing["state"], closing["paid_out_fen"]) == ("closed", 20_000)
    assert closing["payouts"][0]["tender"] == "wechat_pay"
    refused = await saver.post("/remittances/waiting", {"code": "used"})
    assert refused.code == "login_code_refused"


async def test_a_transfer_the_channel_will_not_do_comes_back(world, saver):
    boss = await world.operator()
    asked = {"amount_fen": 5_000, "at_counter": True, "reason": "r"}
    refund_no = (await boss.post(f"/top-ups/{saver.top_up_no}/refunds", asked)).body["refund"]["refund_no"]
    failed = await boss.post(f"/refunds/{refund_no}/remittance", {"payee_name": "不是本人"})
    assert (failed.body["state"], failed.body["last_answer"]) == ("failed", "INVALID_REQUEST")
    (sent,) = await db.fetch("SELECT count(*) FROM outbox_message WHERE kind = 'remittance_failed'")
    assert sent[0] == 1
    paid = await boss.post(f"/refunds/{refund_no}/paid-out")
    assert paid.body["state"] == "paid"
    assert (await boss.get("/remittances/W000")).status == 404
