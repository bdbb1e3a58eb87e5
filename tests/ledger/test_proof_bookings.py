"""Bookings and places that do not agree are named, in the whole and in what is new."""

from core import db as database
from shop import booking_ends
from tests import factories
from tests.billing import planning
from tests.ledger import breaking
from tests.shop.test_bookings import at, booked, by, lesson

BREAKING = {
    "a place too many": ("I28", "UPDATE booking_slot SET taken = taken + 1, capacity = capacity + 1"),
    "a booking comes back": (
        "I28",
        "UPDATE booking SET state = 'no_show' WHERE state = 'cancelled'",
    ),
    "another price": ("I28", "UPDATE booking SET price_fen = price_fen + 1"),
    "another bill": ("I28", "UPDATE booking SET bill_no = 'B0' || id WHERE bill_no IS NOT NULL"),
    "not billed for it": ("I28", "UPDATE bill SET source = 'manual:' || id WHERE source LIKE 'booking:%'"),
    "another customer": (
        "I28",
        "UPDATE bill SET customer_id = (SELECT min(id) FROM customer) WHERE source LIKE 'booking:%'",
    ),
    "not counted": ("I28", "DELETE FROM plan_usage"),
}


async def busy():
    await factories.customer()
    customer = await factories.customer(principal=9_000)
    _, (slot, *_) = await lesson()
    await booked(customer, slot)
    gone = await booked(await factories.customer(principal=9_000), slot)
    await booking_ends.cancel(planning.SHOP, gone, key=factories.key())
    plan_id = await planning.start(customer, "monthly", 1_000, unit="节", most_fen=20_000)
    offer_id = await database.fetchval("SELECT offer_id FROM plan WHERE id = $1", plan_id)
    _, (used, *_) = await lesson(pays="at_attendance", plan_offer_id=offer_id)
    came = await booked(customer, used, by(customer))
    at(used.starts_at)
    await booking_ends.mark(1, came, "attended", key=factories.key())


async def test_every_way_to_break_them_is_named(db):
    mark = await breaking.marked_between(busy)
    assert await breaking.missed(BREAKING, mark) == []
    await breaking.whole_on_both_sides(mark, ("booking", "booking_slot", "booking_event", "bill"))
