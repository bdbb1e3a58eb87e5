"""The clock's day: bills are asked for until they are there, what is missing is asked about first, what is explained is closed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from billing import payments, staff_alerts, terms
from core import db as database
from gateways import channel as at_channel
from reconciliation import daily, days, fetching
from tests import factories
from tests.gateways.bill_files import DAY, Row
from tests.reconciliation import books

NEXT = DAY + timedelta(days=1)


async def state_of(day=DAY):
    found = await days.get("wechat_pay", day)
    return found.state, found.tries


async def alerts():
    return [one.kind for one in await staff_alerts.page(is_open=True)]


async def test_a_bill_that_agrees_is_fetched_and_closed_without_anybody(db):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000)
    keeper.bills[DAY] = books.bill([books.row(trade, fee_milli=6_000)])
    books.move_to(books.at(1, day=NEXT))
    assert await daily.run(keeper.opened()) == 0
    assert await state_of() == ("waiting", 0), "before ten in the morning there is none"
    books.move_to(books.NEXT_MORNING)
    assert sum(await asyncio.gather(*(daily.run(keeper.opened()) for _ in range(3)))) == 1
    day = await days.get("wechat_pay", DAY)
    assert (day.state, day.closed_by) == ("closed", "clock")
    assert await alerts() == []


async def test_a_bill_that_is_not_there_is_asked_for_until_patience_ends_and_stays_visible(db):
    keeper = books.BookKeeper()
    await books.paid(1_000)
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    assert await state_of() == ("waiting", 1)
    await daily.run(keeper.opened())
    assert await state_of() == ("waiting", 1), "not before its time"
    books.move_to(books.NEXT_MORNING + timedelta(hours=1))
    keeper.bills[DAY] = at_channel.ResultUnknown("time-out")
    await daily.run(keeper.opened())
    assert await state_of() == ("waiting", 2)
    books.move_to(books.NEXT_MORNING + timedelta(days=3))
    await daily.run(keeper.opened())
    day = await days.get("wechat_pay", DAY)
    assert (day.state, day.fetch_at, day.gave_up_at is not None, "time-out" in day.last_answer) == (
        "waiting",
        None,
        True,
        True,
    )
    assert "bill_missing" in await alerts()
    trade = await database.fetchrow("SELECT payment_no, channel_trade_no FROM payment")
    row = Row(trade["payment_no"], 1_000, trade_no=trade["channel_trade_no"])
    keeper.bills[DAY] = books.bill([row])
    await fetching.rerun(keeper.opened(), 1, "wechat_pay", DAY)
    await daily.run(keeper.opened())
    assert (await state_of())[0] == "closed"
    assert await alerts() == []


async def test_a_day_without_trades_here_and_there_is_closed_without_a_bill(db):
    keeper = books.BookKeeper()
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    assert (await state_of())[0] == "waiting"
    books.move_to(books.NEXT_MORNING + timedelta(days=1))
    await daily.run(keeper.opened())
    assert (await state_of())[0] == "closed"
    assert await alerts() == []


async def test_after_a_standstill_no_day_is_left_out(db):
    keeper = books.BookKeeper()
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    books.move_to(books.NEXT_MORNING + timedelta(days=4))
    await daily.run(keeper.opened())
    known = [one.day for one in await days.page(days.Filter(channel="wechat_pay"))]
    assert known == [DAY + timedelta(days=n) for n in (4, 3, 2, 1, 0)]


async def test_where_the_clock_comes_late_for_the_first_time_it_begins_with_the_first_payment(db):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000)
    keeper.bills[DAY] = books.bill([books.row(trade)])
    books.move_to(books.NEXT_MORNING + timedelta(days=2))
    await daily.run(keeper.opened())
    known = [(one.day, one.state) for one in await days.page(days.Filter(channel="wechat_pay"))]
    assert [day for day, _ in known] == [DAY + timedelta(days=n) for n in (2, 1, 0)]
    assert known[-1] == (DAY, "closed")


async def test_payments_of_long_ago_take_the_clock_back_only_so_far(db):
    keeper = books.BookKeeper()
    await books.paid(1_000)
    books.move_to(books.NEXT_MORNING + timedelta(days=100))
    await daily.run(keeper.opened())
    known = [one.day for one in await days.page(days.Filter(channel="wechat_pay"), limit=99)]
    assert (len(known), known[0]) == (60, DAY + timedelta(days=100))


async def test_a_lost_notification_is_credited_by_the_channels_own_word_and_the_day_closed(db):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000, told=False)
    keeper.trades[trade.out_trade_no] = trade
    keeper.bills[DAY] = books.bill([books.row(trade)])
    books.move_to(books.NEXT_MORNING)
    await asyncio.gather(*(daily.run(keeper.opened()) for _ in range(2)))
    await daily.run(keeper.opened())
    assert (await state_of())[0] == "closed"
    customer_id = await database.fetchval("SELECT customer_id FROM payment")
    assert await factories.balance(customer_id) == (1_000, 0)
    assert await books.found("kind", "state", "resolution") == [("missing_here", "resolved", "settled")]


async def test_a_bill_alone_credits_nobody(db):
    """A file can be brought by hand; only the channel's own answer is money."""
    keeper = books.BookKeeper()
    trade = await books.paid(1_000, told=False)
    keeper.bills[DAY] = books.bill([books.row(trade)])
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    assert await books.found("kind", "state", "last_answer") == [("missing_here", "open", "missing: closed")]
    customer_id = await database.fetchval("SELECT customer_id FROM payment")
    assert await factories.balance(customer_id) == (0, 0)
    assert await alerts() == ["differences_open"]


