"""Who may do what: every operation of the operators' API for every role, and what they did."""

import asyncio
import re
from pathlib import Path

import pytest

from admin_api import duties as assigned
from admin_api import routes
from core import db
from members import acts, duties, operators, staff
from tests.world import PASSWORD, Client, new_key

LEAVES = {
    "operators_sign_in", "operators_second_factor", "operators_sign_out", "passkeys_ask", "passkeys_sign_in", "single_sign_on_begin",
    "single_sign_on_sign_in",
}  # fmt: skip


@pytest.fixture
def hired(world):
    """Hires somebody with these posts and signs them in."""

    async def hire(*posts, login="li"):
        await operators.create(login=login, name="小李", password=PASSWORD, posts=posts)
        desk = Client(world.http, f"{world.url}/admin/v1")
        answer = await desk.post("/login", {"login": login, "password": PASSWORD}, key=None)
        desk.token = answer.body["token"]
        return desk

    return hire


def test_every_duty_belongs_to_somebody_and_the_owner_has_all():
    assert duties.ROLES["owner"] == duties.DUTIES
    used = {route.duty for route in routes.API.routes if route.duty is not None}
    assert used <= duties.DUTIES
    assert set(assigned.OF_OPERATIONS) <= {route.operation_id for route in routes.API.routes}
    assert set(assigned.OF_FILES) <= {route.tag for route in routes.API.routes}


def test_the_documented_table_is_what_holds():
    text = (Path(__file__).parents[2] / "docs" / "operators.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]
    roles = [cell.split("`")[1] for cell in rows[0][1:]]
    assert roles == list(duties.ROLES)
    documented = {row[0].split("`")[1]: row for row in rows[2:]}
    assert set(documented) == duties.DUTIES
    for duty, (name, *marks) in documented.items():
        assert [mark == "●" for mark in marks] == [duty in duties.ROLES[role] for role in roles], duty
        assert name.endswith("⌂") == (duty in duties.IN_A_STORE), duty


def test_only_the_owner_changes_who_may_do_what():
    for role, allowed in duties.ROLES.items():
        assert ("people.change" in allowed) == (role == "owner")
    for seer in ("auditor",):
        assert all(duty.endswith(".see") for duty in duties.ROLES[seer])


@pytest.mark.parametrize("role", duties.ROLES)
async def test_each_operation_is_open_to_those_whose_duty_it_is(world, hired, monkeypatch, role):
    desk = await hired(duties.Post(role))
    monkeypatch.setattr(world.runtime.limiter, "spend", _unlimited)
    wrong = []
    for route in routes.API.routes:
        if route.operation_id in LEAVES:
            continue
        path = re.sub(r"\{[a-z_]+\}", "999999999", route.path)
        answer = await desk.ask(route.method, path, {}, key=new_key())
        refused = (answer.status, answer.code) == (403, "not_your_duty")
        may = route.duty is None or route.duty in duties.ROLES[role]
        if refused == may or answer.status >= 500:
            wrong.append((route.operation_id, answer.status, answer.code))
    assert not wrong


async def _unlimited(*_):
    """No rate is counted."""


async def test_a_post_in_one_store_is_no_good_for_what_concerns_the_whole_shop(world, hired):
    boss = await world.operator()
    await boss.put("/stores/xihu", {"name": "西湖店"})
    desk = await hired(duties.Post("manager", "xihu"))
    assert (await desk.get("/customers")).status == 200
    refused = await desk.post("/customers/1/adjustments", {})
    assert (refused.status, refused.code, refused.body["params"]) == (
        403,
        "not_your_duty",
        {"duty": "money.move"},
    )
    me = (await desk.get("/me")).body
    assert me["posts"] == [{"role": "manager", "store": "xihu", "role_name": None}]
    assert set(me["duties"]) == set(duties.IN_A_STORE)


async def test_posts_hold_from_the_next_request_on(world, hired):
    boss, desk = await world.operator(), await hired(duties.Post("auditor"))
    li = (await desk.get("/me")).body["id"]
    assert (await desk.post("/packages", {})).code == "not_your_duty"
    await boss.put(f"/operators/{li}/posts", {"posts": [{"role": "manager"}]})
    assert (await desk.post("/packages", {})).code == "invalid_request"
    await boss.put(f"/operators/{li}/posts", {"posts": []})
    assert (await desk.get("/customers")).code == "not_your_duty"
    assert (await desk.get("/me")).body["duties"] == []


async def test_somebody_is_added_once_works_and_is_let_go(world):
    boss, key = await world.operator(), new_key()
    new = {"login": "wang", "name": "王店员", "password": "long enough 1", "posts": [{"role": "cashier"}]}
    made = await boss.post("/operators", new, key=key)
    assert (made.status, made.body["posts"]) == (201, [{"role": "cashier", "store": None, "role_name": None}])
    assert (await boss.post("/operators", new, key=key)).body == made.body
    assert (await boss.post("/operators", new)).code == "login_taken"
    assert (
        await boss.post("/operators", {**new, "login": "zhao", "password": "short"})
    ).code == "password_too_short"
    elsewhere = [{"role": "clerk", "store": "nowhere"}]
    assert (
        await boss.post("/operators", {**new, "login": "zhao", "posts": elsewhere})
    ).code == "no_such_post_store"
    desk = Client(world.http, f"{world.url}/admin/v1")
    desk.token = (await desk.post("/login", {"login": "wang", "password": "long enough 1"})).body["token"]
    wang = f"/operators/{made.body['id']}"
    assert len((await boss.get(f"{wang}/sessions")).body["items"]) == 1
    assert (
        await desk.put("/me/password", {"old": "no", "password": "another long one"})
    ).code == "wrong_login"
    assert (await boss.post(f"{wang}/disable")).body["state"] == "disabled"
    assert (await desk.get("/me")).status == 401
    assert (await desk.post("/login", {"login": "wang", "password": "long enough 1"})).code == "wrong_login"
    assert (await boss.post(f"{wang}/enable")).body["state"] == "active"
    assert (await desk.post("/login", {"login": "wang", "password": "long enough 1"})).status == 200
    assert (await boss.get("/operators/999999")).code == "no_such_operator"


async def test_of_two_owners_who_let_each_other_go_at_once_one_stays(world):
    first = await operators.create(login="a", name="甲", password=PASSWORD)
    second = await operators.create(login="b", name="乙", password=PASSWORD)
    both = (staff.disable(second.id, first.id), staff.post(first.id, second.id, [duties.Post("auditor")]))
    said = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(one, staff.BeyondYourDuties) for one in said) == 1, said
    assert await db.fetchval(staff._OWNERS) == 1


