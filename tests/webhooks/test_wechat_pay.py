import asyncio

import pytest

from core import clock, db

ADDRESS = "/webhooks/wechat-pay"


async def paid_top_up(world, **terms):
    phone = await world.arrive()
    made = await phone.top_up(**({"amount_fen": 100} | terms))
    await phone.pay(made.body["payment"])
    await world.quiet()
    return phone, made.body


def deliveries(world):
    return [one for one in world.sandbox.world.courier.deliveries() if one.route == "wechat_pay.notify"]


async def resend(world, times=1):
    (delivery,) = deliveries(world)
    for _ in range(times):
        assert world.sandbox.world.courier.resend(delivery.id)
    await world.quiet()


async def notices():
    return await db.fetch("SELECT * FROM channel_notice WHERE verdict = 'verified' ORDER BY id")


async def test_a_notification_is_kept_as_it_came_and_credited(world):
    phone, made = await paid_top_up(world)
    (notice,) = await notices()
    assert (notice["channel"], notice["payment_no"]) == ("wechat_pay", made["payment"]["payment_no"])
    assert (notice["outcome"], notice["receipts"]) == ("credited", 1)
    assert b"ciphertext" in notice["body"] and "Wechatpay-Signature" in notice["headers"]
    assert "Authorization" not in notice["headers"]
    (delivery,) = deliveries(world)
    assert delivery.tries[-1]["note"] == "HTTP 204"
    assert (await phone.balance())["principal_fen"] == 100


async def test_a_repeated_notification_is_counted_and_changes_nothing(world):
    phone, _ = await paid_top_up(world)
    await resend(world, 3)
    (notice,) = await notices()
    assert (notice["outcome"], notice["receipts"]) == ("credited", 4)
    assert (await phone.balance())["principal_fen"] == 100


@pytest.mark.parametrize("fault", ["bad_signature", "stale", "wrong_serial", "signtest"])
async def test_what_is_not_provably_from_wechat_pay_is_refused_and_the_true_one_taken_later(world, fault):
    world.misbehave("wechat_pay.notify", fault)
    phone, _ = await paid_top_up(world)
    (delivery,) = deliveries(world)
    assert [one["note"] for one in delivery.tries] == ["HTTP 401", "HTTP 204"]
    assert len(await notices()) == 1
    assert (await phone.balance())["principal_fen"] == 100


@pytest.mark.parametrize(
    ("fault", "value", "reason"),
    [
        ("wrong_amount", 99, "wrong_amount"),
        ("wrong_app_id", None, "wrong_app_id"),
        ("wrong_number", "NOBODYS1", "unknown_number"),
    ],
)
async def test_money_that_does_not_match_is_quarantined_not_credited(world, fault, value, reason):
    world.misbehave("wechat_pay.notify", fault, value=value)
    phone, _ = await paid_top_up(world)
    assert (await phone.balance())["balance_fen"] == 0
    (notice,) = await notices()
    assert notice["outcome"] == "quarantined"
    desk = await world.operator()
    (found,) = (await desk.get("/quarantine?state=open")).body["items"]
    assert (found["reason"], found["channel"]) == (reason, "wechat_pay")
    await resend(world)
    assert len(await desk.all("/quarantine")) == 1


async def test_money_that_comes_after_we_closed_is_credited_all_the_same(world):
    phone = await world.arrive()
    made = (await phone.top_up(amount_fen=100)).body
    world.misbehave("wechat_pay.notify.queue", "lose")
    await phone.pay(made["payment"])
    await db.execute("UPDATE payment SET state = 'closed', ask_at = NULL, ended_at = now()")
    await db.execute("UPDATE top_up SET state = 'closed'")
    await resend(world)
    assert (await phone.get(f"/top-ups/{made['top_up_no']}")).body["state"] == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_when_the_database_is_away_the_channel_is_asked_to_come_again(world):
    await db.execute("ALTER TABLE channel_notice RENAME TO channel_notice_away")
    try:
        phone = await world.arrive()
        made = await phone.top_up(amount_fen=100)
        await phone.pay(made.body["payment"])
        async with asyncio.timeout(60):
            while not deliveries(world)[0].tries:
                await asyncio.sleep(0.01)
    finally:
        await db.execute("ALTER TABLE channel_notice_away RENAME TO channel_notice")
    await world.quiet()
    (delivery,) = deliveries(world)
    assert delivery.tries[0]["note"].startswith("HTTP 5")
    assert delivery.tries[-1]["note"] == "HTTP 204"
    assert (await phone.balance())["principal_fen"] == 100


