"""Signing in through the operators' API: two steps, showing again before money moves, sessions, passwords."""

from datetime import timedelta

import pytest

from core import clock, db
from members import duties, operators, sign_in_rules
from tests.members.authenticator import Authenticator
from tests.members.second_steps import App
from tests.world import PASSWORD, Client


def stranger(world):
    return Client(world.http, f"{world.url}/admin/v1")


@pytest.fixture
def hire(world):
    async def hire(*posts, login="li"):
        await operators.create(login=login, name="小李", password=PASSWORD, posts=posts)
        desk = stranger(world)
        desk.token = (await desk.post("/login", {"login": login, "password": PASSWORD})).body["token"]
        return desk

    return hire


async def enrol(desk):
    """An app for who is signed in; its code of now is still good."""
    app = App((await desk.post("/me/totp")).body["secret"])
    answer = await desk.post("/me/totp/confirm", {"one_time_code": app.code(-1)})
    assert answer.status == 200, answer
    return app, answer.body["recovery_codes"]


@pytest.fixture(autouse=True)
def _the_clock_stands():
    """Codes are of a half minute; these tests do not stand across its end."""
    clock.stand_at(clock.now())


def advance(**time):
    clock.stand_at(clock.now() + timedelta(**time))


async def test_an_operator_gets_an_app_and_signs_in_with_it(world):
    boss = await world.operator()
    app, codes = await enrol(boss)
    assert len(codes) == 10 and (await boss.post("/me/totp")).code == "totp_in_use"
    mine = (await boss.get("/me/sign-in")).body
    assert (mine["recovery_codes_left"], mine["must_enrol"], mine["totp_since"] is None) == (10, False, False)
    desk = stranger(world)
    first = (await desk.post("/login", {"login": "boss", "password": PASSWORD})).body
    wanted = first["second_factor"]
    assert first["token"] is None and wanted["kinds"] == ["totp", "recovery_code"]
    step = {"challenge_token": wanted["token"], "one_time_code": "000000"}
    assert (await desk.post("/login/second-factor", step)).code == "wrong_second_factor"
    desk.token = wanted["token"]
    assert (await desk.get("/me")).code == "invalid_token", "a challenge is no session"
    session = (await desk.post("/login/second-factor", {**step, "one_time_code": app.code()})).body
    desk.token = session["token"]
    assert (await desk.get("/me")).status == 200
    assert (
        await desk.post("/login/second-factor", {**step, "one_time_code": codes[0]})
    ).code == "sign_in_over"
    said = [one["outcome"] for one in (await boss.get("/sign-in-attempts")).body["items"]]
    assert said == ["done", "wrong_second_factor", "half", "done"]
    acts = [(one["operation"], one["asked"]) for one in (await boss.get("/acts")).body["items"]]
    assert ("second_factors_confirm_totp", {"body": {"one_time_code": "***"}}) in acts


async def test_money_moves_only_in_a_fresh_session_of_who_has_a_second_factor(world):
    boss, phone = await world.operator(), await world.arrive()
    adjust = (
        f"/customers/{phone.customer_id}/adjustments",
        {"kind": "principal", "amount_fen": 100, "reason": "补"},
    )
    advance(minutes=11)
    assert (await boss.post(*adjust)).status < 300, "no second factor, nothing asks again"
    assert (await boss.post("/me/totp")).code == "step_up_required", "but for what changes how one signs in"
    renewed = await boss.post("/me/step-up", {"password": PASSWORD})
    boss.token = renewed.body["token"]
    app, codes = await enrol(boss)
    assert (await boss.post(*adjust)).status < 300
    advance(minutes=11)
    for path, body in (adjust, ("/packages", {"name": "卡", "pay_fen": 1, "bonus_fen": 0})):
        refused = await boss.post(path, body)
        assert (refused.status, refused.code) == (403, "step_up_required")
        assert refused.body["params"]["by"] == ["totp", "recovery_code"]
    assert (await boss.get("/customers")).status == 200
    assert (await boss.post("/me/step-up", {"password": PASSWORD})).code == "other_proof_needed"
    assert (await boss.post("/me/step-up", {"one_time_code": "123456"})).code == "wrong_second_factor"
    old = boss.token
    boss.token = (await boss.post("/me/step-up", {"one_time_code": app.code()})).body["token"]
    assert (await boss.post(*adjust)).status < 300
    fresh, boss.token = boss.token, old
    assert (await boss.get("/me")).code == "invalid_token"
    boss.token = fresh
    advance(minutes=11)
    assert (await boss.ask("DELETE", "/me/totp")).code == "step_up_required"
    boss.token = (await boss.post("/me/step-up", {"one_time_code": codes[0]})).body["token"]
    assert (await boss.ask("DELETE", "/me/totp")).code == "last_second_factor"
    assert (await boss.ask("DELETE", "/me/totp?even_if_last=true")).status == 204
    assert (await boss.get("/me/sign-in")).body["recovery_codes_left"] == 0


