"""Money sent to customers who confirm it: set aside first, booked once it arrived, back where it was if it did not."""

import asyncio
from datetime import timedelta

import pytest

from billing import (
    closings,
    payouts,
    refunds,
    remittance_records,
    remittances,
    remittances_shown,
    staff_alerts,
)
from core import clock
from core import db as database
from gateways import channel as at_channel
from ledger import proof
from members import customers, sign_in
from tests import factories
from tests.billing.remitting import (
    Login,
    Payouts,
    at_counter,
    closing_of,
    known_customer,
    moved,
    of_closing,
    of_refund,
)


async def alerts():
    kinds = [alert.kind for alert in await staff_alerts.page(is_open=True)]
    return sorted(kind for kind in kinds if kind != "low_balance")


async def later(channel):
    """The clock's turn, a good while after."""
    await database.execute("UPDATE remittance SET ask_at = $1 WHERE ask_at IS NOT NULL", clock.now())
    return await remittances.poll(channel.open())


async def part_state(refund_no):
    return (await refunds.get(refund_no)).parts[0].state


async def test_a_refund_that_the_counter_would_pay_is_sent_and_confirmed(db):
    channel, customer = Payouts(), await known_customer(20_000)
    refund_no = await at_counter(channel, customer, 5_000)
    sent = await of_refund(channel, refund_no)
    assert (sent.state, sent.amount_fen, sent.payee, sent.channel_bill_no) == (
        "waiting", 5_000, "oM-1", f"13{sent.remittance_no}",
    )  # fmt: skip
    assert await part_state(refund_no) == "sending" and await alerts() == []
    with pytest.raises(refunds.RefundStateForbids):
        await refunds.paid_out(1, refund_no, key=factories.key())
    with pytest.raises(refunds.RefundStateForbids):
        await of_refund(channel, refund_no)
    (shown,) = await remittances_shown.of_customer(channel.open(), customer.id)
    assert shown.client == {"mchId": factories.MERCHANT_ID, "appId": factories.APP_ID, "package": "ABBQ"}
    before = await moved("house:wechat_pay")
    for _ in range(2):
        await remittances.settle("wechat_pay", channel.word(sent.remittance_no, "paid"))
    assert await moved("house:wechat_pay") - before == 5_000
    ended = await refunds.get(refund_no)
    assert (ended.state, ended.parts[0].state) == ("paid", "paid")
    assert (await remittances.get(sent.remittance_no)).package_info is None
    told = [await factories.told(customer.id, kind) for kind in ("remittance_waiting", "top_up_refund_paid")]
    assert told == [1, 1]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_what_was_not_sent_the_counter_pays_or_it_is_sent_again(db, state):
    channel, customer = Payouts(), await known_customer(20_000)
    refund_no = await at_counter(channel, customer)
    first = await of_refund(channel, refund_no)
    assert await remittances.settle("wechat_pay", channel.word(first.remittance_no, state)) == "failed"
    assert await part_state(refund_no) == "waiting"
    assert await alerts() == ["refund_at_counter", "remittance_failed"]
    assert await factories.told(customer.id, "remittance_failed") == 1
    again = await of_refund(channel, refund_no)
    assert again.remittance_no != first.remittance_no
    numbers = [again.remittance_no, first.remittance_no]
    assert [one.remittance_no for one in await remittances.page()] == numbers, "the newest first"
    # A word about the first one changes nothing about the second.
    assert await remittances.settle("wechat_pay", channel.word(first.remittance_no, state)) == "repeated"
    assert (await remittances.get(again.remittance_no)).state == "waiting"
    assert await remittances.settle("wechat_pay", channel.word(first.remittance_no, "paid")) == "contradicted"
    assert "remittance_contradicted" in await alerts()


async def test_the_principal_of_a_closing_is_held_sent_and_the_account_closed(db):
    channel, customer = Payouts(), await known_customer(10_000)
    number = await closing_of(customer)
    part = await of_closing(channel, number, amount_fen=4_000)
    assert part.state == "waiting"
    with pytest.raises(remittances.RemittanceUnderWay):
        await of_closing(channel, number)
    with pytest.raises(payouts.NothingToPayOut):
        await payouts.at_counter(1, number, receipt_no="SJ-1", amount_fen=6_001, key=factories.key())
    with pytest.raises(customers.AccountClosed):
        await sign_in.admitted(customer.id)
    (seen,) = await remittances_shown.waiting_by_code(channel.open(), Login("oM-1"), "code")
    assert seen.client["package"] == "ABBQ"
    assert await remittances_shown.waiting_by_code(channel.open(), Login("somebody"), "code") == []
    await remittances.settle("wechat_pay", channel.word(part.remittance_no, "paid"))
    assert (await closings.get(number)).paid_out_fen == 4_000
    rest = await of_closing(channel, number)
    assert rest.amount_fen == 6_000
    await remittances.settle("wechat_pay", channel.word(rest.remittance_no, "paid"))
    closing = await closings.get(number)
    assert (closing.state, closing.paid_out_fen) == ("closed", 10_000)
    assert (await customers.get(customer.id)).state == "closed"
    assert [(one.tender, one.remittance_no) for one in await payouts.of(number)] == [
        ("wechat_pay", part.remittance_no), ("wechat_pay", rest.remittance_no),
    ]  # fmt: skip
    assert await factories.told(customer.id, "paid_out") == 2


