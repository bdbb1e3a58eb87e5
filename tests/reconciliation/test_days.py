"""A day from its bill to its closing: read whole or not at all, once, explained before it is closed, its fees in the books once."""

import asyncio
from datetime import timedelta

import pytest

from core import db as database
from ledger import accounts
from reconciliation import bill_imports, closing, comparing, days, differences, history, resolving
from tests import factories
from tests.gateways.bill_files import DAY, Row, wechat
from tests.reconciliation import books


async def balance_of(code):
    """What is on an account of the house."""
    return await database.fetchval(
        "SELECT coalesce(sum(CASE WHEN t.code = $1 THEN p.amount_fen ELSE -p.amount_fen END), 0)::bigint FROM posting p"
        " JOIN account s ON s.id = p.source_id JOIN account t ON t.id = p.target_id WHERE $1 IN (s.code, t.code)",
        code,
    )


async def rows_of(table):
    return await database.fetchval(f"SELECT count(*) FROM {table}")


async def closed(keeper, rows, path, **how):
    day = await books.compared(keeper, books.bill(rows), path, **how)
    return await closing.close(1, keeper.name, day.day, key=factories.key())


@pytest.mark.parametrize(
    ("content", "reason", "line_no"),
    [
        (wechat([Row("P1", 1), Row("P2", 1, at="2026-11-25 00:00:00")]), "other_day", 3),
        (wechat([Row("P1", 1, merchant_id="1900000002")]), "other_merchant", 2),
        (wechat([Row(f"P{n}", 1) for n in range(5_000)])[:-400], "columns", 5000),
        (wechat([Row("P1", 1)], sums=["1", "0.02", "0.00", "0.00", "0.00000", "0.02", "0.00"]), "summary", 4),
    ],
)
async def test_a_file_that_is_not_the_whole_bill_leaves_nothing(db, tmp_path, content, reason, line_no):
    keeper = books.BookKeeper()
    books.move_to(books.NEXT_MORNING)
    with pytest.raises(bill_imports.BillFileUnreadable) as refused:
        await books.take(keeper, content, tmp_path)
    assert (refused.value.params["reason"], refused.value.params["line_no"] > line_no - 50) == (reason, True)
    assert [await rows_of(name) for name in ("bill_file", "bill_line", "difference")] == [0, 0, 0]
    assert (await days.get("wechat_pay", DAY)).state == "waiting"


async def test_a_day_that_is_not_over_has_no_bill(db, tmp_path):
    books.move_to(books.at(23))
    with pytest.raises(days.DayNotOver):
        await books.take(books.BookKeeper(), wechat([]), tmp_path)


async def test_numbers_with_backslashes_and_quotes_are_kept_as_they_are(db, tmp_path):
    books.move_to(books.NEXT_MORNING)
    await books.take(books.BookKeeper(), wechat([Row("P\\N", 1, trade_no="a\\tb'\"")]), tmp_path)
    assert await database.fetchrow("SELECT payment_no, channel_trade_no FROM bill_line") == (
        "P\\N",
        "a\\tb'\"",
    )


async def test_the_same_file_several_times_at_once_is_taken_once(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000)
    books.move_to(books.NEXT_MORNING)
    content = books.bill([books.row(trade), Row("P-x", 5)])
    taken = await asyncio.gather(*(books.take(keeper, content, tmp_path) for _ in range(4)))
    assert sorted(one.is_new for one in taken) == [False, False, False, True]
    await asyncio.gather(*(comparing.compare(taken[0].day.id) for _ in range(4)))
    assert [await rows_of(name) for name in ("bill_file", "bill_line", "difference")] == [1, 2, 1]
    again = await books.take(keeper, content, tmp_path)
    assert not again.is_new


