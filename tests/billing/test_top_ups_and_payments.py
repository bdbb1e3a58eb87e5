"""Money that comes in through a channel: credited once, or visibly set aside; never lost, never doubled."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import channels, packages, payments, preparing, top_ups
from core import clock
from core import db as database
from gateways import channel as at_channel
from ledger import idempotency
from tests import factories


async def test_a_paid_top_up_is_credited_with_its_bonus_and_told(db):
    customer = await factories.customer()
    done = await factories.topped_up(customer.id, 20000, 3000)
    assert done.state == "credited" and done.payment.state == "paid"
    assert await factories.balance(customer.id) == (20000, 3000)
    told = await database.fetch("SELECT kind, dedup_key FROM outbox_message")
    assert [tuple(row) for row in told] == [("topped_up", f"top_up:{done.top_up_no}")]


async def test_the_same_key_gives_the_same_top_up_and_another_content_is_refused(db):
    customer = await factories.customer()
    package = await packages.add(name="充100", pay_fen=10000, bonus_fen=0)
    asked = dict(amount_fen=None, channel="wechat_pay", method="native", payer=None, key="the-same-key")
    first, *others = await asyncio.gather(
        *(
            top_ups.start(factories.open_channels(), customer.id, package_id=package.id, **asked)
            for _ in range(8)
        )
    )
    assert {other.top_up_no for other in others} == {first.top_up_no}
    with pytest.raises(idempotency.KeyReused):
        await top_ups.start(
            factories.open_channels(), customer.id, package_id=None, **{**asked, "amount_fen": 500}
        )


async def test_a_repeated_confirmation_changes_nothing_even_when_many_come_at_once(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    word = factories.trade(started)
    outcomes = await asyncio.gather(*(payments.confirm(word) for _ in range(12)))
    assert sorted(outcomes) == ["credited"] + ["repeated"] * 11
    assert await factories.balance(customer.id) == (5000, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount_fen": 4999}, "wrong_amount"),
        ({"currency": "USD"}, "wrong_currency"),
        ({"app_id": "wx-other"}, "wrong_app_id"),
        ({"merchant_id": "1900000009"}, "wrong_merchant_id"),
    ],
)
async def test_money_that_does_not_match_its_attempt_is_quarantined(db, change, reason):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    for _ in range(2):
        assert await payments.confirm(factories.trade(started, **change)) == "quarantined"
    assert await factories.balance(customer.id) == (0, 0)
    rows = await database.fetch("SELECT reason, state, payment_no FROM quarantine")
    assert [tuple(row) for row in rows] == [(reason, "open", started.payment.payment_no)]


async def test_money_under_an_unknown_number_is_quarantined(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    word = factories.trade(started, out_trade_no="P0000000000000000000")
    assert await payments.confirm(word) == "quarantined"
    assert await database.fetchval("SELECT reason FROM quarantine") == "unknown_number"
    assert (
        await payments.confirm(factories.trade(started, out_trade_no="P01", state="waiting"))
        == "unknown_number"
    )


async def test_a_second_trade_for_a_paid_number_is_quarantined(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    await payments.confirm(factories.trade(started))
    assert await payments.confirm(factories.trade(started, channel_trade_no="another")) == "quarantined"
    assert await factories.balance(customer.id) == (5000, 0)


async def test_a_trade_of_another_channel_does_not_pay_for_this_one(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    assert await payments.confirm(factories.trade(started, channel="alipay")) == "quarantined"
    assert await factories.balance(customer.id) == (0, 0)


async def test_money_that_comes_after_the_payment_was_closed_is_credited(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    assert await payments.confirm(factories.trade(started, state="closed", channel_trade_no=None)) == "closed"
    assert (await top_ups.get(customer.id, started.top_up_no)).state == "closed"
    assert await payments.confirm(factories.trade(started)) == "credited"
    assert (await top_ups.get(customer.id, started.top_up_no)).state == "credited"
    assert await payments.confirm(factories.trade(started, state="closed")) == "repeated"


async def test_a_payment_refunded_at_the_channel_behind_our_back_is_shown_to_operators(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    assert await payments.confirm(factories.trade(started, state="refunded")) == "refunded_at_channel"
    assert await database.fetchval("SELECT reason FROM quarantine") == "refunded_at_channel"


async def test_a_top_up_names_a_package_or_an_amount_within_the_legal_limit(db):
    customer = await factories.customer(principal=450_000)
    asked = dict(package_id=None, channel="wechat_pay", method="native", payer=None)
    for amount_fen, refusal in (
        (None, top_ups.PackageOrAmount),
        (0, top_ups.AmountOutOfRange),
        (500_001, top_ups.AmountOutOfRange),
        (50_001, top_ups.BalanceLimit),
    ):
        with pytest.raises(refusal):
            await top_ups.start(
                factories.open_channels(), customer.id, amount_fen=amount_fen, key=factories.key(), **asked
            )
    with pytest.raises(channels.NoSuchChannel):
        await top_ups.start(
            factories.open_channels("alipay"), customer.id, amount_fen=100, key=factories.key(), **asked
        )


class MoodyChannel(factories.QuietChannel):
    """Answers as the test tells it to."""

    def __init__(self, *moods):
        super().__init__()
        self.moods, self.asked = list(moods), []

    async def prepare(self, method, order):
        self.asked.append(order.out_trade_no)
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        return await super().prepare(method, order)


async def test_no_answer_to_prepare_is_not_a_no_and_the_same_number_is_prepared_again(db):
    customer = await factories.customer()
    moody = MoodyChannel(at_channel.ResultUnknown("time-out"))
    opened = channels.Channels(
        {"wechat_pay": channels.OpenChannel(moody, factories.APP_ID, factories.MERCHANT_ID)}
    )
    asked = dict(
        package_id=None,
        amount_fen=700,
        channel="wechat_pay",
        method="native",
        payer=None,
        key="same-key-again",
    )
    with pytest.raises(payments.ChannelUnavailable):
        await top_ups.start(opened, customer.id, **asked)
    again = await top_ups.start(opened, customer.id, **asked)
    assert again.payment.state == "prepared" and len(set(moody.asked)) == 1


async def test_a_definite_no_closes_the_payment(db):
    customer = await factories.customer()
    moody = MoodyChannel(at_channel.ChannelRefused("NO_AUTH", "no"))
    opened = channels.Channels(
        {"wechat_pay": channels.OpenChannel(moody, factories.APP_ID, factories.MERCHANT_ID)}
    )
    with pytest.raises(payments.ChannelDeclined):
        await top_ups.start(
            opened, customer.id, package_id=None, amount_fen=700, channel="wechat_pay", method="native", payer=None,
            key=factories.key(),
        )  # fmt: skip
    assert await database.fetchval("SELECT state FROM top_up") == "closed"


class AnsweringChannel(factories.QuietChannel):
    """Knows one trade; may be paid while it is being closed."""

    def __init__(self, trade):
        super().__init__()
        self.trade, self.closed, self.paid_while_closing = trade, False, None

    async def query(self, out_trade_no):
        return self.trade

    async def close(self, out_trade_no):
        if self.paid_while_closing:
            self.trade = self.paid_while_closing
            raise at_channel.AlreadyPaid(out_trade_no)
        self.closed, self.trade = True, replace(self.trade, state="closed")


def asking(channel):
    return channels.Channels(
        {"wechat_pay": channels.OpenChannel(channel, factories.APP_ID, factories.MERCHANT_ID)}
    )


async def test_the_clock_heals_a_lost_callback(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    channel = AnsweringChannel(factories.trade(started))
    assert await payments.poll(asking(channel)) == 0, "it is too early to ask"
    clock.set_offset(timedelta(minutes=1))
    assert await payments.poll(asking(channel)) == 1
    assert await factories.balance(customer.id) == (5000, 0)
    assert await payments.poll(asking(channel)) == 0


async def test_an_expired_payment_is_closed_at_the_channel_first_then_here(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    channel = AnsweringChannel(factories.trade(started, state="waiting", channel_trade_no=None))
    clock.set_offset(timedelta(minutes=31))
    assert await payments.poll(asking(channel)) == 1
    assert channel.closed
    assert (await top_ups.get(customer.id, started.top_up_no)).state == "closed"


async def test_money_that_arrives_while_the_payment_is_being_closed_is_credited(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    channel = AnsweringChannel(factories.trade(started, state="waiting", channel_trade_no=None))
    channel.paid_while_closing = factories.trade(started)
    clock.set_offset(timedelta(minutes=31))
    await payments.poll(asking(channel))
    assert await factories.balance(customer.id) == (5000, 0)


async def test_one_trade_is_one_credit_even_if_the_channel_names_it_for_two_payments(db):
    one, other = await factories.customer(), await factories.customer()
    first, second = await factories.top_up(one.id, 5000), await factories.top_up(other.id, 5000)
    word = factories.trade(second, channel_trade_no=factories.trade(first).channel_trade_no)
    assert await payments.confirm(factories.trade(first)) == "credited"
    for state in ("paid", "refunded"):
        assert await payments.confirm(replace(word, state=state)) == "quarantined"
    assert await factories.balance(other.id) == (0, 0)
    assert await database.fetchval("SELECT reason FROM quarantine") == "trade_of_another"
    assert (await top_ups.get(other.id, second.top_up_no)).standing == "quarantined"


async def test_the_same_trade_for_two_payments_at_once_credits_one(db):
    one, other = await factories.customer(), await factories.customer()
    words = [
        factories.trade(await factories.top_up(owner.id, 5000), channel_trade_no="42")
        for owner in (one, other)
    ]
    assert sorted(await asyncio.gather(*map(payments.confirm, words))) == ["credited", "quarantined"]


class BreakingChannel(factories.QuietChannel):
    """Answers about one number with something nobody expects."""

    def __init__(self, bad_no, trades):
        super().__init__()
        self.bad_no, self.trades = bad_no, trades

    async def query(self, out_trade_no):
        if out_trade_no == self.bad_no:
            raise RuntimeError("not in the contract")
        return self.trades[out_trade_no]


async def test_a_payment_that_breaks_the_poll_does_not_keep_the_others_waiting(db):
    customer = await factories.customer()
    started = [await factories.top_up(customer.id, 100) for _ in range(3)]
    trades = {one.payment.payment_no: factories.trade(one) for one in started}
    clock.set_offset(timedelta(minutes=1))
    assert await payments.poll(asking(BreakingChannel(started[0].payment.payment_no, trades))) == 2
    assert await factories.balance(customer.id) == (200, 0)


async def test_a_refusal_to_prepare_again_does_not_close_what_a_twin_has_prepared(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 5000)
    moody = MoodyChannel(at_channel.ChannelRefused("OUT_TRADE_NO_USED", "no"))
    await preparing.prepare(asking(moody), replace(started.payment, state="created"), description="充值")
    assert (await top_ups.get(customer.id, started.top_up_no)).payment.state == "prepared"


async def test_every_word_of_a_channel_after_every_other_credits_at_most_once(db):
    """All pairs of words, in both orders, then the true one: the money is credited once, or set aside for an operator."""
    words = [
        {"state": state, "channel_trade_no": None} for state in ("waiting", "missing", "failed", "closed")
    ] + [
        {},
        {"state": "refunded"},
        {"amount_fen": 4999},
        {"channel_trade_no": "another"},
        {"channel_trade_no": "third", "amount_fen": 1},
    ]
    for number, (first, then) in enumerate(itertools.product(words, words)):
        customer = await factories.customer()
        started = await factories.top_up(customer.id, 5000)
        trades = [
            factories.trade(started, **{**change, **({"channel_trade_no": f"{change['channel_trade_no']}{number}"}
                            if change.get("channel_trade_no") else {})})
            for change in (first, then, {})
        ]  # fmt: skip
        outcomes = [await payments.confirm(trade) for trade in trades]
        assert outcomes.count("credited") <= 1
        done = await top_ups.get(customer.id, started.top_up_no)
        credited = await factories.balance(customer.id) == (5000, 0)
        assert credited == ("credited" in outcomes) == (done.state == "credited"), (first, then, outcomes)
        paid = {trade.channel_trade_no for trade in trades if trade.state == "paid"}
        set_aside = {
            row[0]
            for row in await database.fetch(
                "SELECT channel_trade_no FROM quarantine WHERE payment_no = $1", started.payment.payment_no
            )
        }
        if credited:
            set_aside.add(
                await database.fetchval(
                    "SELECT channel_trade_no FROM payment WHERE state = 'paid' AND customer_id = $1",
                    customer.id,
                )
            )
        assert paid <= set_aside, "each trade that was paid is credited or visible to operators"


async def test_only_the_customer_whose_openid_was_asked_pays_by_jsapi(db):
    customer = await factories.customer()
    for payer, outcome in (("openid-other", "quarantined"), ("openid-own", "credited"), (None, "credited")):
        started = await top_ups.start(
            factories.open_channels(), customer.id, package_id=None, amount_fen=700, channel="wechat_pay",
            method="jsapi", payer="openid-own", key=factories.key(),
        )  # fmt: skip
        assert await payments.confirm(factories.trade(started, payer=payer)) == outcome
    assert await database.fetchval("SELECT reason FROM quarantine") == "wrong_payer"
    with pytest.raises(top_ups.PayerUnknown):
        await top_ups.start(
            factories.open_channels(), customer.id, package_id=None, amount_fen=700, channel="wechat_pay",
            method="jsapi", payer=None, key=factories.key(),
        )  # fmt: skip


async def test_alipay_may_name_a_payer_by_a_number_or_by_an_openid(db):
    customer = await factories.customer()
    asked = "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"
    for payer, outcome in (
        ("another-openid", "quarantined"),
        ("2088101117955611", "credited"),
        (asked, "credited"),
    ):
        started = await top_ups.start(
            factories.open_channels(), customer.id, package_id=None, amount_fen=700, channel="alipay",
            method="create", payer=asked, key=factories.key(),
        )  # fmt: skip
        assert await payments.confirm(factories.trade(started, payer=payer)) == outcome