async def test_a_closing_that_is_not_confirmed_is_paid_at_the_counter(db):
    channel, customer = Payouts(), await known_customer(10_000)
    number = await closing_of(customer)
    sent = await of_closing(channel, number)
    assert await remittances.settle("wechat_pay", channel.word(sent.remittance_no, "failed")) == "failed"
    paid = await payouts.at_counter(1, number, receipt_no="SJ-1", key=factories.key())
    assert (paid.state, paid.paid_out_fen) == ("closed", 10_000)


async def test_no_answer_is_asked_about_under_the_same_number(db):
    channel, customer = Payouts(at_channel.ResultUnknown("gone")), await known_customer(10_000)
    refund_no = await at_counter(channel, customer)
    sent = await of_refund(channel, refund_no)
    assert (sent.state, sent.asks) == ("open", 1) and await part_state(refund_no) == "sending"
    channel.says = "accepted"
    assert await later(channel) == 0
    assert list(channel.sent) == [sent.remittance_no]
    channel.says = "waiting"
    await later(channel)  # the sheet's package comes with the repetition of the call only
    found = await remittances.get(sent.remittance_no)
    assert (found.state, found.package_info) == ("waiting", "ABBQ")
    channel.forgets = True
    await later(channel)
    assert (await remittances.get(sent.remittance_no)).last_answer.startswith("no answer")
    channel.forgets, channel.says = False, "paid"
    assert await later(channel) == 1
    assert await part_state(refund_no) == "paid"


async def test_a_refusal_is_believed_when_the_channel_does_not_know_the_number(db):
    channel, customer = Payouts(at_channel.ChannelRefused("NOT_ENOUGH", "no")), await known_customer(10_000)
    refund_no = await at_counter(channel, customer)
    sent = await of_refund(channel, refund_no)
    assert (sent.state, sent.last_answer) == ("failed", "NOT_ENOUGH")
    assert await part_state(refund_no) == "waiting"


async def test_one_is_stopped_before_it_is_confirmed(db):
    channel, customer = Payouts(), await known_customer(10_000)
    number = await closing_of(customer)
    sent = await of_closing(channel, number)
    key = factories.key()
    stopped = await asyncio.gather(
        *(remittances.cancel(channel.open(), 1, sent.remittance_no, key=key) for _ in range(3))
    )
    assert {(one.state, one.is_stopping) for one in stopped} == {("waiting", True)}
    (shown,) = await remittances_shown.of_customer(channel.open(), customer.id)
    assert shown.client is None
    channel.says = "cancelled"
    assert await later(channel) == 1
    assert (await remittances.get(sent.remittance_no)).state == "failed"
    with pytest.raises(remittances.RemittanceEnded):
        await remittances.cancel(channel.open(), 1, sent.remittance_no, key=factories.key())
    with pytest.raises(remittances.NoSuchRemittance):
        await remittances.cancel(channel.open(), 1, "W0", key=factories.key())


async def test_one_that_was_confirmed_meanwhile_is_paid_all_the_same(db):
    channel, customer = Payouts(), await known_customer(10_000)
    number = await closing_of(customer)
    sent = await of_closing(channel, number)
    channel.says = "paid"
    done = await remittances.cancel(channel.open(), 1, sent.remittance_no, key=factories.key())
    assert done.state == "paid" and (await closings.get(number)).state == "closed"


async def test_the_same_twice_at_once_is_one(db):
    channel, customer = Payouts(), await known_customer(10_000)
    refund_no, key = await at_counter(channel, customer), factories.key()
    sent = await asyncio.gather(*(of_refund(channel, refund_no, key=key) for _ in range(4)))
    assert len({one.remittance_no for one in sent}) == 1 == len(channel.sent)
    others = await asyncio.gather(*(of_refund(channel, refund_no) for _ in range(3)), return_exceptions=True)
    assert {type(one) for one in others} == {refunds.RefundStateForbids}
    words = [channel.word(sent[0].remittance_no, "paid") for _ in range(4)]
    outcomes = await asyncio.gather(*(remittances.settle("wechat_pay", word) for word in words))
    assert sorted(outcomes) == ["paid", "repeated", "repeated", "repeated"]


