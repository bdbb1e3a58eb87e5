import asyncio
import contextvars
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

import webhooks
from billing import inbox, inbox_refusals, inbox_replays, payments, refunds, staff_alerts
from core import clock, db
from gateways.channel import BadNotification, ChannelRefund, ChannelTrade, PaymentNotice
from tests import factories


@pytest.fixture
async def waiting(world):
    """A customer with an unpaid top-up, and the trade that would pay it."""
    phone = await world.arrive()
    made = (await phone.top_up(amount_fen=100)).body
    opened = world.runtime.outside.channels.find("wechat_pay")
    trade = ChannelTrade(
        channel="wechat_pay",
        out_trade_no=made["payment"]["payment_no"],
        channel_trade_no="4200001234202611230000000001",
        state="paid",
        amount_fen=100,
        currency="CNY",
        app_id=opened.app_id,
        merchant_id=opened.merchant_id,
        payer=None,
        paid_at=clock.now(),
    )
    return phone, trade


@pytest.fixture(autouse=True)
def _allowance_at_rest():
    inbox_refusals.forget()


def notice(event_id, trade=None, refund=None, out_trade_no=None):
    return PaymentNotice(
        event_id, "TRANSACTION.SUCCESS", trade, refund, out_trade_no or (trade and trade.out_trade_no)
    )


async def receive(given):
    return await inbox.receive("wechat_pay", given, headers={}, body=b"{}")


async def test_a_notification_written_down_but_not_acted_on_is_handed_in_again(waiting):
    phone, trade = waiting
    await receive(notice("e1", trade))
    # as if the process had died between writing down and acting: undo nothing in the books, forget that it was handled
    await db.execute(
        "UPDATE channel_notice SET outcome = NULL, handled_at = NULL, act_at = $1",
        clock.now() + timedelta(seconds=30),
    )
    assert await inbox.replay_unhandled() == 0  # it may still be in the hands of its request
    clock.set_offset(timedelta(minutes=1))
    assert await inbox.replay_unhandled() == 1
    assert await inbox.replay_unhandled() == 0
    assert await db.fetchval("SELECT outcome FROM channel_notice") == "repeated"
    assert (await phone.balance())["principal_fen"] == 100


async def test_what_a_request_is_still_acting_on_is_not_handed_in_besides(waiting):
    phone, trade = waiting
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with db.transaction():
        await db.execute("SELECT FROM payment FOR UPDATE")
        acting = asyncio.create_task(receive(notice("e1", trade)), context=elsewhere)
        while not await db.fetchval("SELECT count(*) FROM channel_notice"):
            await asyncio.sleep(0.01)
        assert await inbox.replay_unhandled() == 0
    assert await acting == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_what_was_never_acted_on_is_credited_by_the_replay(waiting):
    phone, trade = waiting
    await db.execute("ALTER TABLE top_up RENAME TO top_up_away")
    with pytest.raises(Exception, match="top_up"):
        await receive(notice("e1", trade))
    await db.execute("ALTER TABLE top_up_away RENAME TO top_up")
    assert (await phone.balance())["principal_fen"] == 0
    clock.set_offset(timedelta(minutes=1))
    assert await inbox.replay_unhandled() == 1
    assert await db.fetchval("SELECT outcome FROM channel_notice") == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_two_events_about_one_trade_credit_once(waiting):
    phone, trade = waiting
    assert await receive(notice("e1", trade)) == "credited"
    assert await receive(notice("e2", trade)) == "repeated"
    assert await receive(notice("e1", trade)) == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_copies_that_come_at_once_beside_a_question_credit_once(world, waiting):
    phone, trade = waiting
    outcomes = await asyncio.gather(
        *(receive(notice("e1", trade)) for _ in range(3)),
        receive(notice("e2", trade)),
        payments.confirm(trade),
    )
    assert sorted(outcomes).count("credited") >= 1
    assert (await phone.balance())["principal_fen"] == 100
    assert await db.fetchval("SELECT receipts FROM channel_notice WHERE event_id = 'e1'") == 3


async def test_a_notice_of_a_refund_nobody_asked_for_moves_nothing_and_alerts(waiting):
    phone, trade = waiting
    await receive(notice("e1", trade))
    refund = ChannelRefund("R1", "50300", "paid_back", 100)
    assert await receive(notice("e2", refund=refund, out_trade_no=trade.out_trade_no)) == "not_ours"
    assert (await phone.balance())["principal_fen"] == 100
    assert [alert.kind for alert in await staff_alerts.page()] == ["refund_not_ours"]


async def test_a_refund_notice_written_down_but_not_acted_on_settles_by_the_replay(waiting):
    phone, trade = waiting
    await receive(notice("e1", trade))
    top_up_no = await db.fetchval("SELECT top_up_no FROM top_up")
    asked = await refunds.ask_for(
        factories.open_channels(), phone.customer_id, top_up_no, amount_fen=None, reason="", key="refund-it-1"
    )
    refund = ChannelRefund(asked.parts[0].part_no, "50300", "paid_back", 100)
    await db.execute("ALTER TABLE top_up RENAME TO top_up_away")
    with pytest.raises(Exception, match="top_up"):
        await receive(notice("e2", refund=refund, out_trade_no=trade.out_trade_no))
    await db.execute("ALTER TABLE top_up_away RENAME TO top_up")
    clock.set_offset(timedelta(minutes=1))
    assert await inbox.replay_unhandled() == 1
    assert (await refunds.get(asked.refund_no)).state == "paid"
    assert (await phone.balance())["principal_fen"] == 0


