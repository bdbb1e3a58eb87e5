"""The cart, the preview, and an order from one to the other, as a phone sees them."""

import asyncio

from billing import stores
from core import db
from shop import cart, products, products_skus
from tests.world import new_key


async def test_a_cart_is_filled_changed_previewed_and_ordered(world):
    phone = await world.arrive()
    big, small = [await world.sku(price_fen=fen, stock=5) for fen in (2_800, 1_900)]
    await world.give(phone.customer_id, 50_000)
    await asyncio.gather(*(phone.post("/cart", {"sku_id": big}) for _ in range(3)))
    filled = await phone.post("/cart", {"sku_id": small, "quantity": 9})
    assert [(one["sku_id"], one["quantity"], one["in_stock"]) for one in filled.body["lines"]] == [
        (big, 3, True), (small, 9, False),
    ]  # fmt: skip
    assert filled.body["chosen_fen"] == 8_400
    changed = await phone.put(f"/cart/{small}", {"quantity": 2, "chosen": True})
    assert changed.body["chosen_fen"] == 12_200
    lines = [{"sku_id": one["sku_id"], "quantity": one["quantity"]} for one in changed.body["lines"]]
    shown = (await phone.post("/quotes", {"lines": lines})).body
    assert (shown["total_fen"], [one["available"] for one in shown["lines"]]) == (12_200, [5, 5])
    wish = {"lines": lines, "remark": "少冰", "total_fen": shown["total_fen"], "pay_from": "balance"}
    key = new_key()
    placed, again = [await phone.post("/orders", wish, key=key) for _ in range(2)]
    assert (placed.status, placed.body["state"], placed.body["remark"]) == (201, "paid", "少冰"), placed
    assert again.body == placed.body and (await phone.balance())["available_fen"] == 37_800
    assert (await phone.post("/orders", {**wish, "total_fen": 1})).code == "price_changed"
    left = await phone.post("/cart/remove", {"sku_ids": [big, small, 10**9]})
    assert left.body == {"lines": [], "chosen_fen": 0}


async def test_another_specification_takes_the_place_of_one(world):
    phone = await world.arrive()
    one, other, gone = [await world.sku(stock=5) for _ in range(3)]
    await phone.post("/cart", {"sku_id": one, "quantity": 2})
    await phone.post("/cart", {"sku_id": other, "quantity": 1})
    cart_now = await phone.post(f"/cart/{one}/exchange", {"other_sku_id": other})
    assert [(line["sku_id"], line["quantity"]) for line in cart_now.body["lines"]] == [(other, 3)]
    assert (await phone.post(f"/cart/{one}/exchange", {"other_sku_id": other})).code == "not_in_cart"
    await phone.post("/cart", {"sku_id": gone})
    await db.execute(
        "UPDATE product SET state = 'off_shelf' WHERE id = (SELECT product_id FROM sku WHERE id = $1)", gone
    )
    assert (await phone.post("/cart", {"sku_id": gone})).code == "sku_not_for_sale"
    seen = (await phone.get("/cart")).body["lines"]
    assert [(line["sku_id"], line["for_sale"]) for line in seen] == [(other, True), (gone, False)]


async def test_a_cart_is_seen_as_it_would_be_ordered_from_a_store(world):
    phone, desk, sku = await world.arrive(), await world.operator(), await world.sku(price_fen=1_000, stock=1)
    await stores.put("west-lake", name="西湖店")
    await desk.post(f"/skus/{sku}/stock", {"counted": 4, "reason": "盘点", "store": "west-lake"})
    here = await phone.post("/cart?store=west-lake", {"sku_id": sku, "quantity": 3})
    there = await phone.get("/cart")
    assert [(one.body["lines"][0]["available"], one.body["chosen_fen"]) for one in (here, there)] == [
        (4, 3_000), (1, 0),
    ]  # fmt: skip
    assert (await phone.put(f"/cart/{sku}?store=west-lake", {"quantity": 4})).body["chosen_fen"] == 4_000
    assert (await phone.post("/cart?store=nowhere", {"sku_id": sku})).code == "no_such_store"
    assert (await phone.get("/cart?store=west-lake")).body["lines"][0]["quantity"] == 4


async def test_a_withdrawn_specification_is_not_put_into_a_cart(world):
    phone, sku = await world.arrive(), await world.sku()
    product_id = await db.fetchval("SELECT product_id FROM sku WHERE id = $1", sku)
    another = products_skus.Wanted(products.NewSku("100克", 3_000, 1))
    await products_skus.put(1, product_id, (), [another])
    assert (await phone.post("/cart", {"sku_id": sku})).code == "sku_not_for_sale"


async def test_a_cart_holds_so_much_and_no_more_even_at_once(world, monkeypatch):
    monkeypatch.setattr(cart, "MOST_LINES", 3)
    phone, skus = await world.arrive(), [await world.sku() for _ in range(6)]
    answers = await asyncio.gather(*(phone.post("/cart", {"sku_id": sku}) for sku in skus))
    assert sorted(answer.code or "" for answer in answers) == [
        "",
        "",
        "",
        "cart_full",
        "cart_full",
        "cart_full",
    ]
    assert len((await phone.get("/cart")).body["lines"]) == 3


