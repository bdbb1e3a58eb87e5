"""Roles that a shop composes: what they allow, that they hold at once, and that nobody gets more by them than who gave them has."""

import asyncio
import re
from dataclasses import replace

import pytest

from admin_api import routes
from core import db as database
from members import duties, operators, sign_in_rules
from tests.admin_api.test_duties import LEAVES, _unlimited
from tests.world import PASSWORD, Client, new_key

EVENING = {
    "name": "晚班组长",
    "duties": ["customers.see", "money.see", "orders.see", "orders.serve", "people.see"],
}


async def signed_in(world, login, password=PASSWORD):
    desk = Client(world.http, f"{world.url}/admin/v1")
    desk.token = (await desk.post("/login", {"login": login, "password": password}, key=None)).body["token"]
    return desk


async def composed(boss, **terms):
    made = await boss.post("/roles", {**EVENING, **terms})
    assert made.status == 201, made
    return made.body["role"]


async def holding(world, role, login="li", store=None):
    """Somebody who has this role, signed in."""
    await operators.create(login=login, name="小李", password=PASSWORD, posts=[duties.Post(role, store)])
    return await signed_in(world, login)


async def test_a_role_is_composed_once_given_changed_at_once_and_retired(world):
    boss, key = await world.operator(), new_key()
    made = await boss.post("/roles", {**EVENING, "limits": {"counter": {"most_fen": 5_000}}}, key=key)
    assert (
        await boss.post("/roles", {**EVENING, "limits": {"counter": {"most_fen": 5_000}}}, key=key)
    ).body == made.body
    assert (made.body["name"], made.body["duties"], made.body["holders"]) == (
        "晚班组长",
        EVENING["duties"],
        0,
    )
    assert made.body["limits"]["counter"] == {"most_fen": 5_000, "day_fen": None}
    role = made.body["role"]
    for taken in ("晚班组长", " 晚班组长 ", "Owner", "店主", "cashier"):
        assert (await boss.post("/roles", {**EVENING, "name": taken})).code == "role_name_taken", taken
    assert (
        await boss.post("/roles", {**EVENING, "name": "x", "duties": ["everything"]})
    ).code == "invalid_request"
    desk = await holding(world, role)
    me = (await desk.get("/me")).body
    assert set(me["duties"]) == set(EVENING["duties"])
    assert me["posts"] == [{"role": role, "store": None, "role_name": "晚班组长"}]
    assert (await desk.get("/customers")).status == 200
    fewer = {**EVENING, "name": "早班组长", "duties": ["orders.see"]}
    assert (await boss.put(f"/roles/{role}", fewer)).body["duties"] == ["orders.see"]
    assert (await desk.get("/customers")).code == "not_your_duty"
    assert (await desk.get("/orders")).status == 200
    held = await boss.post(f"/roles/{role}/retire")
    assert (held.status, held.code, held.body["params"]["holders"]) == (409, "role_held", 1)
    await boss.put(f"/operators/{me['id']}/posts", {"posts": []})
    for _ in range(2):
        assert (await boss.post(f"/roles/{role}/retire")).body["state"] == "retired"
    assert (
        await boss.put(f"/operators/{me['id']}/posts", {"posts": [{"role": role}]})
    ).code == "no_such_post_role"
    assert (await boss.put(f"/roles/{role}", fewer)).code == "role_state_forbids"
    assert (await boss.get("/roles/r999")).code == "no_such_role"
    assert [one["role"] for one in await boss.all("/roles")] == [*duties.FIXED, role]
    again = await composed(boss, name="早班组长")
    assert again != role
    (*_, change) = (await boss.get("/acts?operation=roles_change")).body["items"]
    (noted,) = (await boss.get(f"/acts/{change['id']}")).body["changes"]
    assert (noted["of_table"], noted["before"]["name"], noted["after"]["name"]) == (
        "operator_role",
        "晚班组长",
        "早班组长",
    )


async def test_a_role_of_ones_own_opens_exactly_its_operations(world, monkeypatch):
    """The matrix of ``test_duties``, of a role that no fixed one is like."""
    boss = await world.operator()
    granted = {"money.move", "books.see", "stock.change", "people.see", "messages.change"}
    desk = await holding(world, await composed(boss, duties=sorted(granted)))
    monkeypatch.setattr(world.runtime.limiter, "spend", _unlimited)
    wrong = []
    for route in routes.API.routes:
        if route.operation_id in LEAVES:
            continue
        path = re.sub(r"\{[a-z_]+\}", "999999999", route.path)
        answer = await desk.ask(route.method, path, {}, key=new_key())
        refused = (answer.status, answer.code) == (403, "not_your_duty")
        if refused == (route.duty is None or route.duty in granted) or answer.status >= 500:
            wrong.append((route.operation_id, answer.status, answer.code))
    assert not wrong