async def test_fees_are_posted_when_the_day_is_closed_and_once(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(100_000)
    part_no = await books.refunded(trade, 50_000)
    held = await balance_of(accounts.WECHAT_PAY)
    rows = [
        books.row(trade, fee_milli=600_000),
        books.row(trade, amount_fen=50_000, refund_no=part_no, fee_milli=-300_400),
    ]
    day = await books.compared(keeper, books.bill(rows), tmp_path)
    assert await balance_of(accounts.FEES) == 0
    again = await asyncio.gather(
        *(closing.close(1, "wechat_pay", DAY, key=factories.key()) for _ in range(3)),
        closing.close_if_explained(day.id),
    )
    assert [one.state for one in again[:3]] == ["closed"] * 3
    assert await balance_of(accounts.FEES) == -300, "299.6 fen are 300"
    assert await balance_of(accounts.WECHAT_PAY) == held + 300
    assert await rows_of("channel_fee") == 1


async def test_more_given_back_than_kept_is_posted_the_other_way(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(100_000)
    await closed(keeper, [books.row(trade, fee_milli=600_000)], tmp_path)
    part_no = await books.refunded(trade, 50_000, when=books.at(9, day=DAY + timedelta(days=1)))
    back = books.row(trade, amount_fen=50_000, refund_no=part_no, fee_milli=-300_000)
    await closed(keeper, [back], tmp_path, day=DAY + timedelta(days=1))
    assert await balance_of(accounts.FEES) == -300


async def test_a_day_with_something_unexplained_is_not_closed(db, tmp_path):
    keeper = books.BookKeeper()
    day = await books.compared(keeper, books.bill([Row("P-x", 5)]), tmp_path)
    with pytest.raises(closing.NotExplained):
        await closing.close(1, "wechat_pay", DAY, key=factories.key())
    assert not await closing.close_if_explained(day.id)
    (number,) = await books.found("difference_no")
    await resolving.resolve(2, number[0], resolving.Wish("ignore", "测试数据"), key=factories.key())
    assert (await closing.close(1, "wechat_pay", DAY, key=factories.key())).closed_by == "operator:1"


async def test_another_file_is_refused_unless_a_reason_is_given_and_then_fees_come_back(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(100_000)
    await closed(keeper, [books.row(trade, fee_milli=600_000)], tmp_path)
    other = books.bill([books.row(trade, fee_milli=500_000)])
    with pytest.raises(bill_imports.AnotherBill):
        await books.take(keeper, other, tmp_path)
    assert await balance_of(accounts.FEES) == -600
    taken = await books.take(keeper, other, tmp_path, because="渠道重新出具")
    assert (taken.day.state, await balance_of(accounts.FEES), await rows_of("bill_line")) == (
        "imported",
        0,
        1,
    )
    await comparing.compare(taken.day.id)
    await closing.close(1, "wechat_pay", DAY, key=factories.key())
    assert await balance_of(accounts.FEES) == -500
    acts = [one.act for one in await history.of_day(taken.day.id)]
    assert acts == [
        "bill_imported",
        "compared",
        "closed",
        "fees_reversed",
        "bill_replaced",
        "bill_imported",
        "compared",
        "closed",
    ]


async def test_a_closed_day_is_opened_again_with_a_reason(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(100_000)
    await closed(keeper, [books.row(trade, fee_milli=600_000)], tmp_path)
    key = factories.key()
    opened = await asyncio.gather(
        *(closing.reopen(1, "wechat_pay", DAY, reason="复查", key=key) for _ in range(2))
    )
    assert [one.state for one in opened] == ["imported", "imported"]
    assert await balance_of(accounts.FEES) == 0
    with pytest.raises(closing.NothingToReopen):
        await closing.reopen(1, "wechat_pay", DAY, reason="复查", key=factories.key())


async def test_a_replaced_bill_settles_the_differences_of_the_first(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(1_000)
    await books.compared(keeper, books.bill([books.row(trade), Row("P-x", 5)]), tmp_path)
    await books.compared(keeper, books.bill([books.row(trade)]), tmp_path, because="多了一行")
    assert await books.found("kind", "state", "resolution", "resolved_by") == [
        ("missing_here", "resolved", "settled", "clock")
    ]
    assert await differences.unresolved(1) == 0
