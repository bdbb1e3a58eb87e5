import asyncio

import pytest

from billing import deductions
from tests.world import new_key


async def adjust(desk, customer_id, amount_fen, *, kind="principal", reason="补偿", **more):
    body = {"kind": kind, "amount_fen": amount_fen, "reason": reason}
    return await desk.post(f"/customers/{customer_id}/adjustments", body, **more)


async def test_customers_are_found_by_name_and_id_with_their_balance(world):
    desk, one, other = await world.operator(), await world.arrive(), await world.arrive()
    await world.give(one.customer_id, 1_000, kind="bonus")
    listed = await desk.all("/customers")
    assert [row["id"] for row in listed] == [other.customer_id, one.customer_id]
    found = (await desk.get(f"/customers?query={one.customer_id}")).body["items"]
    assert one.customer_id in [row["id"] for row in found]  # a name may have that digit too
    assert (await desk.get("/customers?query=%25")).body["items"] == []
    shown = (await desk.get(f"/customers/{one.customer_id}")).body
    assert (shown["balance"]["bonus_fen"], shown["state"]) == (1_000, "active")
    for path in ("/customers/404", "/customers/404/changes"):
        refused = await desk.get(path)
        assert (refused.status, refused.code) == (404, "no_such_customer")


async def test_an_adjustment_changes_the_balance_and_names_its_operator(world):
    desk, phone = await world.operator(), await world.arrive()
    assert (await adjust(desk, phone.customer_id, 1_000)).body["balance"]["principal_fen"] == 1_000
    after = await adjust(desk, phone.customer_id, -300, reason="多充了")
    assert (after.status, after.body["balance"]["available_fen"], after.body["approval_no"]) == (
        201,
        700,
        None,
    )
    newest = (await desk.get(f"/customers/{phone.customer_id}/changes?limit=1")).body["items"][0]
    assert (newest["operator"], newest["memo"], newest["principal_fen"]) == ("operator:1", "多充了", -300)


async def test_one_click_adjusts_once(world):
    desk, phone, key = await world.operator(), await world.arrive(), new_key()
    answers = await asyncio.gather(*(adjust(desk, phone.customer_id, 100, key=key) for _ in range(4)))
    assert {answer.status for answer in answers} == {201}
    assert (await phone.balance())["principal_fen"] == 100
    assert (await adjust(desk, phone.customer_id, 200, key=key)).code == "idempotency_key_reused"
    assert (await adjust(desk, phone.customer_id, 200, key=None)).code == "idempotency_key_required"


@pytest.mark.parametrize(
    ("amount_fen", "kind", "code"),
    [
        (0, "principal", "adjustment_out_of_range"),
        (-1, "principal", "insufficient_balance"),
        (-1, "bonus", "insufficient_balance"),
        (10**15, "principal", "invalid_request"),
        (1, "gold", "invalid_request"),
    ],
)
async def test_adjustments_that_cannot_be_are_refused(world, amount_fen, kind, code):
    desk, phone = await world.operator(), await world.arrive()
    assert (await adjust(desk, phone.customer_id, amount_fen, kind=kind)).code == code
    assert (await phone.balance())["balance_fen"] == 0


async def test_bonus_is_no_help_when_principal_is_to_be_taken(world):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 500, kind="bonus")
    await world.give(phone.customer_id, 30)
    refused = await adjust(desk, phone.customer_id, -100)
    assert refused.body["message"] == "余额不足：可用 0.30 元，需要 1.00 元"


async def test_balances_that_the_books_cannot_hold_are_refused(world):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 10**14)
    refused = await adjust(desk, phone.customer_id, 1)
    assert (refused.status, refused.code) == (422, "adjustment_out_of_range")


async def test_nobody_is_adjusted_who_does_not_exist(world):
    refused = await adjust(await world.operator(), 404, 100)
    assert (refused.status, refused.code) == (404, "no_such_account")


async def test_products_are_added_changed_and_taken_off_the_shelf(world):
    desk, phone = await world.operator(), await world.arrive()
    skus = [
        {"name": "大杯", "price_fen": 2_800, "stock": 3},
        {"name": "中杯", "price_fen": 2_400, "stock": 0},
    ]
    added = await desk.post("/products", {"name": "茉莉奶绿", "skus": skus})
    assert added.status == 201, added
    product, (big, _) = added.body["id"], added.body["skus"]
    changed = await desk.patch(f"/skus/{big['id']}", {"price_fen": 3_000})
    assert (changed.body["price_fen"], changed.body["stock"]) == (3_000, 3)
    assert (await phone.get(f"/products/{product}")).body["skus"][0]["price_fen"] == 3_000
    off = await desk.patch(f"/products/{product}", {"state": "off_shelf"})
    assert (off.body["state"], off.body["name"]) == ("off_shelf", "茉莉奶绿")
    assert await phone.all("/products") == []
    assert len(await desk.all("/products")) == 1
    assert (await desk.patch("/products/404", {"name": "x"})).code == "no_such_product"
    assert (await desk.patch(f"/skus/{big['id']}", {"stock": 9})).code == "invalid_request"  # sold meanwhile
    assert (await desk.patch("/skus/404", {"weight_g": 1})).code == "no_such_sku"


async def test_what_is_due_and_unpaid_is_listed(world):
    desk, phone, offer = await world.operator(), await world.arrive(), await world.offer()
    await phone.post("/plans", {"offer_id": offer.id, "consent_version": offer.consent_version})
    await deductions.run_due()
    (due,) = await desk.all("/bills/due")
    assert (due["customer_id"], due["amount_fen"], due["state"]) == (phone.customer_id, 3_000, "open")


async def test_an_operator_asks_the_channel_about_a_payment(world):
    desk, phone = await world.operator(), await world.arrive()
    world.misbehave("wechat_pay.notify.queue", "lose")
    payment = (await phone.top_up(amount_fen=100)).body["payment"]
    path = f"/payments/{payment['payment_no']}/ask"
    assert (await desk.post(path)).body["outcome"] == "waiting"
    await phone.pay(payment)
    asked = (await desk.post(path)).body
    assert (asked["outcome"], asked["payment"]["state"]) == ("credited", "paid")
    assert (await desk.post(path)).body["outcome"] == "repeated"
    assert [row["payment_no"] for row in (await desk.get("/payments?state=paid")).body["items"]] == [
        payment["payment_no"]
    ]
    assert (await desk.get("/payments?state=prepared")).body["items"] == []
    assert (await desk.post("/payments/NOBODYS1/ask")).code == "no_such_payment"


async def test_a_channel_that_does_not_answer_is_said_so(world):
    desk, phone = await world.operator(), await world.arrive()
    payment = (await phone.top_up(amount_fen=100)).body["payment"]
    world.misbehave("wechat_pay.*", "500_before", times=0)
    refused = await desk.post(f"/payments/{payment['payment_no']}/ask")
    assert (refused.status, refused.code) == (503, "channel_unavailable")


async def test_the_books_are_proven_on_request(world):
    desk, phone = await world.operator(), await world.arrive()
    await world.give(phone.customer_id, 1_000)
    assert (await desk.post("/proof")).body == {"balanced": True, "violations": []}
    assert (await desk.get("/jobs")).body["items"] == []