async def test_in_one_store_it_is_good_for_what_belongs_to_stores(world):
    boss = await world.operator()
    await boss.put("/stores/xihu", {"name": "西湖店"})
    role = await composed(boss, duties=["orders.see", "money.take", "money.move", "rules.change"])
    desk = await holding(world, role, store="xihu")
    assert set((await desk.get("/me")).body["duties"]) == {"orders.see", "money.take"}
    assert (await desk.get("/approvals")).code == "not_your_duty"


async def test_a_duty_that_this_version_does_not_know_allows_nothing_and_is_named(world):
    boss = await world.operator()
    role = await composed(boss)
    await database.execute(
        "UPDATE operator_role SET duties = '{orders.see,drones.fly}' WHERE code = $1", role
    )
    desk = await holding(world, role)
    assert (await desk.get("/me")).body["duties"] == ["orders.see"]
    shown = (await boss.get(f"/roles/{role}")).body
    assert (shown["duties"], shown["unknown_duties"]) == (["orders.see"], ["drones.fly"])


LIMITS = {
    "refunds": {"most_fen": 10_000},
    "adjustments": {"most_fen": 10_000},
    "write_offs": {"most_fen": 0},
    "gifts": {"most_fen": 0},
}


@pytest.fixture
async def deputy(world):
    """Somebody who manages people, has few other duties, and moves no more than 100 yuan of refunds."""
    boss = await world.operator()
    role = await composed(
        boss,
        name="人事",
        duties=["people.see", "people.change", "money.see", "money.move", "orders.see", "orders.serve"],
        limits=LIMITS,
    )
    desk = await holding(world, role, login="renshi")
    desk.boss, desk.role = boss, role
    desk.id = (await desk.get("/me")).body["id"]
    return desk


async def test_nobody_gives_what_they_have_not_got(deputy):
    me = f"/operators/{deputy.id}/posts"
    new = {"login": "wang", "name": "王", "password": PASSWORD}
    beyond = [
        await deputy.put(me, {"posts": [{"role": "owner"}]}),
        await deputy.put(me, {"posts": [{"role": deputy.role}, {"role": "cashier"}]}),
        await deputy.post("/operators", {**new, "posts": [{"role": "owner"}]}),
        await deputy.post("/operators", {**new, "posts": [{"role": "accountant"}]}),
        await deputy.post("/roles", {"name": "全部", "duties": sorted(duties.DUTIES)}),
        await deputy.post("/roles", {"name": "退款", "duties": ["money.move"]}),
        await deputy.put(
            f"/roles/{deputy.role}",
            {"name": "人事", "duties": ["people.change", "rules.change"], "limits": LIMITS},
        ),
        await deputy.put(
            f"/roles/{deputy.role}", {"name": "人事", "duties": ["people.change", "money.move"]}
        ),
        await deputy.put(
            f"/roles/{deputy.role}/limits", {"limits": {**LIMITS, "refunds": {"most_fen": 10_001}}}
        ),
        await deputy.put(f"/roles/{deputy.role}/limits", {"limits": {}}),
        await deputy.put("/roles/manager/limits", {"limits": {}}),
        await deputy.put("/roles/cashier/limits", {"limits": {"counter": {"most_fen": 1}}}),
    ]
    assert [(one.status, one.code) for one in beyond] == [(403, "beyond_your_duties")] * len(beyond)
    assert set((await deputy.get("/me")).body["duties"]) == {
        "people.see", "people.change", "money.see", "money.move", "orders.see", "orders.serve",
    }  # fmt: skip
    assert len(await deputy.all("/operators")) == 2 and len(await deputy.all("/roles")) == 8
    within = {
        "name": "小退款",
        "duties": ["money.move", "orders.serve"],
        "limits": {**LIMITS, "refunds": {"most_fen": 9_000, "day_fen": 9_000}},
    }
    role = (await deputy.post("/roles", within)).body["role"]
    assert (await deputy.post("/operators", {**new, "posts": [{"role": role}]})).status == 201


