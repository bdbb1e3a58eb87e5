"""A bill and our books are compared both ways: what agrees, what does not, and what stands in another day's bill."""

from datetime import timedelta

from core import db as database
from reconciliation import comparing, rates
from tests import factories
from tests.gateways.bill_files import DAY, Row
from tests.reconciliation import books
from tests.reconciliation.books import at


async def lines():
    rows = await database.fetch(
        "SELECT kind, agrees, other_day, payment_id, part_id FROM bill_line ORDER BY id"
    )
    return [(one["kind"], one["agrees"], one["other_day"]) for one in rows]


async def test_a_day_on_which_everything_agrees_has_no_difference(db, tmp_path):
    keeper = books.BookKeeper()
    first, second = await books.paid(600), await books.paid(12_300, when=at(9))
    part_no = await books.refunded(first, 250)
    content = books.bill(
        [
            books.row(second),
            books.row(first),
            books.row(first, amount_fen=250, refund_no=part_no, at=f"{DAY} 15:00:00"),
        ]
    )
    day = await books.compared(keeper, content, tmp_path)
    assert day.state == "matched"
    assert await lines() == [("payment", True, False), ("payment", True, False), ("refund", True, False)]
    assert await books.found() == []


async def test_the_same_at_alipay(db, tmp_path):
    keeper = books.BookKeeper("alipay")
    first = await books.paid(600, channel="alipay")
    part_no = await books.refunded(first, 250)
    content = books.bill(
        [books.row(first), books.row(first, amount_fen=250, refund_no=part_no, at=f"{DAY} 15:00:00")],
        "alipay",
    )
    await books.compared(keeper, content, tmp_path)
    assert await lines() == [("payment", True, False), ("refund", True, False)]
    assert await books.found() == []


async def test_each_way_of_not_agreeing_is_a_difference_of_its_kind(db, tmp_path):
    keeper = books.BookKeeper()
    await rates.add(
        1, rates.Terms("channel", "wechat_pay", None, 0, 6_000, 0, 0, None, DAY, None), key=factories.key()
    )
    trades = {
        name: await books.paid(1_000)
        for name in ("good", "amount", "trade", "fee", "absent", "twice", "back")
    }
    part_no = await books.refunded(trades["back"], 400)
    unsent = await books.refunded(trades["good"], 100, told=False)
    unheard = await books.paid(700, told=False)
    content = books.bill([
        books.row(trades["good"], fee_milli=6_000),
        books.row(trades["amount"], amount_fen=1_001, fee_milli=6_000),
        books.row(trades["trade"], trade_no="42another", fee_milli=6_000),
        books.row(trades["fee"], fee_milli=7_000),
        books.row(trades["twice"], fee_milli=6_000),
        books.row(trades["twice"], fee_milli=6_000),
        books.row(trades["back"], fee_milli=6_000),
        books.row(unheard, fee_milli=4_000),
        Row("P-nobody-knows", 55, fee_milli=0),
        books.row(trades["back"], amount_fen=401, refund_no=part_no, fee_milli=-2_000),
        books.row(trades["good"], amount_fen=100, refund_no=unsent, fee_milli=-1_000),
        books.row(trades["good"], amount_fen=30, refund_no="R-nobody-knows"),
    ])  # fmt: skip
    await books.compared(keeper, content, tmp_path)
    assert sorted(await books.found()) == sorted([
        ("amount", "payment", "open", 1),
        ("status", "payment", "open", 1_000),
        ("fee", "payment", "open", 1),
        ("duplicate", "payment", "open", 1_000),
        ("missing_here", "payment", "asking", 700),
        ("missing_here", "payment", "asking", 55),
        ("missing_there", "payment", "asking", 1_000),
        ("amount", "refund", "open", 1),
        ("refund", "refund", "asking", 100),
        ("missing_here", "refund", "asking", 30),
    ])  # fmt: skip
    assert await books.found("payment_no", kind="missing_there") == [(trades["absent"].out_trade_no,)]


