"""A bill paid with a share of the balance and the rest through a channel: both shares or neither, whatever comes when."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import bills, collecting, combined, deductions, payments, refunds, settled, terms
from core import clock, errors
from core import db as database
from gateways import channel as at_channel
from ledger import accounts
from shop import channel_payments, orders
from tests import factories


async def standing(payment):
    """(state, held, principal + bonus, the order's state, the bill's state)."""
    now = await combined.get(payment.customer_id, payment.combined_no)
    balance = await accounts.balance(payment.customer_id)
    bill = await bills.get(payment.customer_id, payment.bill_no)
    order = await orders.get(payment.customer_id, payment.source.removeprefix("order:"))
    return now.standing, balance.held_fen, balance.balance_fen, order.state, bill.state


async def told(customer_id, *kinds):
    rows = await database.fetch(
        "SELECT kind FROM outbox_message WHERE customer_id = $1 AND kind = ANY ($2) ORDER BY id",
        customer_id,
        list(kinds),
    )
    return [row["kind"] for row in rows]


async def begun(principal=700, price_fen=1000, balance_fen=None, **more):
    customer = await factories.customer(principal=principal)
    order = await factories.order(customer.id, price_fen)
    return order, await factories.combined_payment(order, balance_fen, **more)


async def close(payment):
    """The channel's word that it closed the attempt."""
    return await payments.confirm(factories.trade(payment, state="closed", channel_trade_no=None))


async def test_all_that_is_available_is_held_and_the_channel_is_asked_for_the_rest(db):
    _, payment = await begun(700, 1000)
    assert (payment.balance_fen, payment.channel_fen, payment.payment.amount_fen) == (700, 300, 300)
    assert payment.payment.state == "prepared" and payment.payment.client
    assert await standing(payment) == ("open", 700, 700, "placed", "open")


async def test_the_channels_word_takes_both_shares_and_pays_the_order(db):
    order, payment = await begun(700, 1000, 400)
    assert await payments.confirm(factories.trade(payment)) == "settled"
    assert await standing(payment) == ("paid", 0, 300, "paid", "paid")
    rows = await database.fetch("SELECT tender, amount_fen, payment_no FROM bill_payment ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("balance", 400, None),
        ("wechat_pay", 600, payment.payment.payment_no),
    ]
    assert await told(order.customer_id, "bill_paid", "deducted") == ["bill_paid"]
    assert await payments.confirm(factories.trade(payment)) == "repeated"
    assert await standing(payment) == ("paid", 0, 300, "paid", "paid")


async def test_the_channel_may_pay_alone(db):
    order, payment = await begun(0, 1000, 0, channel="alipay")
    assert (payment.balance_fen, payment.channel_fen) == (0, 1000)
    assert await database.fetchval("SELECT count(*) FROM hold") == 0
    assert await payments.confirm(factories.trade(payment)) == "settled"
    assert await standing(payment) == ("paid", 0, 0, "paid", "paid")
    assert await told(order.customer_id, "bill_paid") == ["bill_paid"]


async def test_taking_the_share_may_cross_the_low_balance_line_once(db):
    customer = await factories.customer(principal=700, threshold_fen=500)
    payment = await factories.combined_payment(await factories.order(customer.id), 400)
    assert await told(customer.id, "low_balance") == []
    await payments.confirm(factories.trade(payment))
    assert await told(customer.id, "low_balance") == ["low_balance"]


async def test_any_bill_can_be_paid_so_and_its_period_is_charged(db):
    customer = await factories.customer(principal=700)
    await factories.plan(customer.id, 1000)
    await deductions.run_due()
    (bill,) = await bills.page(customer.id)
    wanted = combined.Wanted(None, "wechat_pay", "native", None)
    payment = await combined.start(
        factories.open_channels(), customer.id, bill.bill_no, wanted, key=factories.key()
    )
    assert await payments.confirm(factories.trade(payment)) == "settled"
    assert await database.fetchval("SELECT state FROM plan_period ORDER BY id LIMIT 1") == "charged"
    assert [one.standing for one in await combined.page(customer.id)] == ["paid"]


