"""The shop's settings: chosen by operators on top of the file, checked, in force everywhere, and with a history."""

import asyncio
import json

from billing import shop_settings, terms
from core import db
from members import duties, operators
from tests.world import PASSWORD, Client

ORDERS = {
    "orders_need_review": True, "unpaid_orders_most": 20, "complete_after_days": 3, "after_sales_days": 15, "order_down_payment_percent": 30,
    "included_tax_percent": 0,
}  # fmt: skip
DUNNING = {
    "dunning_retry_days": [2, 4],
    "dunning_partial": True,
    "dunning_grace_days": 7,
    "dunning_suspends": False,
}


async def save(boss, subject, values):
    """As somebody does who has just looked."""
    seen = (await boss.get(f"/shop-settings/{subject}")).body
    return await boss.put(f"/shop-settings/{subject}", {**values, "revision": seen["revision"]})


def test_every_setting_is_one_of_the_terms_and_stands_once():
    names = [
        name for names in (*shop_settings.CHOSEN.values(), *shop_settings.OF_FILE.values()) for name in names
    ]
    assert len(names) == len(set(names)) and set(names) <= set(terms.Terms.__dataclass_fields__)
    protecting = {name for name in names if "approval" in name or "cap" in name or "ceiling" in name}
    assert protecting and not protecting & {name for names in shop_settings.CHOSEN.values() for name in names}


async def test_what_is_chosen_is_in_force_and_what_is_as_the_file_follows_the_file(world):
    boss = await world.operator()
    was = terms.of_file()
    said = await save(boss, "orders", ORDERS)
    assert (said.status, said.body) == (200, ORDERS | {"revision": said.body["revision"]})
    now = terms.current()
    assert (now.orders_need_review, now.complete_after_days, terms.of_file()) == (True, 3, was)
    assert (await save(boss, "dunning", DUNNING)).status == 200
    assert terms.current().dunning_retry_days == (2, 4)
    listed = {one["name"]: one for one in (await boss.get("/shop-settings")).body["items"]}
    mine, other, fixed = (
        listed["complete_after_days"],
        listed["after_sales_days"],
        listed["approval_above_fen"],
    )
    assert (mine["value"], mine["default"], mine["is_chosen"], mine["operator_name"]) == (
        3,
        was.complete_after_days,
        True,
        "店长",
    )
    assert (other["is_chosen"], other["operator_name"], fixed["of_file_alone"]) == (False, None, True)
    now = terms.current()
    terms.use(was)  # as another process, or one that began anew
    await shop_settings.follow()
    assert terms.current() == now
    back = {
        **ORDERS,
        "orders_need_review": was.orders_need_review,
        "complete_after_days": was.complete_after_days,
    }
    assert (await save(boss, "orders", back)).status == 200
    assert terms.current().complete_after_days == was.complete_after_days
    assert await db.fetchval("SELECT value FROM shop_setting WHERE name = 'complete_after_days'") is None


async def test_a_form_shows_what_another_process_was_given_a_moment_ago(world):
    boss, was = await world.operator(), terms.of_file()
    saved = await save(boss, "orders", ORDERS)
    terms.use(was)  # as a process that has not looked since
    assert (await boss.get("/shop-settings/orders")).body == saved.body


async def test_what_cannot_be_is_refused_where_it_stands_and_changes_nothing(world):
    boss = await world.operator()
    wrong = await save(boss, "orders", {**ORDERS, "complete_after_days": 0})
    assert (wrong.status, [one["location"] for one in wrong.body["params"]["faults"]]) == (
        422,
        [["body", "complete_after_days"]],
    )
    empty = {"top_up_min_fen": 500, "top_up_max_fen": 100, "customer_transfers": False}
    refused = await save(boss, "top-ups", empty)
    assert (refused.status, refused.code) == (422, "top_up_range_empty")
    assert await db.fetchval("SELECT count(*) FROM shop_setting") == 0 and terms.current() == terms.of_file()


