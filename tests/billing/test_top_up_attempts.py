"""One top-up, several attempts to pay it: the first that is paid counts, what comes by another is set aside, nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    package_rules,
    payment_methods,
    payments,
    quarantine,
    quarantine_desk,
    top_up_attempts,
    top_ups,
)
from core import clock
from ledger import idempotency, proof
from tests import factories
from tests.billing.attempting import Shop


async def test_another_way_is_another_number_for_the_same_top_up_and_the_one_before_is_closed_at_its_channel(
    db,
):
    shop = await Shop.opened()
    other = await shop.pay()
    assert (other.top_up_no, other.state, other.pay_fen, other.bonus_fen) == (
        shop.no, "pending", 10_000, 2_000,
    )  # fmt: skip
    assert other.payment.channel == "alipay" and other.payment.client
    assert shop.wechat.states == {shop.top_up.payment.payment_no: "closed"}
    assert await shop.tried() == [("wechat_pay", "closed", True), ("alipay", "prepared", False)]
    assert await payments.confirm(factories.trade(other)) == "credited"
    assert await shop.balance() == (10_000, 2_000)
    assert (await top_ups.page(shop.customer.id)) == [await shop.now()], "it is one in the list"


async def test_the_same_key_and_the_same_way_go_on_with_the_same_attempt(db):
    shop = await Shop.opened()
    assert (await shop.pay("wechat_pay", "native")).payment.payment_no == shop.top_up.payment.payment_no
    first = await shop.pay(key="once-and-again")
    again = await shop.pay(key="once-and-again")
    assert first.payment.payment_no == again.payment.payment_no == (await shop.pay()).payment.payment_no
    assert len(await shop.tried()) == 2 and len(shop.alipay.opened) == 1
    with pytest.raises(idempotency.KeyReused):
        await shop.pay("wechat_pay", "native", key="once-and-again")


async def test_many_who_press_at_once_make_one_new_attempt(db):
    shop = await Shop.opened()
    made = await asyncio.gather(*(shop.pay() for _ in range(8)))
    assert len({one.payment.payment_no for one in made}) == 1
    assert await shop.tried() == [("wechat_pay", "closed", True), ("alipay", "prepared", False)]


async def test_two_who_choose_differently_at_once_leave_one_attempt_to_be_paid(db):
    shop = await Shop.opened()
    await asyncio.gather(shop.pay(), shop.pay("alipay", "wap"), shop.pay("wechat_pay", "h5", place=at_home()))
    open_ones = [one for one in await shop.tried() if one[1] in ("created", "prepared") and not one[2]]
    assert len(open_ones) == 1 and await proof.check() == []


def at_home():
    return payment_methods.Place(None, "203.0.113.7")


async def test_the_one_before_was_paid_meanwhile_so_it_is_credited_and_no_other_is_opened(db):
    shop = await Shop.opened()
    shop.wechat.states[shop.top_up.payment.payment_no] = "paid"
    found = await shop.pay()
    assert (found.state, found.payment.payment_no) == ("credited", shop.top_up.payment.payment_no)
    assert shop.alipay.opened == [] and await shop.balance() == (10_000, 2_000)
    await shop.poll(2)
    assert await shop.tried() == [("wechat_pay", "paid", True), ("alipay", "closed", False)]
    with pytest.raises(top_up_attempts.TopUpEnded):
        await shop.pay("wechat_pay", "native")


async def test_a_channel_that_does_not_answer_is_left_all_the_same_and_closed_by_the_clock(db):
    shop = await Shop.opened()
    shop.wechat.down = True
    other = await shop.pay()
    assert other.payment.channel == "alipay" and other.payment.state == "prepared"
    assert await shop.tried() == [("wechat_pay", "prepared", True), ("alipay", "prepared", False)]
    await shop.poll(1)
    shop.wechat.down = False
    await shop.poll(5)
    assert await shop.tried() == [("wechat_pay", "closed", True), ("alipay", "prepared", False)]
    assert (await shop.now()).state == "pending", "the other may still be paid"


async def test_the_left_one_is_paid_while_its_channel_did_not_answer(db):
    shop = await Shop.opened()
    shop.wechat.down = True
    await shop.pay()
    shop.wechat.down, shop.wechat.states[shop.top_up.payment.payment_no] = False, "paid"
    await shop.poll(1)
    assert (await shop.now()).state == "credited" and await shop.balance() == (10_000, 2_000)
    await shop.poll(10)
    assert await shop.tried() == [("wechat_pay", "paid", True), ("alipay", "closed", False)]


async def test_a_success_after_both_were_closed_is_credited_once_and_the_second_set_aside(db):
    shop = await Shop.opened()
    other = await shop.pay("wechat_pay", "h5", place=at_home())
    await shop.poll(32)
    assert await shop.tried() == [("wechat_pay", "closed", True), ("wechat_pay", "closed", False)]
    assert (await shop.now()).state == "closed"
    assert await payments.confirm(factories.trade(shop.top_up)) == "credited"
    assert await payments.confirm(factories.trade(other)) == "quarantined"
    assert await shop.balance() == (10_000, 2_000)


async def test_the_last_two_end_at_once_and_the_top_up_ends_with_them(db):
    for _ in range(5):
        shop = await Shop.opened()
        shop.wechat.down = True
        other = await shop.pay()
        words = [
            replace(factories.trade(one), state="closed", channel_trade_no=None)
            for one in (shop.top_up, other)
        ]
        await asyncio.gather(*map(payments.confirm, words))
        assert (await shop.now()).state == "closed"


async def test_a_package_is_had_once_however_often_it_is_begun_to_be_paid(db):
    shop = await Shop.opened(per_customer=1, first_time_only=True, stock=1)
    other = await shop.pay()
    await shop.pay("alipay", "wap")
    with pytest.raises(package_rules.Unfinished):
        await shop.start()
    with pytest.raises(package_rules.SoldOut):
        await shop.start(await factories.customer())
    assert await payments.confirm(factories.trade(other)) == "credited"
    with pytest.raises(package_rules.FirstOnly):
        await shop.start()


async def test_what_its_channel_does_not_know_yet_keeps_the_top_up_until_its_time_is_over(db):
    """Alipay's code may still be scanned: were the top-up closed, one could have the same package twice."""
    shop = await Shop.opened(per_customer=1)
    await shop.pay()
    await shop.pay("wechat_pay", "native")
    done = await top_ups.cancel(shop.channels, shop.customer.id, shop.no)
    assert done.state == "pending"
    with pytest.raises(package_rules.Unfinished):
        await shop.start()
    await shop.poll(31)
    assert (await shop.now()).state == "closed"