@pytest.mark.parametrize(("step_up", "status"), [("off", 200), ("with_second_factor", 200), ("always", 403)])
async def test_the_shop_chooses_who_shows_again(world, step_up, status):
    boss = await world.operator()
    sign_in_rules.use(sign_in_rules.Rules(step_up=step_up, fresh=timedelta(minutes=3)))
    assert (await boss.put("/stores/xihu", {"name": "西湖店"})).status < 300
    advance(minutes=4)
    assert (await boss.put("/stores/xihu", {"name": "西湖店"})).status == status
    boss.token = (await boss.post("/me/step-up", {"password": PASSWORD})).body["token"]
    assert (await boss.put("/stores/xihu", {"name": "西湖店"})).status < 300


async def test_whose_role_calls_for_a_second_factor_may_only_get_one(world, hire):
    boss, clerk = await world.operator(), await hire(duties.Post("clerk"))
    sign_in_rules.use(sign_in_rules.Rules(second_factor_required_for=frozenset({"owner"})))
    for answer in (
        await boss.get("/customers"),
        await boss.get("/me/sessions"),
        await boss.post("/approvals/x/withdraw"),
    ):
        assert (answer.status, answer.code) == (403, "second_factor_required")
    assert (await clerk.get("/orders")).status == 200
    assert (await boss.get("/me")).status == 200
    assert (await boss.get("/me/sign-in")).body["must_enrol"] is True
    await enrol(boss)
    assert (await boss.get("/customers")).status == 200


async def test_sessions_say_where_they_are_and_are_ended_one_by_one(world, hire):
    boss, desk = await world.operator(), await hire(duties.Post("cashier"))
    other = stranger(world)
    other.token = (await other.post("/login", {"login": "li", "password": PASSWORD})).body["token"]
    later, first = (await desk.get("/me/sessions")).body["items"]
    assert (first["is_this"], later["is_this"], first["address"]) == (True, False, "127.0.0.1")
    assert first["user_agent"].startswith("Python/") and first["seen_at"] is not None
    li = (await desk.get("/me")).body["id"]
    mine = (await boss.get("/me/sessions")).body["items"][0]["id"]
    for path in (f"/me/sessions/{mine}", f"/me/sessions/{first['id'] + 999}"):
        assert (await desk.ask("DELETE", path)).code == "no_such_session", "another's"
    assert (await desk.ask("DELETE", f"/me/sessions/{later['id']}")).status == 204
    assert (await other.get("/me")).status == 401
    assert (await boss.get(f"/operators/{li}/sessions")).body["items"][0]["id"] == first["id"]
    assert (await boss.ask("DELETE", f"/operators/{li}/sessions/{mine}")).code == "no_such_session"
    assert (await boss.ask("DELETE", f"/operators/{li}/sessions/{first['id']}")).status == 204
    assert (await desk.get("/me")).status == 401


async def test_all_other_sessions_end_when_asked_and_with_a_new_password(world, hire):
    desk = await hire(duties.Post("cashier"))
    for path, body, method in (
        ("/me/sessions/end-others", {}, "POST"),
        ("/me/password", {"old": PASSWORD, "password": "another good sentence"}, "PUT"),
    ):
        other = stranger(world)
        other.token = (await other.post("/login", {"login": "li", "password": PASSWORD})).body["token"]
        assert (await other.get("/me")).status == 200
        assert (await desk.ask(method, path, body)).status == 204
        assert ((await other.get("/me")).status, (await desk.get("/me")).status) == (401, 200)
    easy = await desk.put("/me/password", {"old": "another good sentence", "password": "1234567890"})
    assert easy.code == "password_too_easy"


async def test_a_session_that_is_not_used_ends(world):
    boss = await world.operator()
    sign_in_rules.use(sign_in_rules.Rules(idle=timedelta(minutes=30)))
    for _ in range(3):
        advance(minutes=20)
        assert (await boss.get("/me")).status == 200
    advance(minutes=31)
    assert (await boss.get("/me")).status == 401


async def test_an_owner_takes_a_lost_second_factor_away(world, hire):
    boss, desk = await world.operator(), await hire(duties.Post("cashier"))
    _, codes = await enrol(desk)
    li = (await desk.get("/me")).body["id"]
    assert (await desk.post(f"/operators/{li}/second-factor/reset")).code == "not_your_duty"
    assert (await boss.post(f"/operators/{li}/second-factor/reset")).status == 204
    assert (await desk.get("/me")).status == 401
    again = (await desk.post("/login", {"login": "li", "password": PASSWORD})).body
    assert again["token"] and again["second_factor"] is None
    assert await db.fetchval("SELECT count(*) FROM operator_recovery_code") == 0 and len(codes) == 10