async def test_what_operators_do_is_written_down_without_passwords(world):
    boss = await world.operator()
    new = {"login": "wang", "name": "王", "password": "never to be read", "posts": []}
    await boss.post("/operators", new)
    await boss.post("/operators", new)
    await boss.get("/customers")
    second, first = (await boss.get("/acts?operation=staff_add")).body["items"]
    assert (first["operation"], first["about"], first["outcome"]) == (
        "staff_add",
        "POST /admin/v1/operators",
        "done",
    )
    assert (second["outcome"], second["operator_name"]) == ("login_taken", "店长")
    assert first["asked"]["body"] == {**new, "password": "***"}
    assert "never to be read" not in str([dict(row) for row in await db.fetch("SELECT * FROM operator_act")])
    assert await db.fetchval("SELECT count(*) FROM operator_act WHERE kind = 'write'") == 2


async def test_neither_an_old_nor_a_new_password_is_among_what_was_sent(world):
    """The old one was: it is called ``old``."""
    boss = await world.operator()
    for old in ("not the present one", PASSWORD):
        await boss.put("/me/password", {"old": old, "password": "another good sentence"})
    rows = str([dict(row) for row in await db.fetch("SELECT asked FROM operator_act")])
    assert rows.count("***") == 4
    assert not any(one in rows for one in ("not the present one", PASSWORD, "another good sentence"))


async def test_what_failed_and_what_never_ended_can_be_told_apart(db):
    who = await operators.create(login="a", name="甲", password=PASSWORD)
    asked = {"body": {"text": "长" * 9_000}}
    act = await acts.began(
        acts.Deed(operator_id=who.id, operation="x", about="POST /x", asked=asked, request_id="r")
    )
    (unknown,) = await acts.page()
    assert (unknown.outcome, unknown.ended_at) == (None, None)
    assert len(unknown.asked["cut"]) == acts.LONGEST_ASKED // 2
    await acts.ended(act, "failed")
    await acts.ended(act, "done")
    (failed,) = await acts.page(acts.Wanted(operator_id=who.id))
    assert failed.outcome == "failed"


async def test_what_belongs_to_a_store_is_theirs_who_work_there(world, hired):
    boss, phone = await world.operator(), await world.arrive()
    for code in ("xihu", "binjiang"):
        await boss.put(f"/stores/{code}", {"name": code})
    sku = await world.sku()
    desk = await hired(duties.Post("clerk", "xihu"), duties.Post("cashier", "xihu"))
    counted = {"counted": 5, "reason": "盘点"}
    assert (await desk.post(f"/skus/{sku}/stock", {**counted, "store": "xihu"})).status < 300
    for elsewhere in ({**counted, "store": "binjiang"}, counted):
        assert (await desk.post(f"/skus/{sku}/stock", elsewhere)).code == "not_your_store"
    await boss.post(f"/skus/{sku}/stock", {**counted, "store": "binjiang"})
    numbers = {}
    for store in ("xihu", "binjiang", None):
        placed = await phone.post("/orders", {"lines": [{"sku_id": sku, "quantity": 1}], "store": store})
        assert placed.status == 201, placed
        numbers[store] = placed.body["order_no"]
    assert [one["order_no"] for one in (await desk.get("/orders")).body["items"]] == [numbers["xihu"]]
    assert len((await boss.get("/orders")).body["items"]) == 3
    assert (await desk.get(f"/orders/{numbers['xihu']}")).status == 200
    cash = {"tender": "cash", "amount_fen": 100}
    assert (
        await desk.post(f"/customers/{phone.customer_id}/counter-top-ups", {**cash, "store": "xihu"})
    ).status == 201
    assert (await desk.post(f"/customers/{phone.customer_id}/counter-top-ups", cash)).code == "not_your_store"
    bodies = {
        "reject": {"reason": "缺货"},
        "cancel": {"reason": "缺货"},
        "shipments": {"carrier": "顺丰", "tracking_no": "SF0001"},
    }
    for other in (numbers["binjiang"], numbers[None]):
        assert (await desk.get(f"/orders/{other}")).code == "no_such_order"
        for step in ("confirm", "reject", "cancel", "shipments", "hand-over"):
            refused = await desk.post(f"/orders/{other}/{step}", bodies.get(step, {}))
            assert (refused.status, refused.code) == (404, "no_such_order"), step
    assert (await desk.post(f"/orders/{numbers['xihu']}/cancel", {"reason": "缺货"})).status == 200