async def test_paid_at_the_counter_and_sent_at_once_is_only_one_of_them(db):
    channel, customer = Payouts(), await known_customer(10_000)
    refund_no = await at_counter(channel, customer)
    done = await asyncio.gather(
        of_refund(channel, refund_no),
        refunds.paid_out(1, refund_no, key=factories.key()),
        return_exceptions=True,
    )
    assert [isinstance(one, refunds.RefundStateForbids) for one in done].count(True) == 1


async def test_words_that_cannot_be(db):
    channel, customer = Payouts(), await known_customer(10_000)
    refund_no = await at_counter(channel, customer, 3_000)
    sent = await of_refund(channel, refund_no)
    wrong = at_channel.ChannelTransfer(sent.remittance_no, "13", "paid", 3_001)
    assert await remittances.settle("wechat_pay", wrong) == "waiting"
    stranger = at_channel.ChannelTransfer("W0000", "13", "paid", 3_001)
    assert await remittances.settle("wechat_pay", stranger) == "not_ours"
    assert await remittances.settle("alipay", channel.word(sent.remittance_no, "paid")) == "not_ours"
    assert await alerts() == ["remittance_not_ours", "remittance_not_ours", "remittance_stuck"]
    await remittances.settle("wechat_pay", channel.word(sent.remittance_no, "paid"))
    assert "remittance_stuck" not in await alerts()


async def test_what_is_refused(db):
    channel, customer = Payouts(), await known_customer(400_000)
    refund_no = await at_counter(channel, customer, 200_000)
    with pytest.raises(remittances.PayeeNameNeeded):
        await of_refund(channel, refund_no)
    named = await of_refund(channel, refund_no, payee_name="林晓")
    assert channel.sent[named.remittance_no].payee_name == "林晓"
    with pytest.raises(refunds.NoSuchRefund):
        await of_refund(channel, "R0")
    with pytest.raises(closings.NoSuchClosing):
        await of_closing(channel, "Z0")
    nobody = await factories.customer(principal=1_000)
    other = await at_counter(channel, nobody)
    with pytest.raises(remittances.PayeeUnknown):
        await of_refund(channel, other)
    channel.can_transfer = False
    with pytest.raises(remittances.CannotRemit):
        await of_refund(channel, other)
    with pytest.raises(remittances.CannotRemit):
        await remittances.of_refund(factories.open_channels(), 1, other, payee_name=None, key=factories.key())
    assert await part_state(other) == "waiting"


async def test_late_money_and_bonus_do_not_disturb_what_is_under_way(db):
    channel, customer = Payouts(), await known_customer(10_000)
    number = await closing_of(customer)
    sent = await of_closing(channel, number)
    await factories.topped_up(customer.id, 500, 50)
    await remittances.settle("wechat_pay", channel.word(sent.remittance_no, "paid"))
    closing = await closings.get(number)
    assert (closing.state, closing.paid_out_fen) == ("paying", 10_000)
    assert await factories.balance(customer.id) == (500, 50)


@pytest.mark.broken_books
@pytest.mark.parametrize(
    "breaking",
    [
        "UPDATE hold SET amount_fen = amount_fen - 1 WHERE reference LIKE 'remittance:%'",
        "UPDATE remittance SET state = 'failed', ask_at = NULL, ended_at = now()",
        "UPDATE remittance SET state = 'paid', ask_at = NULL, ended_at = now()",
        "DELETE FROM remittance",
    ],
)
async def test_the_proof_sees_remittances_that_do_not_fit(db, breaking):
    channel, customer = Payouts(), await known_customer(10_000)
    await of_closing(channel, await closing_of(customer))
    mark = await proof.run()
    assert not mark.violations
    await database.execute(breaking)
    assert "I21" in {found.invariant for found in await proof.check()}


@pytest.mark.broken_books
async def test_the_incremental_proof_sees_a_payout_without_its_remittance(db):
    channel, customer = Payouts(), await known_customer(10_000)
    number = await closing_of(customer)
    sent = await of_closing(channel, number)
    await proof.run()
    await remittances.settle("wechat_pay", channel.word(sent.remittance_no, "paid"))
    await database.execute("UPDATE remittance SET amount_fen = amount_fen - 1")
    assert "I21" in {found.invariant for found in (await proof.run(since_last=True)).violations}


async def test_old_questions_are_a_finding(db):
    channel, customer = Payouts(), await known_customer(10_000)
    await of_refund(channel, await at_counter(channel, customer))
    await database.execute("UPDATE remittance SET ask_at = $1", clock.now() - timedelta(hours=2))
    found = await proof.check(freshness=True)
    assert ["remittance" in one.title for one in found if one.invariant == "I16"] == [True]
    assert await remittance_records.claim(limit=5, until=clock.now()) != []