async def test_a_day_that_is_not_explained_is_looked_at_again_every_hour(db):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000, told=False)
    keeper.bills[DAY] = books.bill([books.row(trade)])
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    assert await state_of() == ("matched", 0)
    assert await payments.confirm(trade) == "credited", "an operator asked the channel"
    books.move_to(books.NEXT_MORNING + timedelta(minutes=50))
    assert await daily.run(keeper.opened()) == 0
    books.move_to(books.NEXT_MORNING + timedelta(minutes=70))
    assert await daily.run(keeper.opened()) == 1
    assert (await state_of())[0] == "closed"


async def test_money_under_a_number_nobody_knows_goes_into_the_quarantine(db):
    keeper = books.BookKeeper()
    known = await books.paid(1_000)
    from dataclasses import replace

    stranger = replace(known, out_trade_no="P-x", channel_trade_no="42x", amount_fen=55)
    keeper.trades["P-x"] = stranger
    keeper.bills[DAY] = books.bill([books.row(known), books.row(stranger)])
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    assert await books.found("kind", "state", "ours_state") == [("missing_here", "open", "quarantined")]
    assert await database.fetchval("SELECT amount_fen FROM quarantine") == 55


async def test_a_channel_that_does_not_answer_is_asked_three_times_and_then_it_is_shown(db):
    keeper = books.BookKeeper()
    absent = await books.paid(1_000)
    keeper.trades[absent.out_trade_no] = at_channel.ResultUnknown("time-out")
    keeper.bills[DAY] = books.bill([])
    for turn in range(4):
        books.move_to(books.NEXT_MORNING + timedelta(minutes=20 * turn))
        await daily.run(keeper.opened())
        assert (await alerts() == []) == (turn < 2)
    assert keeper.asked == [absent.out_trade_no] * 3
    assert await books.found("kind", "state", "asks", "last_answer") == [
        ("missing_there", "open", 3, "no answer: time-out")
    ]


async def test_a_refund_the_channel_paid_back_and_we_did_not_hear_of_is_settled(db):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000)
    part_no = await books.refunded(trade, 400, told=False)
    keeper.refunded[part_no] = at_channel.ChannelRefund(part_no, "50x", "paid_back", 400)
    keeper.bills[DAY] = books.bill([books.row(trade), books.row(trade, amount_fen=400, refund_no=part_no)])
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    assert (await state_of())[0] == "closed"
    assert await database.fetchval("SELECT state FROM refund_part") == "paid"
    assert await books.found("kind", "resolution") == [("refund", "settled")]


async def test_a_file_that_is_not_the_bill_is_not_taken_and_asked_for_again(db):
    keeper = books.BookKeeper()
    await books.paid(1_000)
    keeper.bills[DAY] = b"<html>busy</html>"
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    day = await days.get("wechat_pay", DAY)
    assert (
        day.state,
        day.tries,
        "has not the header of such a bill" in day.last_answer,
        day.fetch_at is not None,
    ) == (
        "waiting",
        1,
        True,
        True,
    )


async def test_a_bill_larger_than_the_shop_takes_is_not_even_fetched(db):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000)
    keeper.bills[DAY] = books.bill([books.row(trade)])
    terms.use(replace(terms.current(), bill_bytes_most=len(keeper.bills[DAY]) - 1))
    books.move_to(books.NEXT_MORNING)
    await daily.run(keeper.opened())
    day = await days.get("wechat_pay", DAY)
    assert (day.state, "bill_too_large" in day.last_answer) == ("waiting", True)
