"""Deliveries of standing orders that are not what they say are named, in the whole and in what is new."""

from datetime import timedelta

from core import clock
from shop import standing_deliveries, standing_pauses
from tests import factories
from tests.ledger import breaking
from tests.shop.standing import by, first_day, started

BREAKING = {
    "of another order": ("I27", "UPDATE standing_delivery SET order_no = 'S0' || id WHERE state = 'ordered'"),
    "of another customer": (
        "I27",
        "UPDATE shop_order SET customer_id = (SELECT min(id) FROM customer) WHERE order_no IN (SELECT order_no FROM standing_delivery)",
    ),
    "comes to less": (
        "I27",
        "UPDATE standing_delivery SET amount_fen = amount_fen - 1 WHERE state = 'ordered'",
    ),
    "placed too late": (
        "I27",
        "UPDATE shop_order SET placed_at = placed_at + interval '3 days' WHERE order_no IN (SELECT order_no FROM standing_delivery)",
    ),
    "tried in a pause": (
        "I27",
        "UPDATE standing_delivery SET state = 'upcoming', reason = NULL, try_at = now(), ended_at = NULL WHERE reason = 'paused'",
    ),
    "made too early": ("I27", "UPDATE standing_order SET next_day = next_day - 3"),
}


async def busy():
    await factories.customer()
    customer, sku = await factories.customer(principal=9_000), await factories.sku(2_000)
    milk, _ = await started(customer, sku), await started(customer, sku)
    clock.set_offset(
        clock.offset() + (clock.start_of(await first_day(milk)) - clock.now()) - timedelta(hours=11)
    )
    await standing_deliveries.run()
    await standing_pauses.pause(by(customer), milk, key=factories.key())
    clock.set_offset(clock.offset() + timedelta(days=2))
    await standing_pauses.resume(by(customer), milk, key=factories.key())
    await standing_pauses.pause(by(customer), milk, key=factories.key())


async def test_every_way_to_break_them_is_named(db):
    mark = await breaking.marked_between(busy)
    assert await breaking.missed(BREAKING, mark) == []
    await breaking.whole_on_both_sides(
        mark, ("standing_order", "standing_delivery", "standing_event", "shop_order")
    )
