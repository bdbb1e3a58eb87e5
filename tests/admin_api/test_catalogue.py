"""Operators keep the catalogue, and customers see it."""


async def test_a_product_on_axes_with_categories_and_prices_is_kept_and_seen(world):
    desk, phone = await world.operator(), await world.arrive()
    skus = [
        {"specs": ["红"], "price_fen": 2_800, "stock": 3, "code": "R", "weight_g": 120},
        {"specs": ["蓝"], "price_fen": 2_400, "stock": 0, "barcode": "6901234567892"},
    ]
    wish = {"name": "茶杯", "code": "CUP", "axes": [{"name": "颜色", "values": ["红", "蓝"]}], "skus": skus}
    added = await desk.post("/products", wish)
    assert added.status == 201, added
    product, (red, blue) = added.body["id"], added.body["skus"]
    assert (red["name"], red["weight_g"], blue["barcode"]) == ("红", 120, "6901234567892")
    assert (await desk.post("/products", wish)).code == "code_taken"
    wish["skus"][0]["specs"] = ["绿"]
    assert (await desk.post("/products", {**wish, "code": None})).code == "specs_do_not_fit"

    tea = (await desk.post("/categories", {"name": "茶具"})).body
    inner = await desk.post("/categories", {"name": "茶杯", "parent_id": tea["id"]})
    assert inner.status == 201 and inner.body["depth"] == 2
    stands = await desk.put(f"/products/{product}/categories", {"category_ids": [inner.body["id"]]})
    assert stands.body["category_ids"] == [inner.body["id"]]
    assert (await desk.ask("DELETE", f"/categories/{inner.body['id']}")).code == "category_in_use"
    assert [one["name"] for one in (await phone.get("/categories")).body["items"]] == ["茶具", "茶杯"]
    hidden = {"name": "茶具", "is_shown": False}
    assert (await desk.put(f"/categories/{tea['id']}", hidden)).body["is_shown"] is False
    assert (await phone.get("/categories")).body["items"] == []
    assert (
        await desk.put(f"/categories/{tea['id']}", {**hidden, "parent_id": inner.body["id"]})
    ).status == 409

    await desk.put("/stores/west-lake", {"name": "西湖店"})
    rules = f"/skus/{red['id']}/price-rules"
    rule = await desk.post(rules, {"price_fen": 2_500, "store": "west-lake"})
    assert (rule.status, rule.body["created_by"]) == (201, "operator:1")
    assert (await desk.post(rules, {"price_fen": 2_500})).code == "price_rule_for_nothing"
    seen = (await phone.get(f"/products/{product}?store=west-lake")).body
    assert [(one["price_fen"], one["list_fen"], one["price_reason"]) for one in seen["skus"]] == [
        (2_500, 2_800, "store"), (2_400, 2_400, "list"),
    ]  # fmt: skip
    assert seen["axes"] == [{"name": "颜色", "values": ["红", "蓝"]}]
    assert (await phone.get("/products?store=nowhere")).code == "no_such_store"
    ended = await desk.post(f"/price-rules/{rule.body['id']}/end")
    assert ended.body["ended_by"] == "operator:1" and len((await desk.get(rules)).body["items"]) == 1

    one_left = {"axes": [], "skus": [{"id": red["id"], "name": "红杯", "price_fen": 2_900}]}
    changed = await desk.put(f"/products/{product}/skus", one_left)
    assert [(one["id"], one["name"], one["stock"]) for one in changed.body["skus"]] == [
        (red["id"], "红杯", 3)
    ]
    assert (await desk.get(f"/products/{product}")).body == changed.body
    assert (
        await phone.post("/orders", {"lines": [{"sku_id": blue["id"], "quantity": 1}]})
    ).code == "sku_not_for_sale"
