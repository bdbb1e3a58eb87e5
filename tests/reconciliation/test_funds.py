"""Bills of funds: what was on the account at a channel, what moved, and whether that fits what we know."""

import asyncio
from datetime import timedelta

import pytest

from app import reconcile_lines
from billing import terms
from core import clock
from core import db as database
from reconciliation import bill_imports, closing, daily, days, funds, report, resolving
from tests import factories
from tests.gateways.bill_files import wechat_funds
from tests.reconciliation import books
from tests.reconciliation.books import DAY

NEXT = DAY + timedelta(days=1)
DAY_S = timedelta(days=1)


async def a_day(keeper, tmp_path, moves, *, day=DAY, opening_fen=0, amount_fen=1_000, **how):
    """A payment of 1000, its bill, and a bill of funds; the clock has its turn the morning after."""
    trade = await books.paid(amount_fen, when=books.at(day=day))
    keeper.bills[day] = books.bill([books.row(trade, fee_milli=6_000)])
    if moves is not None:
        keeper.funds[day] = wechat_funds(moves, opening_fen, day=day, **how)
    books.move_to(books.NEXT_MORNING + (day - DAY))
    await daily.run(keeper.opened())
    return (await report.of_day("wechat_pay", day)).funds


USUAL = (("交易", 1_000), ("扣除交易手续费", -6))


async def wrong():
    return await books.found("ours_state", "ours_fen", "theirs_fen", "state", kind="funds")


async def test_a_day_that_adds_up_is_shown_with_what_was_taken_to_the_bank_and_closed(db, tmp_path):
    keeper = books.BookKeeper()
    moved = await a_day(keeper, tmp_path, [*USUAL, ("提现", -900), ("商家转账", -20), ("充值", 5)])
    assert moved == funds.Funds(
        5, 0, 1_000, 0, -6, -20, -900, 5, 79, 0, (), "channel:wechat_pay"
    ) and moved.adds_up  # fmt: skip
    assert (await days.get("wechat_pay", DAY)).state == "closed"
    (_, said) = await reconcile_lines.report_of(DAY, DAY, None)
    assert "提现 · withdrawals -9.00" in said and "期末 · closing 0.79" in said and "adds up" in said


@pytest.mark.parametrize(
    ("moves", "how", "found"),
    [
        ((("交易", 1_001), ("扣除交易手续费", -6)), {}, [("payments", 1_000, 1_001)]),
        ((("交易", 1_000), ("扣除交易手续费", -8)), {}, [("fees", -6, -8)]),
        ((*USUAL, ("退款", -300)), {}, [("refunds", 0, -300)]),
        (USUAL, {"off_fen": 3}, [("rows", 994, 997)]),
    ],
)
async def test_what_does_not_add_up_is_a_difference_that_keeps_the_day_open(db, tmp_path, moves, how, found):
    keeper = books.BookKeeper()
    moved = await a_day(keeper, tmp_path, moves, **how)
    assert list(moved.wrong) == [what for what, *_ in found]
    assert await wrong() == [(*one, "open") for one in found]
    assert (await days.get("wechat_pay", DAY)).state == "matched"
    ((number,),) = await books.found("difference_no")
    for resolution in ("credit", "adjust"):
        with pytest.raises(resolving.ResolutionNotPossible):
            await resolving.resolve(1, number, resolving.Wish(resolution, "?"), key=factories.key())
    await resolving.resolve(1, number, resolving.Wish("ignore", "渠道已更正"), key=factories.key())
    await daily.run(keeper.opened())
    assert (await days.get("wechat_pay", DAY)).state == "closed"


async def test_what_is_there_in_the_morning_is_what_was_there_in_the_evening(db, tmp_path):
    keeper = books.BookKeeper()
    await a_day(keeper, tmp_path, USUAL)
    moved = await a_day(keeper, tmp_path, USUAL, day=NEXT, opening_fen=500)
    assert moved.wrong == ("opening",)
    assert await wrong() == [("opening", 994, 500, "open")]
    found = await report.of_day("wechat_pay", DAY)
    assert found.funds.wrong == ()


