"""Where an instant cuts an account. Stamps come from clocks that may disagree; line numbers do not."""

from datetime import date, timedelta

import pytest

from core import clock
from core import db as database
from ledger import accounts, posting, statement
from tests import factories

MIDNIGHT = clock.start_of(date(2030, 1, 2))  # 2030-01-01T16:00Z
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)


async def line(customer_id, at, amount_fen=100):
    """One change, stamped ``at`` to the microsecond."""
    credit = posting.credit(
        accounts.ADJUSTMENT, accounts.of_customer(customer_id), amount_fen, kind="principal"
    )
    transfer = posting.Transfer(f"t:{factories.key()}", "grant", [credit], operator="t")
    real_now, clock.now = clock.now, lambda: at
    try:
        await posting.post_one(transfer)
    finally:
        clock.now = real_now


async def numbers(customer_id, begins_at, ends_at):
    found = await statement.stretch(customer_id, begins_at=begins_at, ends_at=ends_at)
    lines = await statement.lines(found, limit=1000)
    assert len(lines) == found.lines
    return [line.entry_no for line in lines]


async def test_a_change_exactly_at_midnight_in_the_shops_zone_is_the_new_days(db):
    customer = await factories.customer()
    for at in (MIDNIGHT - timedelta(microseconds=1), MIDNIGHT, MIDNIGHT + timedelta(microseconds=1)):
        await line(customer.id, at)
    assert await numbers(customer.id, MIDNIGHT - DAY, MIDNIGHT) == [1]
    assert await numbers(customer.id, MIDNIGHT, MIDNIGHT + DAY) == [2, 3]


async def test_stamps_in_the_wrong_order_lose_no_line_and_repeat_none(db):
    customer = await factories.customer()
    for off_ms in (-20, 5, -5, 10, -1, 300):  # two replicas around midnight, the second one behind
        await line(customer.id, MIDNIGHT + off_ms * MS)
    before = await statement.stretch(customer.id, begins_at=MIDNIGHT - DAY, ends_at=MIDNIGHT)
    after = await statement.stretch(customer.id, begins_at=MIDNIGHT, ends_at=MIDNIGHT + DAY)
    assert (before.currency, before.account_id) == (after.currency, after.account_id)
    assert after.currency == "CNY"
    assert (before.first_no, before.end_no) == (1, 2)  # a line goes with the ones before it into the new day
    assert (after.first_no, after.end_no) == (2, 7)
    assert before.closing == after.opening == statement.Amounts(100, 0)
    assert after.closing == statement.Amounts(600, 0)


async def test_a_cut_with_a_line_behind_it_never_moves_again(db):
    customer = await factories.customer()
    await line(customer.id, MIDNIGHT - MS)
    await line(customer.id, MIDNIGHT + MS)
    told = await statement.stretch(customer.id, begins_at=MIDNIGHT - DAY, ends_at=MIDNIGHT)
    await line(customer.id, MIDNIGHT - 2 * MS)  # a slow clock, after the fact
    assert await statement.stretch(customer.id, begins_at=MIDNIGHT - DAY, ends_at=MIDNIGHT) == told


async def test_a_reader_on_page_two_sees_the_stretch_of_page_one(db):
    customer = await factories.customer()
    for _ in range(3):
        await line(customer.id, MIDNIGHT)
    first = await statement.stretch(customer.id, begins_at=MIDNIGHT, ends_at=MIDNIGHT + DAY)
    await line(customer.id, MIDNIGHT + MS)
    again = await statement.stretch(
        customer.id, begins_at=MIDNIGHT, ends_at=MIDNIGHT + DAY, before_no=first.end_no
    )
    assert again == first
    assert [one.entry_no for one in await statement.lines(again, after_no=1, limit=9)] == [2, 3]
    for strange in (-(2**63), 0, 2**63 - 1):  # a cursor only filters
        odd = await statement.stretch(
            customer.id, begins_at=MIDNIGHT, ends_at=MIDNIGHT + DAY, before_no=strange
        )
        assert odd.lines in (0, 4)
        assert len(await statement.lines(odd, after_no=strange, limit=9)) in (0, 4)


async def test_a_cut_can_be_found_without_reading_the_lines_themselves(db):
    # the index of the line numbers carries their stamps; what the planner does with a handful of rows is no matter
    cut = "SELECT entry_no FROM entry WHERE account_id = 1 AND created_at >= now() ORDER BY entry_no LIMIT 1"
    async with database.transaction():
        for other in ("seqscan", "bitmapscan"):
            await database.execute(f"SET LOCAL enable_{other} = off")
        plan = await database.fetch(f"EXPLAIN {cut}")
    assert any("Index Only Scan" in row[0] for row in plan), plan


async def test_nobodys_account_has_no_stretch(db):
    with pytest.raises(accounts.NoSuchAccount):
        await statement.stretch(404, begins_at=MIDNIGHT, ends_at=MIDNIGHT)
