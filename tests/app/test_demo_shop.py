"""The demo's shop is written whole, also where a start was cut off, and its member's six weeks add up."""

from __future__ import annotations

import pytest

from app import config, demo_catalogue, demo_settings, demo_shop
from billing import bill_records, statements, terms
from core import clock, db
from gateways import objects
from members import customers
from shop import bookables, bookings_shown, cart, images, order_instalments, orders, standing_shown

COUNTED = (
    "product",
    "sku",
    "product_image",
    "category",
    "freight_template",
    "coupon_template",
    "coupon",
    "recharge_package",
    "plan_offer",
    "plan",
    "bookable",
    "booking_slot",
    "booking",
    "arrangement",
    "standing_order",
    "price_rule",
    "delivery_address",
    "shipment",
    "top_up",
    "operator",
    "opening_hours",
)


class CutOff(BaseException):
    """Somebody presses Ctrl-C while the shop is written."""


@pytest.fixture
def load(db, tmp_path):
    known = []
    terms.use(config.Money(**demo_settings.MONEY).terms())

    async def arrive():
        if not known:
            known.append((await customers.create(name="微信用户")).id)
        return known[0]

    async def run():
        await demo_shop.load(objects.Directory(tmp_path), arrive)
        return known[0]

    return run


async def test_a_start_that_was_cut_off_anywhere_is_made_whole_by_the_next(load, monkeypatch):
    cuts = ((images, "add", 5), (orders, "place_and_pay", 2), (order_instalments, "agree", 1))
    for room, name, nth in cuts:
        with monkeypatch.context() as patched:
            patched.setattr(room, name, _cut_off_at(nth, getattr(room, name)))
            with pytest.raises(CutOff):
                await load()
        assert clock.now() > await db.fetchval("SELECT max(created_at) FROM product")
    member = await load()
    whole = await _counts()
    assert whole["product"] == 17 and whole["operator"] == 2 and whole["shipment"] == 2
    account = await statements.account(await customers.get(member))
    lesson_fen, party_fen, pot_fen = 9_900, 3_000, 8_040
    assert (
        account.balance_fen == 60_000 - 15_600 - 11_700 - 10_400 + 23_000 - lesson_fen - party_fen - pot_fen
    )
    assert len((await cart.read(member)).lines) == 3
    [lesson, brush] = await bookables.page()
    assert len(lesson.timetable) == 3 and whole["booking_slot"] >= 5 * (bookables.DAYS_AHEAD // 7)
    assert (lesson.pays, brush.pays) == ("at_booking", "at_attendance")
    [booked] = await bookings_shown.page(member)
    assert (booked.name, booked.state) == (
        demo_catalogue.LESSON,
        "booked",
    ) and booked.free_until > clock.now()
    in_parts = [
        [part.state for part in (await bill_records.read(one.bill_no, customer_id=member)).instalments]
        for one in await bill_records.page(member, states=["partly_paid"])
    ]
    assert in_parts == [["paid", "open", "open"], ["paid", "overdue", "open"]]
    [standing] = await standing_shown.page(customer_id=member)
    assert standing.expected_fen == 1_800 + 600 <= standing.most_fen
    await load()
    assert await _counts() == whole


def _cut_off_at(nth, real):
    calls = []

    async def act(*given, **more):
        calls.append(1)
        if len(calls) == nth:
            raise CutOff
        return await real(*given, **more)

    return act


async def _counts():
    return {table: await db.fetchval(f'SELECT count(*) FROM "{table}"') for table in COUNTED}