HOSTILE = [
    ({}, b""),
    ({}, b"{}"),
    ({"Content-Type": "application/json"}, b"\xff\xfe\x00"),
    ({"Content-Type": "application/json"}, b"[" * 60_000),
    ({"Wechatpay-Signature": "x" * 5000, "Wechatpay-Timestamp": "9" * 30}, b"{}"),
    (
        {
            "Wechatpay-Timestamp": "-1",
            "Wechatpay-Nonce": "n",
            "Wechatpay-Serial": "s",
            "Wechatpay-Signature": "=",
        },
        b"{}",
    ),
    ({"Content-Encoding": "gzip"}, b"no gzip"),
]


@pytest.mark.parametrize(("headers", "body"), HOSTILE)
async def test_hostile_input_is_refused_and_leaves_nothing(world, headers, body):
    async with world.http.post(f"{world.url}{ADDRESS}", data=body, headers=headers) as answer:
        assert answer.status in (400, 401), await answer.text()
    assert await notices() == []


async def test_a_refusal_speaks_wechat_pays_words(world):
    async with world.http.post(f"{world.url}{ADDRESS}", data=b"{}") as answer:
        assert (answer.status, await answer.json()) == (401, {"code": "FAIL", "message": "失败"})


async def test_a_body_beyond_the_limit_is_not_read(world):
    async with world.http.post(f"{world.url}{ADDRESS}", data=b"x" * 100_000) as answer:
        assert answer.status == 400

    async def endless():
        for _ in range(100):
            yield b"x" * 10_000

    async with world.http.post(f"{world.url}{ADDRESS}", data=endless()) as answer:
        assert answer.status == 400


async def test_only_post_is_known_there(world):
    async with world.http.get(f"{world.url}{ADDRESS}") as answer:
        assert answer.status == 405


async def test_a_crowd_of_forged_serials_is_answered_at_once_and_sends_nobody_out(world):
    world.misbehave("wechat_pay.*", "delay", times=0)  # counts every call that reaches WeChat Pay
    headers = {
        "Wechatpay-Timestamp": str(int(clock.now().timestamp())),
        "Wechatpay-Nonce": "n",
        "Wechatpay-Signature": "AAAA",
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }

    async def forge(number):
        named = {**headers, "Wechatpay-Serial": f"{number:040X}"}
        async with world.http.post(f"{world.url}{ADDRESS}", data=b"{}", headers=named) as answer:
            return answer.status

    async with asyncio.timeout(60):
        assert {await forge(number) for number in range(100)} == {401}
    await asyncio.sleep(0.1)
    (rule,) = world.sandbox.world.faults.rules()
    assert rule["hits"] <= 1, "one look for a new certificate in five minutes, whoever asks"
    assert await notices() == []


async def test_a_notification_played_again_later_is_refused(world):
    kept = []
    phone = await world.arrive()
    made = await phone.top_up(amount_fen=100)
    seal = world.sandbox.wechat_pay.seal
    honest = seal.headers

    def keep(body, **asked):
        headers = honest(body, **asked)
        kept.append((headers, body))
        return headers

    seal.headers = keep
    await phone.pay(made.body["payment"])
    await world.quiet()
    headers, body = kept[-1]
    world.advance(minutes=6)
    async with world.http.post(f"{world.url}{ADDRESS}", data=body, headers=headers) as answer:
        assert answer.status == 401
    assert (await phone.balance())["principal_fen"] == 100
