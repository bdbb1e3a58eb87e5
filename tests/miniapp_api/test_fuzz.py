import asyncio
from datetime import timedelta

import pytest

from core import clock
from miniapp_api import routes
from shop import bookables
from tests import fuzzing
from tests.world import new_key


@pytest.mark.timeout(300 + 60 * fuzzing.EXAMPLES)
async def test_no_input_makes_the_mini_programs_api_fail(world, caplog):
    phone = await world.arrive()
    await world.package()
    await world.give(phone.customer_id, 50_000)
    sku_id, offer = await world.sku(stock=100_000), await world.offer()
    order = (await phone.post("/orders", {"lines": [{"sku_id": sku_id, "quantity": 1}]})).body
    plan = (await phone.post("/plans", {"offer_id": offer.id, "consent_version": "v1"})).body
    top_up = (await phone.top_up(amount_fen=100)).body
    wish = {"lines": [{"sku_id": sku_id, "quantity": 1}], "schedule": {"every": "day"}, "most_fen": 9_000}
    standing = (await phone.post("/standing-orders", {**wish, "consent_version": "1"})).body
    lesson = bookables.Wanted("茶艺课", sku_id, "at_booking", (bookables.Time(1, "12:00", 60, 50),))
    lesson = await bookables.add(1, lesson, key=new_key())
    slot_id = await bookables.put_slot(lesson.id, clock.now() + timedelta(days=3), minutes=60, capacity=50)
    booking = (await phone.post("/bookings", {"slot_id": slot_id})).body
    known = {
        "order_no": order["order_no"],
        "bill_no": order["bill_no"],
        "top_up_no": top_up["top_up_no"],
        "plan_id": plan["plan_id"],
        "product_id": 1,
        "standing_id": standing["id"],
        "bookable_id": lesson.id,
        "booking_no": booking["booking_no"],
    }
    headers = {"Authorization": f"Bearer {phone.token}"}
    seen = await asyncio.to_thread(fuzzing.attack, routes.API, world.url, headers=headers, known=known)
    assert {200, 201, 404, 422} <= seen
    assert "does not list" not in caplog.text


@pytest.mark.timeout(300 + 10 * fuzzing.WALKS)
async def test_no_walk_along_its_links_makes_it_fail(world, caplog):
    phone = await world.arrive()
    await world.package()
    await world.give(phone.customer_id, 5_000_000)
    known = {
        "sku_id": await world.sku(stock=100_000), "offer_id": (await world.offer()).id, "consent_version": "v1", "quantity": 1,
        "channel": "wechat_pay", "method": "native", "amount_fen": 700, "points": 0, "region_code": "330106",
        "province": "浙江省", "city": "杭州市", "district": "西湖区", "phone": "13800138000",
        **dict.fromkeys(("cursor", "store", "address_id", "coupon_nos", "total_fen", "package_id")),
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {phone.token}"}
    followed = await asyncio.to_thread(fuzzing.wander, routes.API, world.url, headers=headers, known=known)
    assert fuzzing.have_led_somewhere(followed), followed
    assert "does not list" not in caplog.text