async def test_who_saves_second_overwrites_nothing_unseen(world):
    boss = await world.operator()
    seen = (await boss.get("/shop-settings/orders")).body
    first = await boss.put("/shop-settings/orders", {**seen, "complete_after_days": 3})
    second = await boss.put("/shop-settings/orders", {**seen, "after_sales_days": 9})
    assert (second.status, second.code) == (409, "settings_changed")
    assert second.body["params"]["now"] == first.body and second.body["params"]["operator_name"] == "店长"
    assert (await boss.get("/shop-settings/orders")).body == first.body, "nothing of it was saved"
    third = await boss.put("/shop-settings/orders", {**first.body, "after_sales_days": 9})
    assert (third.body["complete_after_days"], third.body["after_sales_days"]) == (3, 9)
    again = await boss.put("/shop-settings/orders", {**third.body, "revision": seen["revision"]})
    assert (again.status, again.body) == (200, third.body), "what is so already is harmless"
    back = await boss.put("/shop-settings/orders", {**seen, "revision": third.body["revision"]})
    assert back.body == seen, "the same values are of the same revision"


async def test_a_change_says_what_it_is_a_change_of(world):
    boss = await world.operator()
    without = await boss.put("/shop-settings/orders", ORDERS)
    assert (without.status, without.body["params"]["faults"][0]["location"]) == (422, ["body", "revision"])


async def test_of_several_who_save_at_once_one_does_and_the_others_are_told(world):
    boss = await world.operator()
    for subject, field in (("orders", "complete_after_days"), ("care", "missed_after_days")):
        seen = (await boss.get(f"/shop-settings/{subject}")).body
        said = await asyncio.gather(
            *(boss.put(f"/shop-settings/{subject}", {**seen, field: 21 + n}) for n in range(6))
        )
        (saved,) = (one.body for one in said if one.status == 200)
        assert [one.code for one in said if one.status != 200] == ["settings_changed"] * 5
        assert {one.body["params"]["now"][field] for one in said if one.status != 200} == {saved[field]}
        terms.use(terms.of_file())
        assert (await boss.get(f"/shop-settings/{subject}")).body == saved


async def test_what_a_setting_was_is_told_from_the_acts(world):
    boss = await world.operator()
    for days in (3, 5, 5):
        await save(boss, "orders", {**ORDERS, "complete_after_days": days})
    rows = (await boss.get("/shop-settings/changes?of=complete_after_days")).body["items"]
    assert [(one["before"] and one["before"]["value"], one["after"]["value"]) for one in rows] == [
        (3, 5),
        (None, 3),
    ]
    assert {one["operator_name"] for one in rows} == {"店长"}
    (first, _) = rows
    assert (await boss.get(f"/acts/{first['act_id']}")).body["operation"] == "shop_settings_put_orders"
    await boss.put("/tiers/gold", {"name_zh": "金卡", "name_en": "Gold", "rank": 1})
    (tier,) = (await boss.get("/shop-settings/changes?of=tier")).body["items"]
    assert (tier["before"], tier["after"]["rank"]) == (None, 1)
    tables = {one["of_table"]: one for one in (await boss.get("/shop-settings/rules")).body["items"]}
    assert (tables["tier"]["rows"], tables["tier"]["operator_name"], tables["store"]["operator_name"]) == (
        1,
        "店长",
        None,
    )
    assert (await boss.get("/shop-settings/changes?of=operator")).code == "no_such_setting"


async def test_who_may_see_rules_may_not_change_settings(world):
    await world.operator()
    boss = await world.operator()
    await operators.create(login="au", name="审计", password=PASSWORD, posts=[duties.Post("auditor")])
    desk = Client(world.http, boss._url)
    desk.token = (await desk.post("/login", {"login": "au", "password": PASSWORD})).body["token"]
    assert (await desk.get("/shop-settings")).status == 200
    assert (await save(desk, "orders", ORDERS)).code == "not_your_duty"


async def test_a_setting_of_another_release_is_left_alone(db):
    from core import db as database

    await database.execute("INSERT INTO shop_setting (name, value) VALUES ('gone', $1::jsonb)", json.dumps(1))
    await shop_settings.follow()
    assert terms.current() == terms.of_file()