async def test_the_last_bill_of_funds_counts_unless_one_is_missing_between(db, tmp_path):
    keeper = books.BookKeeper()
    await a_day(keeper, tmp_path, USUAL)
    await a_day(keeper, tmp_path, None, day=NEXT)
    after = NEXT + DAY_S
    assert (await a_day(keeper, tmp_path, USUAL, day=after, opening_fen=77)).wrong == ()
    keeper.funds[NEXT] = wechat_funds(USUAL, 994, day=NEXT)
    clock.set_offset(clock.offset() + timedelta(hours=4))
    await daily.run(keeper.opened())
    assert (await report.of_day("wechat_pay", after)).funds.wrong == ("opening",)


async def test_money_taken_to_the_bank_on_a_day_without_trades_is_known(db, tmp_path):
    keeper = books.BookKeeper()
    await a_day(keeper, tmp_path, USUAL)
    keeper.funds[NEXT] = wechat_funds([("提现", -994)], 994, day=NEXT)
    assert (await a_day(keeper, tmp_path, USUAL, day=NEXT + DAY_S)).wrong == ()
    assert (await days.get("wechat_pay", NEXT)).state == "closed"
    assert (await report.of_day("wechat_pay", NEXT)).funds.withdrawal_fen == -994


async def test_a_bill_of_funds_that_comes_after_the_day_was_closed_and_does_not_add_up_is_told(db, tmp_path):
    keeper = books.BookKeeper()
    assert await a_day(keeper, tmp_path, None) is None
    assert (await days.get("wechat_pay", DAY)).state == "closed", "nobody waits for it"
    keeper.funds[DAY] = wechat_funds([("交易", 900)])
    clock.set_offset(clock.offset() + timedelta(hours=4))
    await daily.run(keeper.opened())
    told = await database.fetch("SELECT kind, params ->> 'what' FROM staff_alert WHERE kind = 'funds_differ'")
    assert [tuple(row) for row in told] == [("funds_differ", "payments, fees")]
    await closing.reopen(1, "wechat_pay", DAY, reason="资金账单对不上", key=factories.key())
    await daily.run(keeper.opened())
    assert [what for what, *_ in await wrong()] == ["payments", "fees"]


async def test_one_that_never_comes_is_asked_for_until_the_shops_patience_ends(db, tmp_path):
    keeper = books.BookKeeper()
    await a_day(keeper, tmp_path, None)
    days_of_patience = terms.current().bill_patience_days
    for _ in range(days_of_patience + 2):
        clock.set_offset(clock.offset() + DAY_S)
        await funds.fetch_due(keeper.opened())
    assert await database.fetchval("SELECT funds_at FROM channel_day WHERE day = $1", DAY) is None
    acts = [row[0] for row in await database.fetch("SELECT act FROM reconciliation_event")]
    assert acts.count("no_funds") == 1


async def test_by_hand_and_once(db, tmp_path):
    keeper = books.BookKeeper()
    await a_day(keeper, tmp_path, None)
    file = tmp_path / "funds.csv"
    file.write_bytes(wechat_funds(USUAL))
    day = (keeper.opened(), "wechat_pay", DAY)
    given = bill_imports.Given(file, "operator:1")
    assert sorted(await asyncio.gather(*(funds.take(*day, given) for _ in range(3)))) == [False, False, True]
    file.write_bytes(wechat_funds([*USUAL, ("提现", -1)]))
    with pytest.raises(bill_imports.AnotherBill):
        await funds.take(*day, given)
    assert await funds.take(*day, bill_imports.Given(file, "operator:1", "渠道更正"))
    assert (await report.of_day("wechat_pay", DAY)).funds.withdrawal_fen == -1
    for content in (b"", wechat_funds(USUAL, day=NEXT), wechat_funds(USUAL)[:-20]):
        file.write_bytes(content)
        with pytest.raises(bill_imports.BillFileUnreadable):
            await funds.take(*day, bill_imports.Given(file, "operator:1", "渠道更正"))
    assert (await report.of_day("wechat_pay", DAY)).funds.rows == 3


async def test_a_file_that_lists_the_latest_first_rolls_forward_too(db, tmp_path):
    lines = wechat_funds([*USUAL, ("提现", -4)]).decode().split("\r\n")
    file = tmp_path / "funds.csv"
    file.write_bytes("\r\n".join([lines[0], *lines[3:0:-1], *lines[4:]]).encode())
    keeper = books.BookKeeper()
    await a_day(keeper, tmp_path, None)
    await funds.take(keeper.opened(), "wechat_pay", DAY, bill_imports.Given(file, "operator:1"))
    moved = (await report.of_day("wechat_pay", DAY)).funds
    assert (moved.opening_fen, moved.closing_fen, moved.wrong) == (0, 990, ())