async def test_a_notice_without_a_trade_lets_the_clock_ask_soon(waiting):
    _, trade = waiting
    assert await receive(notice("e1", out_trade_no=trade.out_trade_no)) == "ask_channel"
    assert await db.fetchval("SELECT ask_at <= $1 FROM payment", clock.now())
    assert await receive(notice("e2", out_trade_no="NOBODYS1")) == "ask_channel"
    assert await receive(notice("e3")) == "nothing_to_do"


async def test_one_that_fails_waits_longer_each_time_and_says_why(waiting):
    _, trade = waiting
    await db.execute("ALTER TABLE top_up RENAME TO top_up_away")
    with pytest.raises(Exception, match="top_up"):
        await receive(notice("e1", trade))
    clock.set_offset(timedelta(minutes=1))
    assert await inbox.replay_unhandled() == 0
    (found,) = await inbox_replays.page(handled=False)
    assert found.attempts == 2 and "top_up" in found.fault
    assert await inbox.replay_unhandled() == 0  # its time has not come again
    assert (await inbox_replays.get(found.id)).notice.attempts == 2
    assert await inbox_replays.replay_failed({}, operator="operator:1") == inbox_replays.Handed(0, 1)
    await db.execute("ALTER TABLE top_up_away RENAME TO top_up")
    done = await inbox_replays.replay({}, found.id, operator="operator:1")
    assert (done.notice.outcome, done.notice.fault) == ("credited", None)
    assert {(one.operator, one.outcome) for one in done.replays} == {
        ("operator:1", "failed"), ("operator:1", "credited"),
    }  # fmt: skip


async def test_what_was_refused_is_kept_and_taken_once_it_can_be_verified(world):
    """As when the platform's certificate changed and the shop did not know the new one yet."""
    world.misbehave("wechat_pay.notify.queue", "delay_all", seconds=3_600)
    phone = await world.arrive()
    await phone.pay((await phone.top_up(amount_fen=100)).body["payment"])
    (delivery,) = world.sandbox.world.courier.deliveries()

    def unknown(headers, body, at):
        raise BadNotification("signed with an unknown key")

    notified = webhooks.build({"wechat_pay": unknown})
    async with TestClient(TestServer(notified)) as address:
        url = str(address.make_url("/wechat-pay"))
        delivery.url = url
        assert world.sandbox.world.courier.resend(delivery.id)
        await world.quiet()
    (refused,) = await inbox_replays.page(verdict="refused")
    assert (refused.refusal, refused.outcome) == ("signed with an unknown key", None)
    assert (await phone.balance())["principal_fen"] == 0
    desk = await world.operator()
    shown = (await desk.get(f"/notices/{refused.id}")).body
    assert "ciphertext" in shown["body"] and "Wechatpay-Signature" in shown["headers"]
    assert (await desk.post("/notices/replay-failed", key=None)).body == {"handled": 1, "left": 0}
    assert (await phone.balance())["principal_fen"] == 100
    assert (await desk.post(f"/notices/{refused.id}/replay", key=None)).body["notice"][
        "outcome"
    ] == "credited"
    assert (await phone.balance())["principal_fen"] == 100


async def test_a_flood_of_forgeries_is_counted_and_not_kept(world):
    for number in range(100):
        await inbox_refusals.refuse("alipay", "bad signature", headers={}, body=b"forged %d" % number)
    kept = await db.fetchval("SELECT count(*) FROM channel_notice")
    assert 20 <= kept <= 25
    inbox_refusals.forget()
    await inbox_refusals.refuse("alipay", "bad signature", headers={}, body=b"forged 0")
    assert await db.fetchval("SELECT receipts FROM channel_notice ORDER BY id LIMIT 1") == 2


async def test_a_channel_keeps_so_many_forgeries_and_drops_them_after_two_weeks(world, monkeypatch):
    monkeypatch.setattr(inbox_refusals, "KEPT_AT_MOST", 3)
    for number in range(5):
        await inbox_refusals.refuse("alipay", "bad signature", headers={}, body=b"%d" % number)
    await inbox_refusals.refuse("wechat_pay", "too large", headers={}, body=None)
    assert await db.fetchval("SELECT count(*) FROM channel_notice") == 3
    counts = {(one.channel, one.reason): one.times for one in await inbox_refusals.page()}
    assert counts == {("alipay", "bad signature"): 5, ("wechat_pay", "too large"): 1}
    assert await inbox_replays.replay_failed({}, operator="operator:1") == inbox_replays.Handed(0, 3)
    clock.set_offset(timedelta(days=15))
    assert await inbox_refusals.forget_old() == 3


async def test_what_was_handled_is_forgotten_after_its_time_and_what_was_not_is_kept(waiting):
    _, trade = waiting
    await receive(notice("e1", trade))
    await db.execute(
        "INSERT INTO channel_notice (channel, event_id, event_type, verdict, headers, body, receipts, attempts, received_at, act_at)"
        " VALUES ('alipay', 'e2', '', 'verified', '{}', '', 1, 0, now(), now())"
    )
    clock.set_offset(timedelta(days=401))
    assert await inbox.forget_old() == 1
    assert [one.event_id for one in await inbox_replays.page()] == ["e2"]