async def test_the_same_key_gives_the_same_payment_also_at_once(db):
    customer = await factories.customer(principal=700)
    order = await factories.order(customer.id)
    wanted = combined.Wanted(None, "wechat_pay", "native", None)
    made = await asyncio.gather(
        *(
            channel_payments.start(
                factories.open_channels(), customer.id, order.order_no, wanted, key="one-key-1"
            )
            for _ in range(6)
        )
    )
    assert len({one.combined_no for one in made}) == 1
    with pytest.raises(combined.KeyReused):
        await channel_payments.start(
            factories.open_channels(),
            customer.id,
            order.order_no,
            replace(wanted, balance_fen=1),
            key="one-key-1",
        )


async def test_a_second_attempt_at_once_is_refused_and_told_which_is_under_way(db):
    customer = await factories.customer(principal=700)
    order = await factories.order(customer.id)
    results = await asyncio.gather(
        *(factories.combined_payment(order) for _ in range(6)), return_exceptions=True
    )
    (made,) = [one for one in results if isinstance(one, combined.Combined)]
    refusals = [one for one in results if one is not made]
    assert all(isinstance(one, combined.BillPaymentPending) for one in refusals)
    assert {one.params["combined_no"] for one in refusals} == {made.combined_no}


async def test_while_it_is_open_nothing_else_touches_the_bill(db):
    order, payment = await begun()
    customer_id = order.customer_id
    for act in (
        orders.pay(customer_id, order.order_no, key=factories.key()),
        orders.cancel(customer_id, order.order_no),
        factories.combined_payment(order),
    ):
        with pytest.raises(bills.BillPaymentPending):
            await act
    clock.set_offset(orders.UNPAID_LIFETIME * 2)
    assert await orders.expire_unpaid() == 0
    assert await standing(payment) == ("open", 700, 700, "placed", "open")
    await close(payment)
    assert await orders.expire_unpaid() == 1
    assert await standing(payment) == ("closed", 0, 700, "cancelled", "void")


async def test_new_money_and_the_due_run_leave_a_bill_that_is_being_paid(db):
    customer = await factories.customer(principal=700)
    await factories.plan(customer.id, 1000)
    await deductions.run_due()
    (bill,) = await bills.page(customer.id)
    wanted = combined.Wanted(None, "wechat_pay", "native", None)
    payment = await combined.start(
        factories.open_channels(), customer.id, bill.bill_no, wanted, key=factories.key()
    )
    await factories.topped_up(customer.id, 5000)
    assert await factories.balance(customer.id) == (5700, 0)
    with pytest.raises(bills.BillPaymentPending):
        await collecting.pay(customer.id, bill.bill_no, key=factories.key())
    assert await close(payment) == "closed"
    assert await factories.balance(customer.id) == (4700, 0), "what was let go settles what is due"
    assert (await bills.get(customer.id, bill.bill_no)).state == "paid"


@pytest.mark.parametrize(
    ("balance_fen", "refusal"),
    [
        (1000, combined.NothingForChannel),
        (2000, combined.NothingForChannel),
        (701, combined.InsufficientBalance),
    ],
)
async def test_the_share_must_leave_something_and_be_there(db, balance_fen, refusal):
    with pytest.raises(refusal):
        await begun(700, 1000, balance_fen)
    assert await database.fetchval("SELECT count(*) FROM combined_payment") == 0


async def test_a_balance_that_covers_the_bill_needs_no_channel(db):
    with pytest.raises(combined.NothingForChannel):
        await begun(1000, 1000)