async def test_it_cannot_keep_its_place_for_ever(db):
    shop = await Shop.opened()
    for number in range(top_up_attempts.MOST - 1):
        await shop.pay(*(("alipay", "precreate"), ("wechat_pay", "native"))[number % 2])
    with pytest.raises(top_up_attempts.TooManyAttempts):
        await shop.pay("alipay", "page")


async def test_money_that_does_not_match_is_looked_at_before_it_is_paid_otherwise(db):
    shop = await Shop.opened()
    assert await payments.confirm(factories.trade(shop.top_up, amount_fen=1)) == "quarantined"
    with pytest.raises(top_up_attempts.TopUpUnderReview):
        await shop.pay()
    assert (await shop.now()).standing == "quarantined"


async def test_what_is_set_aside_of_the_one_before_does_not_keep_the_other_from_being_paid(db):
    shop = await Shop.opened()
    other = await shop.pay()
    assert await payments.confirm(factories.trade(shop.top_up, amount_fen=1)) == "quarantined"
    (found,) = await quarantine.page()
    await quarantine_desk.close(1, found.id, reason="已在渠道后台退回", key=factories.key())
    assert (await shop.now()).state == "pending", "the other may still be paid"
    third = await shop.pay("wechat_pay", "native")
    assert third.payment.payment_no != other.payment.payment_no, "and it may be paid otherwise again"
    assert await payments.confirm(factories.trade(other)) == "credited"
    assert await shop.balance() == (10_000, 2_000)


async def test_nobody_elses_top_up_is_paid_or_seen(db):
    shop = await Shop.opened()
    stranger = await factories.customer()
    with pytest.raises(top_ups.NoSuchTopUp):
        await top_up_attempts.pay(
            shop.channels, stranger.id, shop.no, channel="alipay", method="wap", key=factories.key()
        )
    with pytest.raises(top_ups.NoSuchTopUp):
        await top_ups.attempts_of(stranger.id, shop.no)
    assert await shop.tried() == [("wechat_pay", "prepared", False)]


async def test_a_way_that_needs_an_openid_or_another_place_is_refused_and_nothing_is_left(db):
    shop = await Shop.opened()
    with pytest.raises(payment_methods.PayerUnknown):
        await shop.pay("wechat_pay", "jsapi")
    with pytest.raises(payment_methods.MethodNotHere):
        await shop.pay("alipay", "wap", place=payment_methods.Place("mini_program"))
    assert await shop.tried() == [("wechat_pay", "prepared", False)]


async def test_an_attempt_that_is_nearly_over_is_not_continued(db):
    shop = await Shop.opened()
    clock.set_offset(timedelta(minutes=28))
    assert (await shop.pay("wechat_pay", "native")).payment.payment_no != shop.top_up.payment.payment_no


async def test_a_channel_that_gives_no_answer_is_waited_for_once_however_many_attempts_it_has(db):
    shop = await Shop.opened()
    await shop.pay()
    await shop.pay("alipay", "wap")
    await shop.pay("wechat_pay", "native")
    assert [state for name, state, _ in await shop.tried() if name == "alipay"] == ["prepared", "prepared"]
    shop.alipay.down = True
    checked = await top_ups.check(shop.channels, shop.customer.id, shop.no)
    assert (checked.payment.state, shop.alipay.unanswered) == ("prepared", 1)
    with pytest.raises(payments.ChannelUnavailable):
        await top_ups.cancel(shop.channels, shop.customer.id, shop.no)
    assert shop.alipay.unanswered == 2
    assert (await shop.pay("wechat_pay", "native")).payment.state == "prepared"
    assert shop.alipay.unanswered == 3


async def test_what_is_paid_here_is_not_closed_at_a_channel_that_knows_less(db):
    shop = await Shop.opened()
    assert await payments.confirm(factories.trade(shop.top_up)) == "credited"
    shop.wechat.states[shop.top_up.payment.payment_no] = "waiting"
    assert await payments.ask(shop.channels, shop.top_up.payment.payment_no) == "repeated"
    assert shop.wechat.states[shop.top_up.payment.payment_no] == "waiting"
