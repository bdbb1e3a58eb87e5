"""Operators set what members get: points, coupons, tags, segments, tiers; customers see and use it."""

from datetime import timedelta

from core import clock
from core import db as database
from members import points
from tests import factories
from tests.world import new_key

RULE = {"per_100_yuan": 100, "off_points": 100, "bonus_points": 200, "life_days": 365}


async def test_points_are_ruled_given_and_changed_into_bonus(world):
    desk, phone = await world.operator(), await world.arrive()
    assert (await phone.get("/points")).body == {
        "points": 0, "ending": 0, "ends_at": None, "owed": 0, "rule": None,
    }  # fmt: skip
    assert (await phone.post("/points/bonus", {"points": 10})).code == "no_points"
    early = await desk.post(
        f"/customers/{phone.customer_id}/points/adjustments", {"points": 1, "reason": "r"}
    )
    assert early.code == "no_points"
    ruled = await desk.put("/points-rules", RULE)
    assert ruled.status == 200 and ruled.body["off_share_percent"] == 100, ruled
    assert (await desk.put("/points-rules", {**RULE, "per_100_yuan": -1})).code == "invalid_request"
    path, key = f"/customers/{phone.customer_id}/points", new_key()
    for _ in range(2):
        given = await desk.post(f"{path}/adjustments", {"points": 500, "reason": "开业礼"}, key=key)
        assert (given.status, given.body["points"], given.body["approval_no"]) == (201, 500, None)
    much = await desk.post(f"{path}/adjustments", {"points": 1_000_000, "reason": "r"})
    assert (much.status, much.body["points"], much.body["approval_no"][0]) == (201, 500, "V")
    for wrong, code in ((0, "points_out_of_range"), (-501, "points_short"), ("1", "invalid_request")):
        assert (await desk.post(f"{path}/adjustments", {"points": wrong, "reason": "r"})).code == code
    assert (
        await desk.post("/customers/404/points/adjustments", {"points": 1, "reason": "r"})
    ).code == "no_such_customer"
    made = await phone.post("/points/bonus", {"points": 400})
    assert (made.status, made.body["bonus_fen"]) == (201, 200)
    assert (await phone.post("/points/bonus", {"points": 400})).code == "points_short"
    assert (await phone.post("/points/bonus", {"points": 1})).code == "too_few_points"
    assert (await phone.balance())["bonus_fen"] == 200
    seen = (await phone.get("/points")).body
    assert (seen["points"], seen["rule"]["bonus_points"]) == (100, 200)
    assert [row["kind"] for row in await phone.all("/points/movements", limit=1)] == ["spent", "adjusted"]
    assert [row["operator"] for row in await desk.all(f"{path}/movements")][1].startswith("operator:")
    assert (await desk.get(path)).body["points"] == 100
    assert len(await desk.all("/points-rules")) == 1
    await factories.earn(phone.customer_id, 5_000, "pay:1")
    await phone.post("/points/bonus", {"points": 150})
    async with database.transaction():
        await points.take_back("pay:1", 3_000, 5_000, because="refund:1")
    for seen in (await desk.get(path), await phone.get("/points")):
        assert (seen.body["points"], seen.body["owed"]) == (0, 30)


