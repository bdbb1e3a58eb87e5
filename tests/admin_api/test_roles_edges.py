"""Where somebody could get more than they have by a moment or by another version."""

import asyncio

import pytest

from core import db as database
from members import duties, roles
from tests.admin_api.test_roles import composed, holding
from tests.world import PASSWORD

_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = $1 AND NOT granted"


async def _wait_for_their_turn(several):
    for _ in range(400):
        if await database.fetchval(_WAITING, 0x5975_0003) == several:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE operator SET state = 'disabled' WHERE login = 'renshi'",
        "UPDATE operator_role SET duties = '{orders.see,people.see}' WHERE name = '人事'",
    ],
    ids=["let go", "not their duty any more"],
)
async def test_who_is_let_go_or_loses_the_duty_while_they_wait_gives_nothing(world, meanwhile):
    boss = await world.operator()
    role = await composed(boss, name="人事", duties=["people.see", "people.change", "orders.see"])
    less = await composed(boss, name="看单", duties=["orders.see"])
    desk = await holding(world, role, login="renshi")
    new = {"login": "wang", "name": "王", "password": PASSWORD, "posts": [{"role": less}]}
    async with database.transaction():
        await roles.in_turn()
        asked = [
            asyncio.create_task(desk.post("/operators", new)),
            asyncio.create_task(desk.post("/roles", {"name": "后门", "duties": ["orders.see"]})),
            asyncio.create_task(desk.put("/operators/2/posts", {"posts": [{"role": less}]})),
        ]
        await _wait_for_their_turn(len(asked))
        await database.execute(meanwhile)
    for one in await asyncio.gather(*asked):
        assert one.code in ("beyond_your_duties", "not_your_duty", "unauthenticated"), one
    assert await database.fetchval("SELECT count(*) FROM operator WHERE login = 'wang'") == 0


async def test_a_role_with_a_duty_of_another_version_is_given_by_owners_only(world):
    """Once that version runs again whoever was given it has the duty."""
    boss = await world.operator()
    staff = await composed(boss, name="人事", duties=["people.see", "people.change", "orders.see"])
    role = await composed(boss, name="看单", duties=["orders.see"])
    await database.execute(
        "UPDATE operator_role SET duties = '{orders.see,drones.fly}' WHERE code = $1", role
    )
    desk = await holding(world, staff, login="renshi")
    new = {"login": "wang", "name": "王", "password": PASSWORD, "posts": [{"role": role}]}
    refused = await desk.post("/operators", new)
    assert (refused.code, refused.body["params"]) == ("beyond_your_duties", {"duties": "drones.fly"})
    assert (await boss.post("/operators", new)).status == 201


async def test_limits_of_kinds_of_another_version_stay_when_limits_are_set(world):
    boss = await world.operator()
    role = await composed(boss)
    await database.execute(
        """UPDATE operator_role SET limits = '{"drones": [1, 2], "gifts": [3, null]}'""" + " WHERE code = $1",
        role,
    )
    assert (await boss.put(f"/roles/{role}/limits", {"limits": {"counter": {"most_fen": 4}}})).status == 200
    terms = {"name": "晚", "duties": ["orders.see"], "limits": {"counter": {"most_fen": 5}}}
    assert (await boss.put(f"/roles/{role}", terms)).status == 200
    kept = await database.fetchval("SELECT limits::text FROM operator_role WHERE code = $1", role)
    assert kept == '{"drones": [1, 2], "counter": [5, null]}'


async def test_a_role_that_always_is_in_another_version_allows_nothing_here(world):
    boss = await world.operator()
    await database.execute("INSERT INTO operator_role (code, limits, state) VALUES ('pilot', '{}', 'active')")
    desk = await holding(world, "pilot")
    assert (await desk.get("/me")).body["duties"] == []
    assert [one["role"] for one in await boss.all("/roles")] == [*duties.FIXED, "pilot"]
    assert (await boss.get("/operators/2")).body["posts"][0]["role"] == "pilot"
