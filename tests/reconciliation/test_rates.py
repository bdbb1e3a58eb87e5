"""Tables of rates: which line counts, what it charges, in Python and in the database alike."""

from datetime import timedelta

import pytest

from core import db as database
from core import money
from reconciliation import agreeing, rates
from tests import factories
from tests.reconciliation import books
from tests.reconciliation.books import DAY


async def line(
    rate_ppm=0, *, party="wechat_pay", above_fen=0, applies_to=None, from_on=DAY, until_on=None, **more
):
    values = {"fixed_fen": 0, "min_fen": 0, "max_fen": None, **more}
    terms = rates.Terms(
        "channel",
        party,
        applies_to,
        above_fen,
        rate_ppm,
        values["fixed_fen"],
        values["min_fen"],
        values["max_fen"],
        from_on,
        until_on,
    )
    return await rates.add(1, terms, key=factories.key())


async def charged(amount_fen, method="jsapi", *, day=DAY):
    return rates.charged(await rates.brackets("channel", "wechat_pay", day), method, amount_fen)


async def test_a_rate_is_rounded_half_up_to_a_fen_and_bounded(db):
    await line(6_000, min_fen=1, max_fen=2_000, fixed_fen=0)
    assert [await charged(amount) for amount in (1, 83, 84, 250, 600, 10**9)] == [1, 1, 1, 2, 4, 2_000]
    assert [await charged(amount) for amount in (249, 250)] == [1, 2], "1.494 and 1.5 fen"


async def test_brackets_the_narrowest_place_and_the_latest_beginning_count(db):
    await line(10_000)
    await line(6_000, above_fen=10_000)
    await line(2_000, applies_to="native")
    await line(4_000, from_on=DAY + timedelta(days=1), until_on=DAY + timedelta(days=2))
    assert [await charged(10_000), await charged(20_000)] == [100, 120]
    assert await charged(10_000, "native") == 20
    assert [await charged(10_000, day=DAY + timedelta(days=n)) for n in (1, 2, 3)] == [40, 40, 100]
    assert await charged(10_000, day=DAY - timedelta(days=1)) is None


async def test_a_line_that_charges_nothing_or_ends_before_it_begins_is_refused(db):
    for wrong in (
        {},
        {"rate_ppm": 1, "until_on": DAY - timedelta(days=1)},
        {"rate_ppm": 1, "min_fen": 5, "max_fen": 4},
    ):
        with pytest.raises(rates.RateNotUsable):
            await line(**wrong)
    made = await line(1)
    assert (made.created_by, made.ended_by) == ("operator:1", None)
    ended = await rates.end(2, made.id, until_on=DAY, key="end-this-line")
    assert (ended.until_on, ended.ended_by) == (DAY, "operator:2")
    assert await rates.end(2, made.id, until_on=DAY, key="end-this-line") == ended
    with pytest.raises(rates.KeyReused):
        await rates.end(2, made.id, until_on=DAY + timedelta(days=1), key="end-this-line")
    later = await rates.end(3, made.id, until_on=DAY + timedelta(days=9), key=factories.key())
    assert later == ended, "it is not prolonged"
    with pytest.raises(rates.RateNotUsable):
        await rates.end(2, made.id, until_on=DAY - timedelta(days=1), key=factories.key())
    with pytest.raises(rates.NoSuchRate):
        await rates.get(10**9)


async def test_the_database_expects_the_same_fees(db, tmp_path):
    await line(10_000, fixed_fen=3)
    await line(6_000, above_fen=5_000, max_fen=40)
    await line(38_000, applies_to="native", min_fen=2)
    keeper = books.BookKeeper()
    trades = [await books.paid(amount_fen) for amount_fen in (1, 50, 4_999, 5_000, 5_001, 99_999)]
    await books.compared(keeper, books.bill([books.row(trade) for trade in trades]), tmp_path)
    found = await database.fetch("SELECT amount_fen, expected_milli FROM bill_line ORDER BY id")
    assert len(found) == len(trades)
    for amount_fen, expected_milli in found:
        assert expected_milli == 1000 * await charged(amount_fen, "native"), amount_fen
    assert agreeing.rate_columns([]) == [[]] * 7


@pytest.mark.parametrize(("more_milli", "deviates"), [(1_000, False), (1_001, True)])
async def test_what_was_given_back_of_a_fee_may_differ_by_a_fen(db, tmp_path, more_milli, deviates):
    await line(6_000)
    trade = await books.paid(100_000)
    part_no = await books.refunded(trade, 50_000)
    back = books.row(trade, amount_fen=50_000, refund_no=part_no, fee_milli=-300_000 - more_milli)
    await books.compared(
        books.BookKeeper(), books.bill([books.row(trade, fee_milli=600_000), back]), tmp_path
    )
    assert await books.found("kind", "subject") == ([("fee", "refund")] if deviates else [])


async def test_lines_are_listed_by_whom_they_are_for_the_newest_first(db):
    first, second = await line(1), await line(2)
    other = await line(3, party="alipay")
    assert await rates.page("channel") == [other, second, first]
    assert await rates.page("channel", party="wechat_pay") == [second, first]
    assert await rates.page("channel", before=second.id) == [first]
    assert await rates.page("commission") == []


@pytest.mark.parametrize("max_fen", [None, 40])
async def test_the_database_charges_every_amount_alike(db, max_fen):
    charge = rates.charged_in_sql("one.amount_fen", "rate")
    for amount_fen in (1, 249, 250, 999_999, 1_000_000, 1_000_083, money.MAX_FEN - 1, money.MAX_FEN):
        for rate_ppm in (0, 1, 6_000, 999_999, 1_000_000):
            rate = rates.Rate(
                "channel", "wechat_pay", None, 0, rate_ppm, 3, 7, max_fen, DAY, None, 1, "operator:1"
            )
            charged_fen = await database.fetchval(
                f"SELECT {charge} FROM (SELECT $1::bigint AS amount_fen) one, (SELECT $2::int AS rate_ppm, 3::bigint AS fixed_fen,"
                " 7::bigint AS min_fen, $3::bigint AS max_fen) rate",
                amount_fen, rate_ppm, max_fen,
            )  # fmt: skip
            assert charged_fen == rate.of(amount_fen), (amount_fen, rate_ppm)
