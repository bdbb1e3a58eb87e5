TEMPLATE = {
    "name": "江浙沪", "charged_by": "weight", "is_default": True,
    "zones": [
        {"regions": ["31", "3301"], "first_units": 1000, "first_fen": 800, "next_units": 500, "next_fen": 200},
        {"regions": ["54"], "is_refused": True},
        {"first_units": 1000, "first_fen": 1200, "next_units": 1000, "next_fen": 500, "free_from_fen": 9900},
    ],
}  # fmt: skip


async def test_an_operator_keeps_templates_tries_them_and_assigns_them(world):
    desk = await world.operator()
    made = await desk.post("/freight-templates", TEMPLATE)
    assert made.status == 201, made
    at = f"/freight-templates/{made.body['id']}"
    assert (await desk.get(f"{at}/fee?region_code=330106&weight_g=1200")).body == {"fee_fen": 1000}
    assert (await desk.get(f"{at}/fee?region_code=440305&weight_g=1200&goods_fen=9900")).body == {
        "fee_fen": 0
    }
    assert (await desk.get(f"{at}/fee?region_code=540102")).code == "not_delivered_there"
    assert (await desk.get(f"{at}/fee?region_code=5401")).status == 422
    changed = await desk.put(at, {**TEMPLATE, "charged_by": "pieces"}, key="change-it-once")
    assert changed.body["charged_by"] == "pieces"
    product = await desk.post(
        "/products", {"name": "龙井", "skus": [{"name": "50克", "price_fen": 100, "stock": 1}]}
    )
    listed = await desk.put(
        f"/products/{product.body['id']}/freight-template", {"template_id": made.body["id"]}
    )
    assert listed.body["items"][0]["product_ids"] == [product.body["id"]]
    twice = {**TEMPLATE, "zones": [{"regions": ["31"]}, {"regions": ["31"]}]}
    assert (await desk.post("/freight-templates", twice)).code == "freight_template_invalid"
    assert (await desk.post("/freight-templates", TEMPLATE)).code == "freight_template_name_taken"
    assert (await desk.ask("DELETE", at)).body["items"] == []
    assert (await desk.ask("DELETE", at)).code == "no_such_freight_template"


async def test_an_operator_has_a_parcel_watched_and_sees_where_it_is(world):
    desk = await world.operator()
    at = "/parcels?carrier=圆通速递&tracking_no=YT9693083639795"
    assert (await desk.get(at)).code == "no_such_parcel"
    watched = await desk.post(
        "/parcels", {"carrier": "圆通速递", "tracking_no": "YT9693083639795", "phone": "13800005678"}
    )
    assert (watched.status, watched.body["state"], watched.body["steps"]) == (200, None, [])
    assert (await desk.get(at)).body == watched.body