async def test_what_is_not_owed_not_theirs_or_not_open_cannot_be_paid_so(db):
    customer = await factories.customer(principal=2000)
    other = await factories.customer()
    order = await factories.order(customer.id)
    wanted = combined.Wanted(0, "wechat_pay", "native", None)
    bills_way = combined.start(
        factories.open_channels(), customer.id, order.bill_no, wanted, key=factories.key()
    )
    with pytest.raises(bills.NoSuchBill):
        await bills_way
    with pytest.raises(orders.NoSuchOrder):
        await channel_payments.start(
            factories.open_channels(), other.id, order.order_no, wanted, key=factories.key()
        )
    jsapi = replace(wanted, method="jsapi")
    with pytest.raises(combined.PayerUnknown):
        await channel_payments.start(
            factories.open_channels(), customer.id, order.order_no, jsapi, key=factories.key()
        )
    await orders.pay(customer.id, order.order_no, key=factories.key())
    with pytest.raises(orders.OrderStateForbids):
        await factories.combined_payment(order, 0)
    await factories.plan(customer.id, 500)
    await deductions.run_due()
    paid = (await bills.page(customer.id))[0]
    with pytest.raises(bills.BillNotOwed):
        await combined.start(
            factories.open_channels(), customer.id, paid.bill_no, wanted, key=factories.key()
        )
    with pytest.raises(combined.NoSuchCombinedPayment):
        await combined.get(customer.id, "C1")


class Channel(factories.QuietChannel):
    """Answers as it is told; knows what it closed."""

    def __init__(self, *words, prepare=None):
        super().__init__()
        self.words, self.closed, self.refusal = list(words), [], prepare

    async def prepare(self, method, order):
        if self.refusal:
            raise self.refusal
        return await super().prepare(method, order)

    async def query(self, out_trade_no):
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        if isinstance(word, Exception):
            raise word
        return word

    async def close(self, out_trade_no):
        self.closed.append(out_trade_no)


def at(channel):
    opened = factories.open_channels()
    return type(opened)({"wechat_pay": replace(opened.by_name["wechat_pay"], channel=channel)})


async def test_a_refused_attempt_lets_everything_go(db):
    customer = await factories.customer(principal=700)
    order = await factories.order(customer.id)
    refusing = Channel(prepare=at_channel.ChannelRefused("PARAM_ERROR", "no"))
    with pytest.raises(payments.ChannelDeclined):
        await factories.combined_payment(order, channels=at(refusing))
    (payment,) = await combined.page(customer.id)
    assert await standing(payment) == ("closed", 0, 700, "placed", "open")
    assert (await factories.combined_payment(order)).state == "open"


async def test_an_answer_that_does_not_come_keeps_everything_and_the_same_key_goes_on(db):
    customer = await factories.customer(principal=700)
    order = await factories.order(customer.id)
    wanted = combined.Wanted(None, "wechat_pay", "native", None)
    silent = Channel(prepare=at_channel.ResultUnknown("time-out"))
    with pytest.raises(payments.ChannelUnavailable):
        await channel_payments.start(at(silent), customer.id, order.order_no, wanted, key="the-key-1")
    (payment,) = await combined.page(customer.id)
    assert await standing(payment) == ("open", 700, 700, "placed", "open")
    again = await channel_payments.start(
        factories.open_channels(), customer.id, order.order_no, wanted, key="the-key-1"
    )
    assert (again.combined_no, again.payment.state) == (payment.combined_no, "prepared")


async def test_cancelling_closes_at_the_channel_first_then_here(db):
    _, payment = await begun()
    waiting, gone = (
        factories.trade(payment, state=state, channel_trade_no=None) for state in ("waiting", "closed")
    )
    channel = Channel(waiting, gone)
    cancelled = await combined.cancel(at(channel), payment.customer_id, payment.combined_no)
    assert cancelled.standing == "closed" and channel.closed == [payment.payment.payment_no]
    assert await standing(payment) == ("closed", 0, 700, "placed", "open")
    again = await combined.cancel(at(channel), payment.customer_id, payment.combined_no)
    assert again.standing == "closed" and len(channel.closed) == 1


async def test_cancelling_what_the_channel_never_heard_of_ends_it(db):
    _, payment = await begun()
    channel = Channel(factories.trade(payment, state="missing", channel_trade_no=None, amount_fen=None))
    cancelled = await combined.cancel(at(channel), payment.customer_id, payment.combined_no)
    assert cancelled.standing == "closed"


