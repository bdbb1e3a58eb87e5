"""A refund WeChat Pay is stuck with, sent to another card, from the operators' door to the channel."""

from core import db

ACCOUNT = "6222021234567890123"
CARD = {"bank_type": "ICBC_DEBIT", "account_no": ACCOUNT, "real_name": "林晓"}


async def stuck(world):
    phone, boss = await world.arrive(), await world.operator()
    made = await phone.top_up(amount_fen=20_000)
    await phone.pay(made.body["payment"])
    await world.quiet()
    world.misbehave("wechat_pay.refund_settle", "abnormal")
    wish = {"amount_fen": 5_000, "reason": "用不完"}
    asked = await boss.post(f"/top-ups/{made.body['top_up_no']}/refunds", wish)
    await world.quiet()
    refund_no = asked.body["refund"]["refund_no"]
    shown = (await boss.get(f"/refunds/{refund_no}")).body["refund"]
    assert [part["state"] for part in shown["parts"]] == ["abnormal"]
    return boss, refund_no


async def test_it_reaches_the_card_and_the_card_is_kept_nowhere(world):
    boss, refund_no = await stuck(world)
    sent = await boss.post(f"/refunds/{refund_no}/to-card", CARD)
    assert (sent.status, sent.body["state"]) == (200, "open"), sent.body
    await world.quiet()
    assert (await boss.get(f"/refunds/{refund_no}")).body["refund"]["state"] == "paid"
    moved = [(one.kind, one.amount_fen) for one in world.sandbox.world.wallets.movements()]
    assert moved == [("paid", 20_000), ("refunded", 5_000)]
    again = await boss.post(f"/refunds/{refund_no}/to-card", CARD)
    assert (again.status, again.code) == (409, "refund_state_forbids")
    for table in ("refund_part", "request_key", "outbox_message", "staff_alert", "transfer"):
        (count,) = await db.fetchrow(
            f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%'", ACCOUNT
        )
        assert count == 0, table


async def test_a_card_that_is_none_is_refused_before_anybody_is_asked(world):
    boss, refund_no = await stuck(world)
    for broken in (
        {"account_no": "12"},
        {"account_no": "6222 0212"},
        {"bank_type": "工行"},
        {"real_name": ""},
    ):
        refused = await boss.post(f"/refunds/{refund_no}/to-card", CARD | broken)
        assert (refused.status, refused.code) == (422, "invalid_request"), broken
    assert (await boss.get(f"/refunds/{refund_no}")).body["refund"]["parts"][0]["state"] == "abnormal"
