"""Standing orders: placed ahead once for each day, paid from the balance, never after their day; pausing, skipping, changing, ending."""

import asyncio
from dataclasses import replace

import pytest

from billing import closings, forecast, merges, schedule, terms
from core import clock
from core import db as database
from ledger import proof
from shop import (
    orders,
    products,
    standing_deliveries,
    standing_orders,
    standing_pauses,
    standing_rows,
    standing_shown,
    stock,
)
from tests import factories
from tests.billing.planning import SHOP
from tests.shop.standing import at, by, first_day, started

DAY = factories.DAYS


async def outcomes(standing_id):
    """Days from its first on, state and reason of its deliveries."""
    rows = await database.fetch(
        "SELECT d.day - s.started_on, d.state, d.reason FROM standing_delivery d JOIN standing_order s ON s.id = d.standing_order_id"
        " WHERE s.id = $1 ORDER BY d.day",
        standing_id,
    )
    return [tuple(row) for row in rows]


async def told(customer):
    rows = await database.fetch(
        "SELECT kind FROM outbox_message WHERE customer_id = $1 AND kind LIKE 'standing_%' ORDER BY id",
        customer.id,
    )
    return [row["kind"] for row in rows]


async def test_each_day_is_ordered_once_ahead_at_that_moments_price(db):
    customer, sku = await factories.customer(principal=9_000), await factories.sku(2_000, stock=5)
    milk = await started(customer, sku)
    first = await first_day(milk)
    assert await standing_deliveries.run() == standing_deliveries.Run()
    at(first, -11)
    runs = await asyncio.gather(*(standing_deliveries.run() for _ in range(6)))
    assert sum(run.ordered for run in runs) == 1
    (order,) = await orders.page(customer.id)
    assert (order.state, order.total_fen, order.remark) == ("paid", 2_000, f"[{first}]")
    await products.change_sku(sku.id, price_fen=2_500)
    at(first + DAY, -11)
    await standing_deliveries.run()
    assert [one.total_fen for one in await orders.page(customer.id)] == [2_500, 2_000]
    assert (await factories.balance(customer.id))[0] == 4_500
    assert await factories.available([sku.id]) == {sku.id: 3}
    assert await outcomes(milk) == [(0, "ordered", None), (1, "ordered", None)]
    (delivery,) = await standing_shown.of_day(first)
    assert (delivery.order_no, delivery.order_state) == (order.order_no, "paid")


async def test_orders_of_its_customer_that_wait_for_their_payment_keep_no_delivery_back(db):
    terms.use(replace(terms.current(), unpaid_orders_most=1))
    customer, sku = await factories.customer(principal=9_000), await factories.sku(2_000)
    milk = await started(customer, sku)
    at(await first_day(milk), -11)
    await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    assert await standing_deliveries.run() == standing_deliveries.Run(ordered=1)
    assert [one.state for one in await orders.page(customer.id)] == ["paid", "placed"]


async def test_a_short_balance_waits_is_told_once_and_goes_on_with_new_money(db):
    customer, sku = await factories.customer(principal=1_000), await factories.sku(2_000)
    milk = await started(customer, sku)
    at(await first_day(milk), -12)
    assert (await standing_deliveries.run()).waiting == 1
    assert (await standing_deliveries.run()).waiting == 0
    assert await stock.level(sku.id) == replace(await stock.level(sku.id), reserved=0)
    clock.set_offset(clock.offset() + standing_deliveries.AGAIN_AFTER)
    assert (await standing_deliveries.run()).waiting == 1
    assert await told(customer) == ["standing_short"]
    await factories.topped_up(customer.id, 1_000)
    clock.set_offset(clock.offset() + standing_deliveries.AGAIN_AFTER)
    assert (await standing_deliveries.run()).ordered == 1
    assert await factories.balance(customer.id) == (0, 0)


async def test_what_is_sold_out_waits_until_its_day_is_over_and_is_missed(db):
    customer, sku = await factories.customer(principal=9_000), await factories.sku(2_000, stock=0)
    milk = await started(customer, sku)
    first = await first_day(milk)
    at(first, -12)
    assert (await standing_deliveries.run()).waiting == 1
    assert await outcomes(milk) == [(0, "waiting", "out_of_stock")]
    at(first + DAY, 1)
    await standing_deliveries.run()
    assert (await outcomes(milk))[0] == (0, "missed", "out_of_stock")
    assert await told(customer) == ["standing_waits", "standing_missed", "standing_waits"]


