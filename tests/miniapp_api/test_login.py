from core import db


async def test_a_new_person_becomes_a_customer_and_the_same_person_stays_one(world):
    phone = await world.arrive(signed_in=False)
    first = await phone.sign_in()
    assert (first.status, first.body["customer"]["is_new"]) == (200, True)
    second = await phone.sign_in()
    assert second.body["customer"] == first.body["customer"] | {"is_new": False}


async def test_a_code_that_was_used_or_made_up_is_refused(world):
    phone = await world.arrive(signed_in=False)
    code = (await phone.at_sandbox("/login-code")).body["code"]
    assert (await phone.post("/login", {"code": code})).status == 200
    for bad in (code, "0" * 32):
        refused = await phone.post("/login", {"code": bad})
        assert (refused.status, refused.code) == (422, "login_code_refused")


async def test_when_wechat_does_not_answer_login_says_try_again(world):
    phone = await world.arrive(signed_in=False)
    world.misbehave("platform.*", "drop_before", times=0)
    refused = await phone.sign_in()
    assert (refused.status, refused.code) == (503, "wechat_unavailable")


async def test_without_a_good_token_nothing_is_shown(world):
    phone = await world.arrive()
    good = phone.token
    for token, code in ((None, "unauthenticated"), (good[:-2] + "xx", "invalid_token")):
        phone.token = token
        refused = await phone.get("/account")
        assert (refused.status, refused.code) == (401, code)
    phone.token = world.runtime.tokens.issue("999999").token
    assert (await phone.get("/account")).code == "customer_gone"
    phone.token = world.runtime.tokens.issue("not a number").token
    assert (await phone.get("/account")).code == "invalid_token"


async def test_an_old_token_asks_for_signing_in_again(world):
    phone = await world.arrive()
    world.advance(days=31)
    assert (await phone.get("/account")).code == "expired_token"
    assert (await phone.sign_in()).status == 200


async def test_a_blocked_customer_is_refused_at_once_and_cannot_sign_in(world):
    phone = await world.arrive()
    await db.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", phone.customer_id)
    refused = await phone.get("/account")
    assert (refused.status, refused.code) == (403, "customer_blocked")
    assert refused.body["message"] == "您的账户已被停用，请联系商家"
    refused = await phone.sign_in()
    assert (refused.status, refused.code) == (403, "customer_blocked")


async def test_one_person_signing_in_twice_at_once_becomes_one_customer(world):
    import asyncio

    phone = await world.arrive(signed_in=False)
    codes = [(await phone.at_sandbox("/login-code")).body["code"] for _ in range(4)]
    answers = await asyncio.gather(*(phone.post("/login", {"code": code}) for code in codes))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["customer"]["id"] for answer in answers}) == 1


async def test_of_many_who_come_at_once_each_is_known_for_themselves(world):
    import asyncio

    phones = [await world.arrive() for _ in range(4)]
    for number, phone in enumerate(phones):
        await world.give(phone.customer_id, 100 + number)
    await db.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", phones[2].customer_id)
    answers = await asyncio.gather(*(phone.get("/account") for phone in phones * 5))
    expected = [100, 101, "customer_blocked", 103] * 5
    assert [answer.code or answer.body["balance_fen"] for answer in answers] == expected
    await db.execute("UPDATE customer SET state = 'active' WHERE id = $1", phones[2].customer_id)
    assert (await phones[2].balance())["balance_fen"] == 102
    for subject, code in (
        ("987654321", "customer_gone"),
        ("9" * 30, "invalid_token"),
        ("x", "invalid_token"),
    ):
        phones[3].token = world.runtime.tokens.issue(subject).token
        told, known = await asyncio.gather(phones[3].get("/account"), phones[0].get("/account"))
        assert (told.code, known.status) == (code, 200)