@pytest.mark.parametrize("comes_to_life", [True, False])
async def test_what_was_given_up_while_its_channel_did_not_know_it_is_asked_about_after_its_time(
    db, comes_to_life
):
    _, payment = await begun()
    unknown = factories.trade(payment, state="missing", channel_trade_no=None, amount_fen=None)
    await combined.cancel(at(Channel(unknown)), payment.customer_id, payment.combined_no)
    assert await standing(payment) == ("closed", 0, 700, "placed", "open")
    asked = Channel(factories.trade(payment) if comes_to_life else unknown)
    assert await payments.poll(at(asked)) == 0  # not before: there is still time to open the cashier
    assert await payments.confirm(unknown) == "closed"
    clock.set_offset(timedelta(minutes=terms.current().channel_payment_minutes + 2))
    with contextlib.suppress(errors.DomainError):
        await payments.poll(at(Channel(at_channel.ResultUnknown("time-out"))))  # it stays to be asked about
    clock.set_offset(timedelta(minutes=terms.current().channel_payment_minutes + 4))
    assert await payments.poll(at(asked)) == 1
    assert (await combined.get(payment.customer_id, payment.combined_no)).standing == (
        "paid" if comes_to_life else "closed"
    )
    assert await payments.poll(at(asked)) == 0
    clock.set_offset(timedelta(hours=5))
    assert await payments.poll(at(asked)) == 0


async def test_cancelling_what_was_paid_meanwhile_finds_it_paid(db):
    _, payment = await begun()
    channel = Channel(factories.trade(payment))
    paid = await combined.cancel(at(channel), payment.customer_id, payment.combined_no)
    assert paid.standing == "paid" and channel.closed == []
    assert await standing(payment) == ("paid", 0, 0, "paid", "paid")


async def test_cancelling_without_an_answer_changes_nothing(db):
    _, payment = await begun()
    with pytest.raises(payments.ChannelUnavailable):
        await combined.cancel(
            at(Channel(at_channel.ResultUnknown("time-out"))), payment.customer_id, payment.combined_no
        )
    assert await standing(payment) == ("open", 700, 700, "placed", "open")


async def test_the_clock_closes_an_expired_one_at_the_channel_and_frees_the_bill(db):
    _, payment = await begun()
    waiting, gone = (
        factories.trade(payment, state=state, channel_trade_no=None) for state in ("waiting", "closed")
    )
    clock.set_offset(timedelta(minutes=terms.current().channel_payment_minutes + 1))
    assert await payments.poll(at(Channel(waiting, gone))) == 1
    assert await standing(payment) == ("closed", 0, 700, "placed", "open")
    checked = await combined.check(factories.open_channels(), payment.customer_id, payment.combined_no)
    assert checked.standing == "closed"


async def test_success_after_the_close_takes_the_share_again_if_it_is_there(db):
    order, payment = await begun()
    await close(payment)
    assert await payments.confirm(factories.trade(payment)) == "settled"
    assert await standing(payment) == ("paid", 0, 0, "paid", "paid")
    assert await told(order.customer_id, "bill_paid", "payment_credited") == ["bill_paid"]


async def test_success_after_the_close_is_credited_when_the_share_is_gone(db):
    order, payment = await begun()
    await close(payment)
    other = await factories.order(order.customer_id, 600)
    await orders.pay(order.customer_id, other.order_no, key=factories.key())
    assert await payments.confirm(factories.trade(payment)) == "credited"
    assert await standing(payment) == ("credited", 0, 400, "placed", "open")
    assert await told(order.customer_id, "bill_paid", "payment_credited") == ["payment_credited"]
    assert await payments.confirm(factories.trade(payment)) == "repeated"
    assert await standing(payment) == ("credited", 0, 400, "placed", "open")


@pytest.mark.parametrize("how", ["paid", "void", "pending"])
async def test_success_for_a_bill_that_went_another_way_is_credited(db, how):
    order, payment = await begun(700, 1000, 100)
    await close(payment)
    if how == "paid":
        await factories.topped_up(order.customer_id, 300)
        await orders.pay(order.customer_id, order.order_no, key=factories.key())
    elif how == "void":
        await orders.cancel(order.customer_id, order.order_no)
    else:
        second = await factories.combined_payment(order)
    before = (await accounts.balance(order.customer_id)).balance_fen
    assert await payments.confirm(factories.trade(payment)) == "credited"
    assert (await accounts.balance(order.customer_id)).balance_fen == before + 900
    assert (await combined.get(order.customer_id, payment.combined_no)).standing == "credited"
    if how == "pending":
        assert (await combined.get(order.customer_id, second.combined_no)).standing == "open"
        assert await payments.confirm(factories.trade(second)) == "settled"


