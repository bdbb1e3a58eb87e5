"""The first page's figures are what the books and the lists say."""

from datetime import timedelta

import pytest

from billing import bill_records, counter, counter_foreseen, counter_undo, instalment_schedule, instalments
from core import clock
from core import db as rows
from reports import day_digest, liability, takings, today, trends
from shop import orders
from tests import factories
from tests.reports.test_liability import a_fortnight

DAY = timedelta(days=1)


async def test_each_days_end_is_what_was_owed_then(db):
    began_at = clock.now()
    await a_fortnight(began_at)
    days = await trends.by_day(clock.day_of(began_at), clock.today())
    assert len(days) == 14
    for day in days[:-1]:
        ends_at = clock.start_of(day.day + DAY)
        assert day.liability_fen == (await liability.at(ends_at)).total_fen, day.day
    assert days[-1].liability_fen == (await liability.at()).total_fen
    moved = await rows.fetchval(
        "SELECT sum(e.principal_fen + e.bonus_fen) FROM entry e JOIN transfer t ON t.id = e.transfer_id WHERE t.kind = 'top_up'"
    )
    assert sum(day.topped_up_fen for day in days) == moved
    assert sum(day.taken.total_fen for day in days) == sum(1_000 + day for day in range(14))
    paid = await rows.fetchval(
        "SELECT count(*) FROM shop_order WHERE paid_at IS NOT NULL AND state <> 'cancelled'"
    )
    assert sum(day.orders for day in days) == paid > 5
    assert sum(day.new_customers for day in days) == 3


async def test_what_is_owed_now_goes_on_from_the_last_mark(db):
    assert _figures(await liability.now()) == (0, 0, 0)
    began_at = clock.now()
    early = [await factories.customer(principal=1_000, bonus=100) for _ in range(3)]
    await liability.mark()
    for day in range(3):
        clock.set_offset(began_at - clock.now() + clock.offset() + DAY * (day + 1))
        late = await factories.customer(principal=50)
        for who, amount_fen in ((early[day], 1_100 if day else 900), (late, 50)):
            order = await factories.order(who.id, amount_fen)
            await orders.pay(who.id, order.order_no, key=factories.key())
        for _ in range(2):
            now = await liability.now()
            assert (now.principal_fen, now.bonus_fen, now.customers) == _figures(await liability.at())
            await liability.mark()
    assert (now.total_fen, now.customers) == (200, 1)
    assert await rows.fetchval("SELECT count(*) FROM liability_mark") > 2
    await rows.execute("UPDATE liability_mark SET principal_fen = principal_fen + 7")
    assert (await liability.now()).total_fen == 207, "it is read, not added up again"


def _figures(owed):
    return owed.principal_fen, owed.bonus_fen, owed.customers


@pytest.mark.parametrize("days", [-1, trends.MOST_DAYS])
async def test_too_many_days_or_none_are_refused(db, days):
    with pytest.raises(trends.TooManyDays):
        await trends.by_day(clock.today() - timedelta(days=days), clock.today())


async def test_takings_are_of_the_shops_day_and_less_what_was_undone(db):
    customer = await factories.customer()
    clock.set_offset(
        clock.start_of(clock.today()) + timedelta(minutes=30) - clock.now() + DAY
    )  # 16:30 in Greenwich
    await factories.topped_up(customer.id, 5_000)
    cash = counter.Taking("cash", None)
    taken, _ = [
        (
            await counter.top_up(1, counter.TopUpWish(customer.id, amount_fen=fen), cash, key=factories.key())
        ).payment
        for fen in (700, 300)
    ]
    assert (await takings.of(clock.today())).taken_fen == {"wechat_pay": 5_000, "counter": 1_000}
    await counter_undo.undo(1, taken.counter_no, reason="记错了", key=factories.key())
    money = await today.of_money()
    assert (money.taken.total_fen, money.yesterday_fen) == (5_300, 0)
    clock.set_offset(clock.offset() + DAY)
    money = await today.of_money()
    assert (money.taken.total_fen, money.yesterday_fen, money.liability_fen) == (0, 5_300, 5_300)


async def test_bills_are_due_today_or_overdue(db):
    customer = await factories.customer()
    for days, amount_fen in ((0, 100), (0, 20), (-2, 3_000), (1, 50_000)):
        await factories.bill(
            customer.id, amount_fen, due_at=clock.start_of(clock.today()) + DAY * days + timedelta(hours=23)
        )
    money = await today.of_money()
    assert (money.due_today_fen, money.due_today_bills) == (120, 2)
    assert (money.overdue_fen, money.overdue_bills) == (3_000, 1)


async def test_of_a_bill_in_instalments_its_parts_are_due_each_on_its_day(db):
    """Not all that is left of it once the first has come."""
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 1_000)
    parts = [
        instalment_schedule.Planned(fen, clock.today() + DAY * days)
        for fen, days in ((100, 0), (500, 10), (400, 20))
    ]
    agreed = instalments.Terms(
        instalment_schedule.CustomParts(tuple(parts)), True, "2026-11", "分期付清，到期自动扣款", "counter"
    )
    await instalments.arrange(1, bill_no, agreed, key=factories.key())

    async def figures():
        money = await today.of_money()
        foreseen = await counter_foreseen.of(1, counter.TopUpWish(customer.id, amount_fen=500))
        digest = await day_digest.since(clock.now(), after_message_id=0, customer_id=customer.id)
        asked = (await bill_records.read(bill_no)).due_fen
        assert asked == foreseen.overdue_fen == digest.owed_fen
        return (money.due_today_fen, money.due_today_bills), (money.overdue_fen, money.overdue_bills)

    assert await figures() == ((100, 1), (0, 0))
    clock.set_offset(DAY)
    assert await figures() == ((0, 0), (100, 1))
    clock.set_offset(DAY * 10)
    assert await figures() == ((500, 1), (100, 1))
    await factories.topped_up(customer.id, 100)
    assert await figures() == ((500, 1), (0, 0))
    clock.set_offset(DAY * 25)
    assert await figures() == ((0, 0), (900, 1))


async def test_what_waits_is_counted_and_in_a_store_only_its_own(db):
    customer = await factories.customer(principal=10_000)
    sku = await factories.sku()
    placed = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(customer.id, placed.order_no, key=factories.key())
    everything = await today.waiting(today.WAITING)
    assert list(everything) == list(today.WAITING)
    assert everything["orders"] + everything["shipments"] == 1
    assert await today.waiting(today.WAITING, stores=["xihu"]) == {"orders": 0, "shipments": 0}
    assert await today.waiting([], stores=None) == {}


async def test_a_job_that_does_not_come_is_late(db):
    assert (await today.health()).late_jobs == []
    await rows.execute(
        "INSERT INTO job (id, starts, runs, missed, failures, failed_in_a_row, last_run_no, next_at) VALUES ('due', 1, 1, 0, 0, 2, 1, $1)",
        clock.now() - timedelta(minutes=6),
    )
    health = await today.health()
    assert (health.late_jobs, health.failing_jobs) == (["due"], ["due"])
