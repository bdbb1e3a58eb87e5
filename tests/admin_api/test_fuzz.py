import asyncio
from datetime import timedelta

import pytest

from admin_api import routes
from core import clock
from shop import bookables
from tests import fuzzing
from tests.world import new_key

SIGNING_OUT = frozenset(
    {
        "operators_sign_out", "staff_sign_out", "staff_password", "staff_end_my_session", "staff_end_session", "staff_reset_second_factor",
    }
)  # fmt: skip
"""These would end the session of all that follow."""


@pytest.mark.timeout(300 + 60 * fuzzing.EXAMPLES)
async def test_no_input_makes_the_operators_api_fail(world, caplog):
    desk, phone = await world.operator(), await world.arrive()
    sku_id = await world.sku()
    payment = (await phone.top_up(amount_fen=100)).body["payment"]
    offer = await world.offer()
    plan = await phone.post("/plans", {"offer_id": offer.id, "consent_version": "v1"})
    wish = {"lines": [{"sku_id": sku_id, "quantity": 1}], "schedule": {"every": "day"}, "most_fen": 9_000}
    standing = (await phone.post("/standing-orders", {**wish, "consent_version": "1"})).body
    lesson = bookables.Wanted("茶艺课", sku_id, "at_attendance", (bookables.Time(1, "12:00", 60, 50),))
    lesson = await bookables.add(1, lesson, key=new_key())
    slot_id = await bookables.put_slot(lesson.id, clock.now() + timedelta(days=3), minutes=60, capacity=50)
    booking = (await phone.post("/bookings", {"slot_id": slot_id})).body
    ticket = (await phone.post("/tickets", {"kind": "feedback", "content": "茶很好"})).body
    conversation = (await desk.post(f"/customers/{phone.customer_id}/conversations")).body
    known = {
        "ticket_no": ticket["ticket_no"],
        "conversation_id": conversation["id"],
        "standing_id": standing["id"],
        "bookable_id": lesson.id,
        "booking_no": booking["booking_no"],
        "offer_id": offer.id,
        "plan_id": plan.body["plan_id"],
        "customer_id": phone.customer_id,
        "product_id": 1,
        "sku_id": sku_id,
        "payment_no": payment["payment_no"],
    }
    headers = {"Authorization": f"Bearer {desk.token}"}
    seen = await asyncio.to_thread(
        fuzzing.attack, routes.API, world.url, headers=headers, known=known, skip=SIGNING_OUT
    )
    assert {200, 201, 404, 422} <= seen
    assert "does not list" not in caplog.text


@pytest.mark.timeout(300 + 10 * fuzzing.WALKS)
async def test_no_walk_along_its_links_makes_it_fail(world, caplog):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 5_000_000)
    known = {
        "customer_id": phone.customer_id, "sku_id": await world.sku(stock=100_000), "amount_fen": 300, "quantity": 1,
        **dict.fromkeys(("cursor", "store", "parent_id", "code", "barcode", "axes", "specs", "product_ids", "category_ids")),
    }  # fmt: skip
    for nth in range(3):
        await desk.post(f"/customers/{phone.customer_id}/bills", {"amount_fen": 900, "title": f"会费{nth}"})
        await phone.post(
            "/orders", {"lines": [{"sku_id": known["sku_id"], "quantity": 1}], "pay_from": "balance"}
        )
    headers = {"Authorization": f"Bearer {desk.token}"}
    followed = await asyncio.to_thread(
        fuzzing.wander, routes.API, world.url, headers=headers, known=known, skip=SIGNING_OUT
    )
    assert fuzzing.have_led_somewhere(followed), followed
    assert "does not list" not in caplog.text
