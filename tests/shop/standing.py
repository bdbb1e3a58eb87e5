"""Standing orders, and days that come, for tests."""

from datetime import timedelta

from billing import plan_actors, schedule
from core import clock
from shop import orders, standing_orders, standing_shown
from tests import factories

DAILY = schedule.of_cycle("daily")


async def started(customer, sku, quantity=1, *, most_fen=5_000, rule=DAILY, **how):
    wish = standing_orders.Wish(
        [orders.Wanted(sku.id, quantity)], rule, most_fen, standing_orders.Consent("1"), **how
    )
    return await standing_orders.start(by(customer), customer.id, wish, key=factories.key())


def by(customer):
    return plan_actors.by_customer(customer.id)


def at(day, hours=0):
    """From now on it is so many hours after a day began."""
    clock.set_offset(timedelta())
    clock.set_offset(clock.start_of(day) + timedelta(hours=hours) - clock.now())


async def first_day(standing_id):
    return (await standing_shown.get(standing_id)).started_on