async def test_an_order_too_dear_for_the_balance_is_placed_and_waits(world):
    phone, sku = await world.arrive(), await world.sku(price_fen=2_800)
    wish = {"lines": [{"sku_id": sku, "quantity": 1}], "pay_from": "balance"}
    placed = await phone.post("/orders", wish)
    assert (placed.status, placed.body["state"]) == (201, "placed")
    bigger = {"lines": [{"sku_id": sku, "quantity": 2}], "remark": "改两份"}
    changed = await phone.ask("PATCH", f"/orders/{placed.body['order_no']}", bigger, key=new_key())
    assert (changed.body["total_fen"], changed.body["remark"]) == (5_600, "改两份")
    fewer = {"lines": [{"sku_id": sku, "quantity": 1}]}
    shown = await phone.post(f"/orders/{placed.body['order_no']}/quotes", fewer)
    assert (shown.status, shown.body["total_fen"]) == (200, 2_800)
    same = await phone.ask("PATCH", f"/orders/{placed.body['order_no']}", {"total_fen": 5_600}, key=new_key())
    assert (same.body["total_fen"], same.body["remark"]) == (5_600, "改两份")
    assert (await phone.get("/orders?state=paid")).body["items"] == []
    (one,) = (await phone.get("/orders?state=placed")).body["items"]
    assert one["total_fen"] == 5_600


async def test_the_shop_sends_an_order_in_parcels_and_the_customer_receives_it(world):
    phone, desk, sku = await world.arrive(), await world.operator(), await world.sku(price_fen=1_000, stock=5)
    await world.give(phone.customer_id, 10_000)
    wish = {"lines": [{"sku_id": sku, "quantity": 3}], "pay_from": "balance"}
    order_no = (await phone.post("/orders", wish)).body["order_no"]
    mine = f"/orders/{order_no}"
    assert (await phone.post(f"{mine}/receive")).code == "order_state_forbids"
    assert [one["order_no"] for one in (await desk.get("/orders?state=paid")).body["items"]] == [order_no]
    assert (await desk.post(f"{mine}/confirm", {"note": "已电话确认"})).body["state"] == "confirmed"
    assert (await phone.post(f"{mine}/cancel")).code == "order_state_forbids"
    parcel = {"carrier": "顺丰速运", "tracking_no": "SF1234567890", "lines": [{"sku_id": sku, "quantity": 1}]}
    part = await desk.post(f"{mine}/shipments", parcel)
    assert (part.status, part.body["state"]) == (201, "shipping"), part
    assert (await desk.post(f"{mine}/shipments", parcel)).code == "already_shipped"
    assert (await desk.post(f"{mine}/reject", {"reason": "晚了"})).code == "order_state_forbids"
    rest = await desk.post(f"{mine}/shipments", {"carrier": "圆通速递", "tracking_no": "YT123456"})
    assert rest.body["state"] == "shipped"
    seen = (await phone.get(mine)).body
    assert [event["step"] for event in seen["history"]] == ["place", "pay", "confirm", "ship", "ship"]
    assert [(one["tracking_no"], one["lines"][0]["quantity"]) for one in seen["shipments"]] == [
        ("SF1234567890", 1), ("YT123456", 2),
    ]  # fmt: skip
    assert (await phone.post(f"{mine}/receive")).body["state"] == "completed"
    assert (await phone.ask("DELETE", mine)).status == 204
    assert (await phone.get("/orders")).body["items"] == []
    assert (await desk.get(f"/skus/{sku}/stock")).body["items"][0]["on_hand"] == 2
    moved = (await desk.get(f"/skus/{sku}/stock/movements")).body["items"]
    assert [(one["kind"], one["change"]) for one in moved] == [
        ("shipped", -2),
        ("shipped", -1),
        ("opened", 5),
    ]


async def test_an_operator_cancels_hands_over_and_counts_at_the_desk(world):
    phone, desk, sku = await world.arrive(), await world.operator(), await world.sku(price_fen=1_000, stock=5)
    await world.give(phone.customer_id, 10_000)
    wish = {"lines": [{"sku_id": sku, "quantity": 1}], "pay_from": "balance"}
    first, second = [(await phone.post("/orders", wish)).body["order_no"] for _ in range(2)]
    cancelled = await desk.post(f"/orders/{first}/cancel", {"reason": "缺货"})
    assert (cancelled.body["state"], (await phone.balance())["available_fen"]) == ("cancelled", 9_000)
    handed = await desk.post(f"/orders/{second}/hand-over")
    assert handed.body["state"] == "completed" and handed.body["history"][-1]["by"].startswith("operator:")
    counted = await desk.post(f"/skus/{sku}/stock", {"counted": 9, "reason": "盘点", "low_at": 2})
    assert (counted.body["on_hand"], counted.body["available"], counted.body["low_at"]) == (9, 9, 2)
    assert (await desk.post(f"/skus/{sku}/stock", {"counted": 1, "store": "nowhere"})).code == "no_such_store"
    assert (
        await desk.post(f"/skus/{sku}/stock", {"counted": 1, "change": 1})
    ).code == "stock_counted_or_changed"