async def test_comparing_again_finds_the_same_and_makes_none_twice(db, tmp_path):
    keeper = books.BookKeeper()
    await books.paid(1_000)
    day = await books.compared(keeper, books.bill([Row("P-x", 55)]), tmp_path)
    before = await books.found("id", "kind", "state")
    await comparing.compare(day.id)
    assert await books.found("id", "kind", "state") == before


async def test_a_payment_before_midnight_is_looked_for_in_the_next_bill(db, tmp_path):
    keeper = books.BookKeeper()
    noon, late = await books.paid(1_000), await books.paid(2_000, when=at(23, 59, 59))
    await books.compared(keeper, books.bill([books.row(noon)]), tmp_path)
    assert await books.found() == []
    carried = await database.fetchrow("SELECT state, until_on, amount_fen FROM carried")
    assert tuple(carried) == ("waiting", DAY + timedelta(days=2), 2_000)
    next_day = DAY + timedelta(days=1)
    content = books.bill([books.row(late, at=f"{next_day} 00:00:01")])
    await books.compared(keeper, content, tmp_path, day=next_day)
    assert await database.fetchval("SELECT state FROM carried") == "settled"
    assert await books.found() == []
    assert (await lines())[-1] == ("payment", True, True)


async def test_what_is_in_none_of_the_bills_in_time_is_missing_in_the_last(db, tmp_path):
    keeper = books.BookKeeper()
    late = await books.paid(2_000, when=at(23, 59, 59))
    for after in range(3):
        await books.compared(keeper, books.bill([]), tmp_path, day=DAY + timedelta(days=after))
        assert len(await books.found()) == (after == 2)
    assert await books.found("kind", "payment_no", "state") == [
        ("missing_there", late.out_trade_no, "asking")
    ]
    day = DAY + timedelta(days=3)
    await books.compared(keeper, books.bill([books.row(late, at=f"{day} 00:00:01")]), tmp_path, day=day)
    assert await books.found("kind", "resolution") == [("missing_there", "settled")]
    assert await database.fetchval("SELECT state FROM carried") == "settled"


async def test_a_payment_of_the_next_day_here_may_stand_in_the_bill_of_the_day_before(db, tmp_path):
    keeper = books.BookKeeper()
    next_day = DAY + timedelta(days=1)
    early = await books.paid(2_000, when=at(0, 0, 1, day=next_day))
    await books.compared(keeper, books.bill([books.row(early, at=f"{DAY} 23:59:59")]), tmp_path)
    await books.compared(keeper, books.bill([]), tmp_path, day=next_day)
    assert await books.found() == []


async def test_a_refund_heard_of_days_later_agrees_with_the_bill_of_its_day(db, tmp_path):
    keeper = books.BookKeeper()
    trade = await books.paid(2_000)
    part_no = await books.refunded(trade, 500, told=False)
    content = books.bill(
        [books.row(trade), books.row(trade, amount_fen=500, refund_no=part_no, state="PROCESSING")]
    )
    await books.compared(keeper, content, tmp_path)
    assert await books.found() == []
    books.move_to(books.NEXT_MORNING + timedelta(days=1))
    from billing import refunds
    from gateways import channel as at_channel

    await refunds.settle("wechat_pay", at_channel.ChannelRefund(part_no, "50x", "paid_back", 500))
    next_day = DAY + timedelta(days=2)
    await books.compared(keeper, books.bill([]), tmp_path, day=next_day)
    assert await books.found() == []


async def test_a_payment_in_two_bills_is_a_duplicate_in_whichever_order_they_come(db, tmp_path):
    for first in (0, 1):
        keeper = books.BookKeeper()
        day = DAY + timedelta(days=10 * first)
        trade = await books.paid(2_000, when=at(day=day))
        bills = [
            (day + timedelta(days=n), [books.row(trade, at=f"{day + timedelta(days=n)} 12:00:00")])
            for n in (0, 1)
        ]
        books.move_to(books.NEXT_MORNING + timedelta(days=20))
        for on, rows in bills[::-1] if first else bills:
            await books.compared(keeper, books.bill(rows), tmp_path, day=on)
        assert await books.found("kind", "payment_no", payment_no=trade.out_trade_no) == [
            ("duplicate", trade.out_trade_no)
        ]