async def test_coupons_are_offered_claimed_given_and_taken_back(world):
    desk, phone = await world.operator(), await world.arrive()
    now = clock.now()
    body = {
        "name": "满100减10", "kind": "amount", "off_fen": 1_000, "least_fen": 10_000, "per_customer": 1, "code": "TEA100",
        "from_at": now.isoformat(), "until_at": (now + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    key = new_key()
    added = await desk.post("/coupon-templates", body, key=key)
    assert added.status == 201, added
    assert (await desk.post("/coupon-templates", body, key=key)).body == added.body
    assert (await desk.post("/coupon-templates", body)).code == "coupon_code_taken"
    assert (await desk.post("/coupon-templates", {**body, "off_percent": 5})).code == "coupon_terms_wrong"
    assert (await phone.post("/coupons", {"code": "NONE"})).code == "no_such_coupon_code"
    claimed = await phone.post("/coupons", {"code": "TEA100"})
    assert (claimed.status, claimed.body["state"], claimed.body["off_fen"]) == (201, "unused", 1_000)
    assert (await phone.post("/coupons", {"code": "TEA100"})).code == "coupon_had"
    number, template = claimed.body["coupon_no"], f"/coupon-templates/{added.body['id']}"
    assert (await desk.get(template)).body["issued"] == 1
    assert (await phone.get(f"/coupons/{number}")).body == claimed.body
    lines = {"lines": [{"sku_id": await world.sku(price_fen=6_000), "quantity": 1}]}
    (fit,) = (await phone.post("/quotes/savings", lines, key=None)).body["coupons"]
    assert (fit["coupon_no"], fit["off_fen"], fit["refusal"]["code"]) == (number, 0, "coupon_too_little")
    held = f"/customers/{phone.customer_id}/coupons"
    assert (await desk.ask("DELETE", f"{held}/{number}")).body["state"] == "void"
    assert (await desk.ask("DELETE", f"{held}/K0")).code == "no_such_coupon"
    given = await desk.post(held, {"template_id": added.body["id"]})
    assert (given.status, given.body["state"]) == (201, "unused")
    assert [row["coupon_no"] for row in await phone.all("/coupons", limit=1)] == [
        given.body["coupon_no"],
        number,
    ]
    assert len(await desk.all(held)) == 2
    assert [row["state"] for row in (await phone.get("/coupons?state=void")).body["items"]] == ["void"]
    assert (await desk.patch(template, {"active": False, "total": None})).body["active"] is False
    other = await world.arrive()
    assert (await other.post("/coupons", {"code": "TEA100"})).code == "coupons_gone"
    assert (await other.get(f"/coupons/{number}")).code == "no_such_coupon"
    assert (
        await desk.patch("/coupon-templates/404", {"active": True, "total": 1})
    ).code == "no_such_coupon_template"
    assert len(await desk.all("/coupon-templates")) == 1


async def test_segments_are_tried_kept_and_served(world):
    desk, phone, other = await world.operator(), await world.arrive(), await world.arrive()
    tag = await desk.post("/tags", {"name": "爱喝岩茶"})
    assert (tag.status, (await desk.post("/tags", {"name": "爱喝岩茶"})).code) == (201, "tag_exists")
    tags = f"/customers/{phone.customer_id}/tags"
    assert (
        (await desk.put(tags, {"tag_ids": [tag.body["id"]]})).body["tags"]
        == (await desk.get(tags)).body["tags"]
        != []
    )
    assert (await desk.put(tags, {"tag_ids": [404]})).code == "no_such_tag"
    rule = {"what": "all", "of": [{"what": "tag", "tag_id": tag.body["id"]}, {"what": "joined", "days": 30}]}
    assert (await desk.post("/segments/preview", {"rule": rule})).body == {"customers": 1, "reachable": 0}
    for wrong in ({"what": "sql"}, {"what": "joined", "days": "1"}, {}):
        assert (await desk.post("/segments/preview", {"rule": wrong})).code == "invalid_request"
    made = await desk.post("/segments", {"name": "岩茶客", "rule": rule})
    assert (made.status, made.body["rule"]) == (201, rule)
    path = f"/segments/{made.body['id']}"
    assert [row["id"] for row in await desk.all(f"{path}/customers")] == [phone.customer_id]
    everybody = {"what": "any", "of": [rule, {"what": "not", "of": rule}]}
    assert (await desk.put(path, {"name": "所有人", "rule": everybody})).body["name"] == "所有人"
    assert [row["id"] for row in await desk.all(f"{path}/customers", limit=1)] == [
        phone.customer_id,
        other.customer_id,
    ]
    run = await desk.post(f"{path}/messages", {"text": "周末新茶到店"})
    assert (run.status, run.body["state"]) == (201, "running")
    assert (await desk.post(f"/segment-runs/{run.body['run_no']}/stop", key=None)).body["state"] == "stopped"
    assert (await desk.get(f"/segment-runs/{run.body['run_no']}")).body["text"] == "周末新茶到店"
    assert (await desk.post(f"{path}/coupons", {"template_id": 404})).code == "no_such_coupon_template"
    assert (await desk.post("/segments/404/messages", {"text": "x"})).code == "no_such_segment"
    assert (await desk.get("/segment-runs/D0")).code == "no_such_segment_run"
    assert (
        len(await desk.all("/segment-runs"))
        == len(await desk.all("/segments"))
        == len(await desk.all("/tags"))
        == 1
    )


async def test_a_customer_keeps_a_profile_and_addresses(world):
    desk, phone = await world.operator(), await world.arrive()
    seen = (await phone.get("/profile")).body
    assert (seen["phone"], seen["identities"], seen["birthday_free_at"]) == (None, ["mini_program"], None)
    change = {"name": "小林", "locale": "en", "birthday": "1990-02-28"}
    assert (await phone.put("/profile", change)).body["birthday"] == "1990-02-28"
    assert (await phone.put("/profile", {**change, "birthday": None})).code == "birthday_fixed"
    assert (await phone.put("/profile", {**change, "locale": "fr"})).code == "invalid_request"
    home = {
        "recipient": "林小姐", "phone": "13800000001", "region_code": "440106", "province": "广东省", "city": "广州市",
        "district": "天河区", "detail": "体育西路1号",
    }  # fmt: skip
    key = new_key()
    kept = await phone.post("/addresses", home, key=key)
    assert (kept.status, kept.body["is_default"]) == (201, True)
    assert (await phone.post("/addresses", home, key=key)).body == kept.body
    assert (await phone.post("/addresses", {**home, "region_code": "990000"})).code == "region_unknown"
    elsewhere = await phone.post("/addresses", {**home, "region_code": "330106"})
    assert (elsewhere.code, elsewhere.body["params"]["province"]) == ("region_elsewhere", "浙江")
    assert (await phone.post("/addresses", {**home, "phone": "12345"})).code == "phone_not_usable"
    path = f"/addresses/{kept.body['id']}"
    assert (await phone.put(path, {**home, "label": "家"})).body["label"] == "家"
    stranger = await world.arrive()
    assert (await stranger.get(path)).code == (await stranger.put(path, home)).code == "no_such_address"
    (seen,) = (await desk.get(f"/customers/{phone.customer_id}/addresses")).body["items"]
    assert (seen["recipient"], seen["phone"], seen["detail"]) == ("林小姐", "138****0001", "体育西路1号")
    assert (await stranger.ask("DELETE", path)).status == (await phone.ask("DELETE", path)).status == 204
    assert (await phone.get("/addresses")).body["items"] == []


async def test_a_customer_sees_how_far_the_next_tier_is(world):
    desk, phone = await world.operator(), await world.arrive()
    body = {"name_zh": "金卡", "name_en": "Gold", "rank": 1, "spend_fen": 10_000, "points_percent": 150}
    assert (await desk.put("/tiers/gold", body)).body == {
        **body,
        "code": "gold",
        "window_days": 365,
        "keep_days": 365,
    }
    seen = (await phone.get("/tier", locale="en")).body
    assert (seen["tier"], seen["next_tier"]["name"], seen["next_fen"], seen["spent_fen"]) == (
        None,
        "Gold",
        10_000,
        0,
    )
