"""Which channel where: what a client is offered is what it can pay by, and the rest is refused."""

import pytest

from billing import payment_methods
from core import db

EVERY = [(way.client, way.channel, way.method) for way in payment_methods.WAYS]


async def methods(phone, client):
    answer = await phone.get(f"/payment-methods?client={client}")
    assert answer.status == 200, answer
    return answer.body["items"]


async def arrive(world, client):
    """A customer who is where the client says."""
    phone = await world.arrive(signed_in=client != "alipay_mini_program")
    if client == "alipay_mini_program":
        assert (await phone.sign_in_at_alipay()).status == 200
    if client == "h5_in_wechat":  # known there since they wrote to the account
        await db.execute(
            "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at) "
            "VALUES ($1, 'official_account', $2, $3, true, now())",
            phone.customer_id,
            world.sandbox.credentials.official_app_id,
            world.sandbox.world.people.get(phone.person_id).official_openid,
        )
    return phone


@pytest.mark.parametrize("client", payment_methods.CLIENTS)
async def test_what_is_offered_pays_and_the_rest_is_refused(world, client):
    phone = await arrive(world, client)
    offered = await methods(phone, client)
    ways = {(channel, method) for where, channel, method in EVERY if where == client}
    assert {(one["channel"], one["method"]) for one in offered} == ways
    for channel, method in sorted({(channel, method) for _, channel, method in EVERY} - ways):
        refused = await phone.top_up(channel, method, amount_fen=1000, client=client)
        assert (refused.status, refused.code) == (409, "payment_method_not_here"), (channel, method)
    assert await db.fetchval("SELECT count(*) FROM payment") == 0
    for offer in offered:
        assert offer["refusal"] is None
        made = await phone.top_up(offer["channel"], offer["method"], amount_fen=1000, client=client)
        assert made.status == 201, made
        payment = made.body["payment"]
        assert set(offer["params"]) <= set(payment["client"])
        paid = await phone.pay(payment)
        assert paid.status == 200, paid
    await world.quiet()
    assert (await phone.balance())["principal_fen"] == 1000 * len(offered)


async def test_a_payer_whom_the_channel_does_not_know_is_told_beforehand(world):
    phone = await world.arrive()  # has not followed the official account
    (offer,) = await methods(phone, "h5_in_wechat")
    assert offer["refusal"]["code"] == "payer_unknown"
    refused = await phone.top_up("wechat_pay", "jsapi", amount_fen=1000, client="h5_in_wechat")
    assert (refused.status, refused.code) == (409, "payer_unknown")
    (offer,) = await methods(phone, "alipay_mini_program")
    assert offer["refusal"]["code"] == "payer_unknown"


async def test_a_channel_that_is_not_open_is_left_out(world, monkeypatch):
    phone = await world.arrive()
    monkeypatch.delitem(world.runtime.outside.channels.by_name, "alipay")
    assert [one["channel"] for one in await methods(phone, "browser")] == ["wechat_pay"]
    refused = await phone.top_up("alipay", "wap", amount_fen=1000, client="mobile_browser")
    assert refused.code == "no_such_channel"


async def test_the_same_key_with_another_client_is_another_request(world):
    phone = await world.arrive()
    asked = {"amount_fen": 1000, "key": "the-same-key-1"}
    assert (await phone.top_up("wechat_pay", "native", client="browser", **asked)).status == 201
    assert (await phone.top_up("wechat_pay", "native", client="browser", **asked)).status == 201
    reused = await phone.top_up("wechat_pay", "native", client="counter", **asked)
    assert (reused.status, reused.code) == (409, "idempotency_key_reused")


async def test_customers_are_led_back_to_the_shop_only(world):
    phone = await world.arrive()
    host = world.url.removeprefix("http://")
    for url in (
        "https://evil.example.com/",
        "http://127.0.0.1:1/",
        f"https://evil.example.com\\@{host}/",
        f"{world.url}.evil.example.com/",
        f"http://user@{host}/",
        f"https://{host}/",
        f"//{host}/",
        "javascript:alert(1)",
    ):
        refused = await phone.top_up(
            "alipay", "wap", amount_fen=1000, client="mobile_browser", return_url=url
        )
        assert refused.status == 422, url
        assert refused.code in ("return_address_not_ours", "invalid_request"), url
    assert await db.fetchval("SELECT count(*) FROM payment") == 0


async def test_a_browser_comes_back_where_it_wanted(world):
    phone = await world.arrive()
    home = f"{world.runtime.settings.server.public_url}/paid?no=1"
    for channel, method in (("alipay", "wap"), ("wechat_pay", "h5")):
        made = await phone.top_up(channel, method, amount_fen=1000, client="mobile_browser", return_url=home)
        assert made.status == 201, made
        stored = await db.fetchrow(
            "SELECT place::text AS place, client_ip FROM payment ORDER BY id DESC LIMIT 1"
        )
        assert home in stored["place"] and (stored["client_ip"] is not None) == (method == "h5")
    code = await phone.top_up("alipay", "precreate", amount_fen=1000, client="browser", return_url=home)
    assert code.status == 201  # a code leads nowhere, so nothing of it is kept
    assert home not in await db.fetchval("SELECT place::text FROM payment ORDER BY id DESC LIMIT 1")


async def test_a_bill_is_paid_where_the_customer_is(world):
    phone = await world.arrive()
    desk = await world.operator()
    issued = await desk.post(
        f"/customers/{phone.customer_id}/bills",
        {"title": "年费", "amount_fen": 5000, "due_at": "2099-01-01T00:00:00Z"},
    )
    assert issued.status == 201, issued
    address = f"/bills/{issued.body['bill_no']}/combined-payments"
    wrong = {"balance_fen": 0, "channel": "alipay", "method": "wap", "client": "mini_program"}
    refused = await phone.post(address, wrong)
    assert (refused.status, refused.code) == (409, "payment_method_not_here")
    made = await phone.post(address, wrong | {"client": "mobile_browser"})
    assert made.status == 201, made
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert (await phone.get(f"/combined-payments/{made.body['combined_no']}")).body["state"] == "paid"


async def test_signing_in_at_alipay(world):
    phone = await world.arrive(signed_in=False)
    first = await phone.sign_in_at_alipay()
    assert first.body["customer"]["is_new"] is True
    again = await phone.sign_in_at_alipay()
    assert again.body["customer"] == first.body["customer"] | {"is_new": False}
    refused = await phone.post("/login/alipay", {"auth_code": "made-up"}, key=None)
    assert (refused.status, refused.code) == (422, "auth_code_refused")
    world.misbehave("alipay.oauth_token", "500_before")
    assert (await phone.sign_in_at_alipay()).code == "alipay_unavailable"


async def test_an_alipay_trade_is_for_the_person_who_asked(world):
    phone, other = await arrive(world, "alipay_mini_program"), await world.arrive()
    made = await phone.top_up("alipay", "create", amount_fen=1000, client="alipay_mini_program")
    assert (await other.open(made.body["payment"])).status == 422
    assert (await phone.pay(made.body["payment"])).status == 200
