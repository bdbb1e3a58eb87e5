from core import db
from tests.world import PASSWORD, Client


async def test_an_operator_signs_in_works_and_signs_out(world):
    desk = await world.operator()
    assert (await desk.get("/customers")).status == 200
    assert (await desk.post("/logout")).status == 204
    refused = await desk.get("/customers")
    assert (refused.status, refused.code) == (401, "invalid_token")


async def test_a_wrong_password_and_an_unknown_login_look_the_same(world):
    await world.operator("boss")
    stranger = Client(world.http, f"{world.url}/admin/v1")
    answers = [
        await stranger.post("/login", {"login": login, "password": password})
        for login, password in (("boss", "wrong password"), ("nobody", PASSWORD))
    ]
    assert {(answer.status, answer.code, answer.body["message"]) for answer in answers} == {
        (401, "wrong_login", "账号或密码不正确")
    }


async def test_guessing_passwords_is_slowed_down(world):
    stranger = Client(world.http, f"{world.url}/admin/v1")
    answers = [await stranger.post("/login", {"login": "boss", "password": "guess"}) for _ in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_session_ends_with_its_time_and_with_its_operator(world):
    desk = await world.operator()
    await db.execute("UPDATE operator SET state = 'disabled'")
    assert (await desk.get("/customers")).status == 401
    await db.execute("UPDATE operator SET state = 'active'")
    assert (await desk.get("/customers")).status == 200
    world.advance(hours=13)
    assert (await desk.get("/customers")).status == 401


async def test_customers_and_operators_cannot_use_each_others_doors(world):
    desk, phone = await world.operator(), await world.arrive()
    desk.token, phone.token = phone.token, desk.token
    assert (await desk.get("/customers")).status == 401
    assert (await phone.get("/account")).status == 401


async def test_tokens_are_kept_only_as_hashes(world):
    desk = await world.operator()
    assert desk.token not in str(await db.fetch("SELECT * FROM operator_session"))
