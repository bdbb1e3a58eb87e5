import asyncio

import pytest

from miniapp_api import routes
from tests import fuzzing


@pytest.mark.timeout(300)
async def test_no_input_makes_the_mini_programs_api_fail(world, caplog):
    phone = await world.arrive()
    await world.package()
    await world.give(phone.customer_id, 50_000)
    sku_id, offer = await world.sku(stock=100_000), await world.offer()
    order = (await phone.post("/orders", {"lines": [{"sku_id": sku_id, "quantity": 1}]})).body
    plan = (await phone.post("/plans", {"offer_id": offer.id, "consent_version": "v1"})).body
    top_up = (await phone.top_up(amount_fen=100)).body
    known = {
        "order_no": order["order_no"],
        "bill_no": order["bill_no"],
        "top_up_no": top_up["top_up_no"],
        "plan_id": plan["plan_id"],
        "product_id": 1,
    }
    headers = {"Authorization": f"Bearer {phone.token}"}
    seen = await asyncio.to_thread(fuzzing.attack, routes.API, world.url, headers=headers, known=known)
    assert {200, 201, 404, 422} <= seen
    assert "does not list" not in caplog.text