async def test_credited_money_settles_what_is_due(db):
    order, payment = await begun(0, 1000, 0)
    await close(payment)
    await orders.cancel(order.customer_id, order.order_no)
    await factories.plan(order.customer_id, 900)
    await deductions.run_due()
    assert await payments.confirm(factories.trade(payment)) == "credited"
    assert await factories.balance(order.customer_id) == (100, 0)


async def test_money_that_does_not_match_waits_for_a_person_with_the_hold_in_place(db):
    order, payment = await begun()
    assert await payments.confirm(factories.trade(payment, amount_fen=299)) == "quarantined"
    assert await standing(payment) == ("quarantined", 700, 700, "placed", "open")
    with pytest.raises(combined.PaymentUnderReview):
        await combined.cancel(factories.open_channels(), order.customer_id, payment.combined_no)
    with pytest.raises(bills.BillPaymentPending):
        await orders.pay(order.customer_id, order.order_no, key=factories.key())
    await combined.let_go(payment.combined_no)
    await combined.let_go(payment.combined_no)
    assert await standing(payment) == ("closed", 0, 700, "placed", "open")


async def test_operators_end_nothing_that_the_channel_decides(db):
    _, payment = await begun()
    with pytest.raises(combined.NotUnderReview):
        await combined.let_go(payment.combined_no)
    with pytest.raises(combined.NoSuchCombinedPayment):
        await combined.let_go("C0")


async def test_paid_notices_and_closing_at_once_end_the_hold_once(db):
    _, payment = await begun()
    word = factories.trade(payment)
    outcomes = await asyncio.gather(
        *(payments.confirm(word) for _ in range(4)),
        *(close(payment) for _ in range(3)),
        return_exceptions=True,
    )
    assert outcomes.count("settled") == 1 and not [one for one in outcomes if isinstance(one, Exception)], (
        outcomes
    )
    assert await standing(payment) == ("paid", 0, 0, "paid", "paid")


async def test_paid_pay_expiry_and_top_up_at_once_take_what_is_owed_once(db):
    order, payment = await begun(1500, 1000, 500)
    await asyncio.gather(
        payments.confirm(factories.trade(payment)),
        orders.pay(order.customer_id, order.order_no, key=factories.key()),
        factories.topped_up(order.customer_id, 200),
        orders.expire_unpaid(),
        return_exceptions=True,
    )
    assert (await combined.get(order.customer_id, payment.combined_no)).standing == "paid"


async def test_a_bill_whose_issuer_is_not_followed_settles_nothing(db, monkeypatch):
    _, payment = await begun()
    monkeypatch.setattr(settled, "_FOLLOWERS", {})
    with pytest.raises(KeyError):
        await payments.confirm(factories.trade(payment))
    monkeypatch.undo()
    assert await standing(payment) == ("open", 700, 700, "placed", "open")


async def test_a_part_that_was_paid_is_not_refunded_while_the_rest_is_being_paid(db):
    customer = await factories.customer(principal=700)
    bill_no = await factories.bill(customer.id, 1000, collect_mode="partial")
    await collecting.pay(customer.id, bill_no, amount_fen=300, key=factories.key())
    wanted = combined.Wanted(None, "wechat_pay", "native", None)
    payment = await combined.start(
        factories.open_channels(), customer.id, bill_no, wanted, key=factories.key()
    )
    assert (payment.balance_fen, payment.channel_fen) == (400, 300)
    refund = {"amount_fen": 100, "reason": "少做一次", "key": factories.key()}
    with pytest.raises(bills.BillPaymentPending):
        await refunds.of_bill(factories.open_channels(), 1, bill_no, **refund)
    assert await payments.confirm(factories.trade(payment)) == "settled"
    assert (await bills.get(customer.id, bill_no)).state == "paid"