async def test_nobody_decides_about_who_has_more_than_they(deputy):
    """Whoever sets an owner's password, address or second factor could sign in as them."""
    owner = (await deputy.boss.get("/me")).body["id"]
    session = (await deputy.boss.get("/me/sessions")).body["items"][0]["id"]
    at = f"/operators/{owner}"
    refused = [
        await deputy.put(f"{at}/password", {"password": "quite another sentence"}),
        await deputy.put(f"{at}/email", {"email": "me@example.com"}),
        await deputy.put(f"{at}/posts", {"posts": []}),
        await deputy.post(f"{at}/second-factor/reset"),
        await deputy.post(f"{at}/disable"),
        await deputy.post(f"{at}/enable"),
        await deputy.post(f"{at}/sign-out"),
        await deputy.ask("DELETE", f"{at}/sessions/{session}", None, key=None),
    ]
    # taking the last owner's posts, or letting them go, is refused as that
    assert {one.code for one in refused} <= {"beyond_your_duties", "last_owner"}, refused
    assert [one.code for one in refused].count("last_owner") == 2
    assert (await deputy.boss.get("/me")).status == 200
    await deputy.boss.post(
        "/operators", {"login": "two", "name": "乙", "password": PASSWORD, "posts": [{"role": "owner"}]}
    )
    assert (await deputy.put(f"{at}/posts", {"posts": []})).code == "beyond_your_duties"
    assert (await deputy.post(f"{at}/disable")).code == "beyond_your_duties"


async def test_who_loses_a_duty_at_the_same_moment_gives_it_no_more(deputy):
    """The giver's posts are read behind the same lock as the gift: of two orders both are whole."""
    new = {"login": "wang", "name": "王", "password": PASSWORD, "posts": [{"role": deputy.role}]}
    less = {"name": "人事", "duties": ["people.see"], "limits": LIMITS}
    changed, added = await asyncio.gather(
        deputy.boss.put(f"/roles/{deputy.role}", less), deputy.post("/operators", new)
    )
    assert changed.status == 200 and (
        added.status == 201 or added.code in ("beyond_your_duties", "not_your_duty")
    ), added
    known = [one["login"] for one in (await deputy.boss.get("/operators?limit=100")).body["items"]]
    assert known.count("wang") == (added.status == 201), "who was refused has added nobody"
    if added.status == 201:
        wang = (await deputy.boss.get(f"/operators/{added.body['id']}")).body
        assert wang["posts"][0]["role"] == deputy.role
    again = await deputy.post("/operators", {**new, "login": "zhao"})
    assert (again.status, again.code) == (403, "not_your_duty"), "from then on it is no duty of theirs"


async def test_of_a_role_that_is_retired_while_it_is_given_one_happens(deputy):
    role = await composed(deputy.boss, name="临时", duties=["orders.see"])
    new = {"login": "wang", "name": "王", "password": PASSWORD, "posts": [{"role": role}]}
    retired, added = await asyncio.gather(
        deputy.boss.post(f"/roles/{role}/retire"), deputy.boss.post("/operators", new)
    )
    said = (retired.code or retired.body["state"], added.code or added.status)
    assert said in (("retired", "no_such_post_role"), ("role_held", 201)), said


async def test_the_last_owner_stays_whatever_roles_there_are(world):
    boss = await world.operator()
    everything = await composed(boss, name="合伙人", duties=sorted(duties.DUTIES))
    partner = await holding(world, everything)
    me = (await boss.get("/me")).body["id"]
    for desk in (boss, partner):
        assert (
            await desk.put(f"/operators/{me}/posts", {"posts": [{"role": everything}]})
        ).code == "last_owner"
    assert (await partner.post(f"/operators/{me}/disable")).code == "last_owner"
    limits = await boss.put("/roles/owner/limits", {"limits": {"refunds": {"most_fen": 1}}})
    assert limits.code == "role_state_forbids"
    assert (await boss.put("/roles/owner", EVENING)).code == "role_state_forbids"


async def test_a_second_factor_can_be_asked_of_all_roles_of_ones_own(world):
    boss = await world.operator()
    desk = await holding(world, await composed(boss))
    sign_in_rules.use(replace(sign_in_rules.current(), second_factor_required_for=frozenset({"custom"})))
    assert (await desk.get("/customers")).code == "second_factor_required"
    assert (await boss.get("/customers")).status == 200