async def test_who_tried_is_for_those_who_see_people(world, hire):
    auditor, clerk = await hire(duties.Post("auditor")), await hire(duties.Post("clerk"), login="wu")
    await clerk.post("/login", {"login": "nobody", "password": "x"})
    assert (await clerk.get("/sign-in-attempts")).code == "not_your_duty"
    items = (await auditor.get("/sign-in-attempts?outcome=wrong_login")).body["items"]
    assert [(one["operator_id"], one["address"]) for one in items] == [(None, "127.0.0.1")]
    assert len(await auditor.all("/sign-in-attempts", limit=1)) == 3


async def test_a_passkey_signs_in_and_makes_a_session_fresh(world):
    boss = await world.operator()
    phone = Authenticator(world.runtime.settings.server.public_url)
    asked = (await boss.post("/me/passkeys")).body
    kept = {
        "challenge_token": asked["challenge_token"],
        "credential": phone.create(asked["options"]),
        "name": "手机",
    }
    added = (await boss.post("/me/passkeys/confirm", kept)).body
    assert added["passkey"]["name"] == "手机" and len(added["recovery_codes"]) == 10
    assert (await boss.post("/me/passkeys/confirm", kept)).code == "sign_in_over"
    desk = stranger(world)
    asked = (await desk.post("/login/passkey")).body
    answer = {"challenge_token": asked["challenge_token"], "credential": phone.get(asked["options"])}
    desk.token = (await desk.post("/login/passkey/answer", answer)).body["token"]
    assert (await desk.get("/me/sign-in")).body["passkeys"] == 1
    assert (await desk.post("/login/passkey/answer", answer)).code == "sign_in_over"
    advance(minutes=11)
    refused = await desk.put("/stores/xihu", {"name": "西湖店"})
    assert (refused.code, refused.body["params"]["by"]) == ("step_up_required", ["passkey", "recovery_code"])
    asked = (await desk.post("/me/step-up/passkey")).body
    answer = {"challenge_token": asked["challenge_token"], "credential": phone.get(asked["options"])}
    desk.token = (await desk.post("/me/step-up/passkey/answer", answer)).body["token"]
    assert (await desk.put("/stores/xihu", {"name": "西湖店"})).status == 200
    mine = f"/me/passkeys/{added['passkey']['id']}"
    assert (await desk.patch(mine, {"name": "旧手机"})).status == 204
    assert [one["name"] for one in (await desk.get("/me/passkeys")).body["items"]] == ["旧手机"]
    assert (await desk.ask("DELETE", mine)).code == "last_second_factor"
    assert (await desk.ask("DELETE", f"{mine}?even_if_last=true")).status == 204
    assert (await desk.get("/me/sign-in")).body["recovery_codes_left"] == 0


async def test_a_second_step_by_passkey_is_that_operators(world):
    boss = await world.operator()
    phone = Authenticator(world.runtime.settings.server.public_url)
    asked = (await boss.post("/me/passkeys")).body
    kept = {
        "challenge_token": asked["challenge_token"],
        "credential": phone.create(asked["options"]),
        "name": "手机",
    }
    await boss.post("/me/passkeys/confirm", kept)
    desk = stranger(world)
    wanted = (await desk.post("/login", {"login": "boss", "password": PASSWORD})).body["second_factor"]
    assert wanted["kinds"] == ["passkey", "recovery_code"]
    assert (await desk.post("/login/passkey", {"challenge_token": "made-up"})).code == "sign_in_over"
    asked = (await desk.post("/login/passkey", {"challenge_token": wanted["token"]})).body
    answer = {"challenge_token": asked["challenge_token"], "credential": phone.get(asked["options"])}
    assert (await desk.post("/login/passkey/answer", {**answer, "credential": "{}"})).code == "wrong_passkey"
    assert (await desk.post("/login/passkey/answer", answer)).status == 200


async def test_a_shop_without_an_identity_provider_says_so_and_owners_write_addresses_down(world, hire):
    boss, li = await world.operator(), await hire(duties.Post("clerk"))
    for path in ("/login/single-sign-on", "/me/single-sign-on"):
        assert (await boss.post(path)).code == "single_sign_on_closed"
    member = (await li.get("/me")).body["id"]
    assert (await li.put(f"/operators/{member}/email", {"email": "li@example.com"})).code == "not_your_duty"
    kept = await boss.put(f"/operators/{member}/email", {"email": "Li@Example.com"})
    assert kept.body["email"] == "li@example.com"
    mine = (await boss.get("/me")).body["id"]
    assert (
        await boss.put(f"/operators/{mine}/email", {"email": "LI@example.com"})
    ).code == "operator_email_taken"
    assert (await boss.put(f"/operators/{member}/email", {"email": None})).body["email"] is None
    assert (await boss.put("/operators/999/email", {"email": "a@example.com"})).code == "no_such_operator"
