"""Operators say what is offered to whom, and what is set for a customer."""

from tests.world import new_key


async def test_a_package_is_put_on_offer_changed_and_withdrawn(world):
    desk, phone = await world.operator(), await world.arrive()
    assert (await desk.put("/tiers/gold", {"name_zh": "金卡", "name_en": "Gold", "rank": 2})).status == 200
    assert (await desk.put("/stores/west", {"name": "西湖店"})).body["state"] == "open"
    body = {
        "name": "金卡专享", "pay_fen": 20_000, "bonus_fen": 5_000, "tiers": ["gold"], "stores": ["west"],
        "from_at": "2026-01-01T00:00:00+08:00", "until_at": "2036-01-01T00:00:00+08:00", "per_customer": 3,
    }  # fmt: skip
    key = new_key()
    added = await desk.post("/packages", body, key=key)
    assert added.status == 201 and added.body["rules"]["stores"] == ["west"], added
    assert (await desk.post("/packages", body, key=key)).body == added.body
    assert (await desk.post("/packages", {**body, "bonus_fen": 1}, key=key)).code == "idempotency_key_reused"
    (seen,) = (await phone.get("/packages?store=west")).body["items"]
    assert seen["refusal"] == {"code": "package_not_for_tier", "message": "该套餐仅限 金卡 会员购买"}
    refused = await phone.top_up(package_id=added.body["id"], store="west")
    assert (refused.status, refused.code) == (409, "package_not_for_tier")
    assert refused.body["message_en"] == "This package is for Gold members only"
    settings = {"tier": "gold", "is_named": True, "burn_policy": "bonus_first"}
    assert (await desk.put(f"/customers/{phone.customer_id}/settings", settings)).body == settings
    made = await phone.top_up(package_id=added.body["id"], store="west")
    assert (made.status, made.body["store"]) == (201, "west")
    change = {"name": "金卡专享", "active": False}
    path = f"/packages/{added.body['id']}"
    assert (await desk.put(path, change)).body["rules"]["tiers"] is None
    assert (await phone.get("/packages")).body["items"] == []
    assert [row["active"] for row in await desk.all("/packages")] == [False]
    assert (await desk.put(path, {**change, "pay_fen": 1})).code == "invalid_request"
    assert (await desk.put("/packages/404", change)).code == "no_such_package"


async def test_packages_that_cannot_be_are_refused(world):
    desk = await world.operator()
    body = {"name": "套餐", "pay_fen": 100}
    for wrong, code in (
        ({"tiers": ["gold"]}, "no_such_tier"),
        ({"stores": ["west"]}, "no_such_store"),
        ({"from_at": "2026-01-02T00:00:00Z", "until_at": "2026-01-01T00:00:00Z"}, "package_period_reversed"),
        ({"tiers": []}, "invalid_request"),
        ({"per_customer": 0}, "invalid_request"),
        ({"until_at": "9999-12-31T23:59:59Z"}, "invalid_request"),
    ):
        assert (await desk.post("/packages", {**body, **wrong})).code == code
    assert await desk.all("/packages") == []


async def test_a_customers_settings_are_set_with_their_history(world):
    desk, phone = await world.operator(), await world.arrive()
    path = f"/customers/{phone.customer_id}/settings"
    assert (await desk.get(path)).body == {"tier": None, "is_named": False, "burn_policy": "bonus_first"}
    chosen = {"tier": None, "is_named": True, "burn_policy": "principal_first"}
    for _ in range(2):
        assert (await desk.put(path, chosen)).body == chosen
    told = await desk.all(f"{path}/changes", limit=1)
    assert [(row["setting"], row["before"], row["after"]) for row in told] == [
        ("burn_policy", "bonus_first", "principal_first"),
        ("is_named", "false", "true"),
    ]
    assert (await desk.get(f"/customers/{phone.customer_id}")).body["is_named"] is True
    assert (await desk.put(path, {**chosen, "tier": "gold"})).code == "no_such_tier"
    assert (await desk.put("/customers/404/settings", chosen)).code == "no_such_customer"


async def test_tiers_and_stores_are_listed_and_changed_by_their_code(world):
    desk, phone = await world.operator(), await world.arrive()
    for code, rank in (("gold", 2), ("silver", 1), ("gold", 0)):
        await desk.put(f"/tiers/{code}", {"name_zh": "卡", "name_en": "Card", "rank": rank})
    assert [row["code"] for row in (await desk.get("/tiers")).body["items"]] == ["gold", "silver"]
    await desk.put("/stores/west", {"name": "西湖店"})
    await desk.put("/stores/old", {"name": "旧店", "state": "closed"})
    assert [row["code"] for row in (await desk.get("/stores")).body["items"]] == ["west", "old"]
    assert (await phone.get("/stores")).body["items"] == [{"code": "west", "name": "西湖店"}]
    assert (await phone.get("/packages?store=old")).code == "no_such_store"
