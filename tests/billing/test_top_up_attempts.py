"""One top-up, several attempts to pay it: the first that is paid counts, what comes by another is set aside, nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    channels,
    package_rules,
    packages,
    payment_methods,
    payments,
    quarantine,
    quarantine_desk,
    top_up_attempts,
    top_ups,
)
from core import clock
from core import db as database
from gateways import channel as at_channel
from ledger import idempotency, proof
from tests import factories


class ListeningChannel(factories.QuietChannel):
    """Remembers what was opened, paid and closed there; answers nothing while it is ``down``. At ``born_late`` ones a trade is there
    only once somebody has opened it."""

    def __init__(self, name, *, born_late=False):
        super().__init__(name)
        self.opened, self.states, self.down, self.born_late = [], {}, False, born_late
        self.unanswered = 0

    async def prepare(self, method, order):
        self._answers()
        self.opened.append(order.out_trade_no)
        if not self.born_late:
            self.states.setdefault(order.out_trade_no, "waiting")
        return at_channel.Prepared({"n": f"{order.out_trade_no}:{len(self.opened)}"}, None)

    async def query(self, out_trade_no):
        self._answers()
        state = self.states.get(out_trade_no, "missing")
        payment = await payments.get(out_trade_no)
        return factories.trade_of(
            payment, state=state, channel_trade_no=f"42{out_trade_no}" if state == "paid" else None
        )

    async def close(self, out_trade_no):
        self._answers()
        if self.states.get(out_trade_no) == "paid":
            raise at_channel.AlreadyPaid(out_trade_no)
        if out_trade_no in self.states:
            self.states[out_trade_no] = "closed"

    def _answers(self):
        if self.down:
            self.unanswered += 1
            raise at_channel.ResultUnknown("time-out")


class Shop:
    """A customer with a top-up of 100 yuan and 20 given, paid by WeChat's code so far."""

    @classmethod
    async def opened(cls, **rules):
        self = cls()
        self.wechat, self.alipay = ListeningChannel("wechat_pay"), ListeningChannel("alipay", born_late=True)
        self.channels = channels.Channels(
            {
                one.name: channels.OpenChannel(one, factories.APP_ID, factories.MERCHANT_ID)
                for one in (self.wechat, self.alipay)
            }
        )
        self.customer = await factories.customer()
        self.package = await packages.add(
            name="充100送20", pay_fen=10_000, bonus_fen=2_000, rules=packages.Rules(**rules)
        )
        self.top_up = await self.start()
        self.no = self.top_up.top_up_no
        return self

    async def start(self, customer=None):
        return await top_ups.start(
            self.channels, (customer or self.customer).id, package_id=self.package.id, amount_fen=None, channel="wechat_pay",
            method="native", key=factories.key(),
        )  # fmt: skip

    async def pay(self, channel="alipay", method="precreate", key=None, **how):
        return await top_up_attempts.pay(
            self.channels, self.customer.id, self.no, channel=channel, method=method, key=key or factories.key(), **how
        )  # fmt: skip

    async def tried(self):
        """(channel, state, whether it was left) of the attempts, the oldest first."""
        found = await top_ups.attempts_of(self.customer.id, self.no)
        return [(one.channel, one.state, one.left_at is not None) for one in found[::-1]]

    async def now(self):
        return await top_ups.get(self.customer.id, self.no)

    async def balance(self):
        return await factories.balance(self.customer.id)

    async def poll(self, minutes):
        clock.set_offset(timedelta(minutes=minutes))
        return await payments.poll(self.channels)


async def aside():
    return [(one.reason, one.payment_no, one.booked_fen) for one in await quarantine.page()]


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


@pytest.mark.parametrize("first_paid", ["before", "after"])
async def test_both_are_paid_in_either_order_and_one_is_credited_the_other_set_aside(db, first_paid):
    shop = await Shop.opened()
    other = await shop.pay()
    words = [factories.trade(shop.top_up), factories.trade(other)]
    if first_paid == "after":
        words.reverse()
    assert [await payments.confirm(word) for word in words] == ["credited", "quarantined"]
    for word in words:
        await payments.confirm(word)
    assert await shop.balance() == (10_000, 2_000), "one bonus, one principal"
    assert await aside() == [("second_payment", words[1].out_trade_no, 10_000)]
    assert (await shop.now()).standing == "credited"
    assert (await shop.now()).payment.payment_no == words[0].out_trade_no
    assert await factories.told(shop.customer.id, "topped_up") == 1
    assert await factories.told(shop.customer.id, "paid_twice") == 1


@pytest.mark.broken_books
async def test_the_proof_finds_a_customer_who_paid_twice_and_was_not_told(db):
    shop = await Shop.opened()
    for one in (await shop.pay(), shop.top_up):
        await payments.confirm(factories.trade(one))
    assert await proof.check() == []
    await database.execute("DELETE FROM outbox_message WHERE kind = 'paid_twice'")
    assert [one.invariant for one in await proof.check()] == ["I13"]


async def test_both_are_paid_at_once(db):
    shop = await Shop.opened()
    other = await shop.pay()
    words = [factories.trade(shop.top_up), factories.trade(other)] * 3
    outcomes = await asyncio.gather(*map(payments.confirm, words))
    assert outcomes.count("credited") == 1
    assert await factories.told(shop.customer.id, "paid_twice") == 1
    assert await shop.balance() == (10_000, 2_000)
    assert [(reason, booked) for reason, _, booked in await aside()] == [("second_payment", 10_000)]


async def test_what_was_paid_twice_is_credited_or_sent_back_as_an_operator_decides(db):
    shop = await Shop.opened()
    other = await shop.pay()
    for word in (factories.trade(other), factories.trade(shop.top_up)):
        await payments.confirm(word)
    (found,) = await quarantine.page()
    assert found.customer_id == shop.customer.id
    await quarantine_desk.credit(
        1, found.id, customer_id=shop.customer.id, reason="顾客同意入账", key=factories.key()
    )
    assert await shop.balance() == (20_000, 2_000)
    assert (await shop.now()).state == "credited"


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
