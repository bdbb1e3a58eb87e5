import asyncio

import pytest

from admin_api import routes
from tests import fuzzing


@pytest.mark.timeout(300)
async def test_no_input_makes_the_operators_api_fail(world, caplog):
    desk, phone = await world.operator(), await world.arrive()
    sku_id = await world.sku()
    payment = (await phone.top_up(amount_fen=100)).body["payment"]
    offer = await world.offer()
    plan = await phone.post("/plans", {"offer_id": offer.id, "consent_version": "v1"})
    known = {
        "offer_id": offer.id,
        "plan_id": plan.body["plan_id"],
        "customer_id": phone.customer_id,
        "product_id": 1,
        "sku_id": sku_id,
        "payment_no": payment["payment_no"],
    }
    headers = {"Authorization": f"Bearer {desk.token}"}
    signing_out = frozenset(  # would end the session of all that follow
        {"operators_sign_out", "staff_sign_out", "staff_password"}
    )
    seen = await asyncio.to_thread(
        fuzzing.attack, routes.API, world.url, headers=headers, known=known, skip=signing_out
    )
    assert {200, 201, 404, 422} <= seen
    assert "does not list" not in caplog.text