async def test_days_that_went_by_while_the_clock_was_down_are_missed_never_delivered(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    milk = await started(customer, sku)
    at(await first_day(milk) + 3 * DAY, 13)
    assert (await standing_deliveries.run()).ordered == 2
    assert await outcomes(milk) == [
        *((day, "missed", "late") for day in range(3)),
        (3, "ordered", None),
        (4, "ordered", None),
    ]
    assert await told(customer) == ["standing_missed"]


async def test_a_price_above_what_was_agreed_waits_for_its_customer(db):
    customer, sku = await factories.customer(principal=9_000), await factories.sku(2_000)
    milk = await started(customer, sku, most_fen=2_000)
    first = await first_day(milk)
    await products.change_sku(sku.id, price_fen=2_400)
    at(first, -12)
    await standing_deliveries.run()
    assert await outcomes(milk) == [(0, "waiting", "above_most")]
    assert await told(customer) == ["standing_above"]
    await standing_pauses.accept(by(customer), milk, first, most_fen=2_400, key=factories.key())
    assert (await standing_deliveries.run()).ordered == 1
    with pytest.raises(standing_pauses.DeliveryNotAhead):
        await standing_pauses.accept(by(customer), milk, first, most_fen=2_500, key=factories.key())
    at(first + DAY, -12)
    await standing_deliveries.run()
    assert (await outcomes(milk))[1] == (1, "waiting", "above_most")
    with pytest.raises(standing_rows.MostTooLow):
        await standing_orders.change(
            by(customer), milk, standing_orders.Change(most_fen=2_300), key=factories.key()
        )
    await standing_orders.change(
        by(customer), milk, standing_orders.Change(most_fen=2_500), key=factories.key()
    )
    assert (await standing_deliveries.run()).ordered == 1


async def test_skipping_pausing_and_going_on(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    milk = await started(customer, sku)
    first = await first_day(milk)
    await standing_pauses.skip(by(customer), milk, first + DAY, key=factories.key())
    at(first + DAY, -11)
    assert (await standing_deliveries.run()).ordered == 1
    assert await outcomes(milk) == [(0, "ordered", None), (1, "waived", "skipped")]
    with pytest.raises(standing_pauses.DeliveryNotAhead):
        await standing_pauses.skip(by(customer), milk, first, key=factories.key())
    with pytest.raises(standing_pauses.NoSuchDelivery):
        await standing_pauses.skip(by(customer), milk, first + 800 * DAY, key=factories.key())
    await standing_pauses.pause(by(customer), milk, until=first + 4 * DAY, key=factories.key())
    at(first + 3 * DAY, 6)
    assert (await standing_deliveries.run()).ordered == 0
    at(first + 3 * DAY, 13)
    assert (await standing_deliveries.run()).ordered == 1
    assert await outcomes(milk) == [
        (0, "ordered", None), (1, "waived", "skipped"), (2, "waived", "paused"), (3, "waived", "paused"),
        (4, "ordered", None),
    ]  # fmt: skip
    await standing_pauses.pause(by(customer), milk, key=factories.key())
    at(first + 6 * DAY, 13)
    await standing_pauses.resume(by(customer), milk, key=factories.key())
    assert (await standing_shown.get(milk)).next_day == first + 8 * DAY
    with pytest.raises(standing_pauses.StandingOrderNotPaused):
        await standing_pauses.resume(by(customer), milk, key=factories.key())


async def test_a_day_that_waited_as_a_pause_until_it_began_comes(db):
    terms.use(replace(terms.current(), standing_hours_ahead=60))
    customer, sku = await factories.customer(principal=100), await factories.sku(2_000)
    milk = await started(customer, sku)
    first = await first_day(milk)
    at(first + DAY, -59)
    await standing_deliveries.run()
    await standing_pauses.pause(by(customer), milk, until=first + DAY, key=factories.key())
    assert await outcomes(milk) == [(0, "waived", "paused"), (1, "waived", "paused")]
    await factories.topped_up(customer.id, 9_000)
    at(first + DAY, -58)
    assert (await standing_deliveries.run()).ordered == 1
    assert await outcomes(milk) == [(0, "waived", "paused"), (1, "ordered", None)]


async def test_changing_and_ending_leave_what_is_ordered(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    milk = await started(customer, sku)
    first = await first_day(milk)
    at(first, -12)
    await standing_deliveries.run()
    changed = standing_orders.Change([orders.Wanted(sku.id, 2)], remark="放门口", proof="电话 10:02")
    await standing_orders.change(SHOP, milk, changed, key=factories.key())
    at(first + DAY, -12)
    await standing_deliveries.run()
    assert [(one.total_fen, one.remark) for one in await orders.page(customer.id)] == [
        (4_000, f"[{first + DAY}] 放门口"),
        (2_000, f"[{first}]"),
    ]
    await standing_pauses.end(SHOP, milk, reason="搬家")
    await standing_pauses.end(by(customer), milk)
    at(first + 5 * DAY)
    assert await standing_deliveries.run() == standing_deliveries.Run()
    assert (await standing_shown.get(milk)).state == "cancelled"
    assert await told(customer) == ["standing_changed", "standing_changed"]
    assert [one.kind for one in await standing_shown.events(milk)] == ["started", "changed", "cancelled"]
    with pytest.raises(standing_orders.StandingOrderOver):
        await standing_orders.change(by(customer), milk, changed, key=factories.key())


async def test_it_ends_with_its_last_day(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    milk = await started(customer, sku, starts_on=clock.today() + 2 * DAY, ends_on=clock.today() + 3 * DAY)
    at(await first_day(milk) + DAY)
    assert (await standing_deliveries.run()).ordered == 1
    assert (await standing_shown.get(milk)).state == "ended"
    assert await outcomes(milk) == [(0, "missed", "late"), (1, "ordered", None)]


async def test_starting_is_refused_where_it_cannot_be_kept(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    with pytest.raises(standing_rows.MostTooLow):
        await started(customer, sku, 3)
    with pytest.raises(standing_orders.FirstDayOutOfRange):
        await started(customer, sku, starts_on=clock.today())
    with pytest.raises(standing_orders.WrongSchedule):
        await started(customer, sku, rule=schedule.Schedule("day", weekdays=(1,)))
    with pytest.raises(standing_orders.NoDays):
        await started(customer, sku, ends_on=clock.today())
    with pytest.raises(standing_orders.NotByCustomers):
        milk = await started(customer, sku)
        terms.use(replace(terms.current(), customers_change_plans=False))
        await standing_pauses.pause(by(customer), milk, key=factories.key())
    terms.use(replace(terms.current(), standing_consent_version="2"))
    with pytest.raises(standing_orders.ConsentOutdated):
        await started(customer, sku)
    with pytest.raises(standing_rows.NoSuchStandingOrder):
        await standing_pauses.end(by(await factories.customer()), milk)


async def test_what_comes_is_shown_and_counts_in_the_forecast(db):
    customer, sku = await factories.customer(principal=5_000), await factories.sku(2_000)
    milk = await started(customer, sku)
    first = await first_day(milk)
    await standing_pauses.skip(by(customer), milk, first + DAY, key=factories.key())
    coming = await standing_shown.ahead(milk, customer_id=customer.id, most=4)
    assert [(one.deliver_on - first, one.amount_fen, one.covered) for one in coming] == [
        (0 * DAY, 2_000, True), (DAY, 0, True), (2 * DAY, 2_000, True), (3 * DAY, 2_000, False),
    ]  # fmt: skip
    ahead = await forecast.of(customer.id)
    assert ahead.runs_out_on == first + 2 * DAY
    assert [(part.title, part.kind) for part in ahead.parts] == [("龙井", "plan")]
    at(first, -12)
    assert (await standing_deliveries.run()).ordered == 1
    ahead = await forecast.of(customer.id)
    assert (ahead.runs_out_on, ahead.per_day_fen) == (first + 2 * DAY, 0), (
        "what was seen ahead is no habit besides"
    )


async def test_it_moves_with_an_account_and_ends_with_one(db):
    customer, other = await factories.customer(), await factories.customer(principal=9_000)
    sku = await factories.sku(2_000)
    milk = await started(customer, sku)
    assert (await merges.preview(customer.id, other.id)).standing_orders == 1
    async with database.transaction():
        await merges.follow(customer.id, other.id)
    assert (await merges.preview(customer.id, other.id)).standing_orders == 0
    at(await first_day(milk), -12)
    assert (await standing_deliveries.run()).ordered == 1
    assert len(await orders.page(other.id)) == 1
    async with database.transaction():
        await closings.plans.end_all(other.id, by="operator:1")
    assert (await standing_shown.get(milk)).state == "cancelled"
    assert await proof.check() == []


async def test_one_that_is_broken_keeps_no_others_waiting(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    broken, milk = await started(customer, sku), await started(customer, sku)
    await database.execute("UPDATE standing_order SET address = '{\"nonsense\": 1}' WHERE id = $1", broken)
    at(await first_day(milk), -12)
    assert (await standing_deliveries.run()).ordered == 1


async def stuck():
    sql = "SELECT count(*) FROM staff_alert WHERE kind = 'standing_stuck' AND resolved_at IS NULL"
    return await database.fetchval(sql)


async def test_the_shop_is_told_of_one_it_cannot_order_until_nobody_tries_it_any_more(db):
    customer, sku = await factories.customer(principal=90_000), await factories.sku(2_000)
    broken, milk = await started(customer, sku), await started(customer, sku)
    at(await first_day(milk), -12)
    await standing_deliveries._make(10)  # and only then it breaks
    breaks = "UPDATE standing_order SET address = $2::jsonb WHERE id = $1"
    for heals in (False, True):
        await database.execute(breaks, broken, '{"nonsense": 1}')
        clock.set_offset(clock.offset() + standing_deliveries.AGAIN_AFTER)
        run = await standing_deliveries.run()
        assert (run.ordered, run.waiting, await stuck()) == (0 if heals else 1, 1, 1)
        await database.execute(breaks, broken, None)
        clock.set_offset(clock.offset() + standing_deliveries.AGAIN_AFTER)
        if heals:
            assert ((await standing_deliveries.run()).ordered, await stuck()) == (1, 0)
        else:
            await standing_pauses.pause(
                by(customer), broken, until=await first_day(milk), key=factories.key()
            )
            assert await stuck() == 0
            await standing_pauses.resume_due()
    assert await told(customer) == [
        "standing_changed"
    ]  # of the end of the pause, not of what is ours to mend
