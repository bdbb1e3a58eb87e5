"""Binding chats over HTTP: the customer's routes, the operators', and what others may not."""

from core import db
from members import chat_codes
from notifications import addresses


async def test_operators_see_who_showed_the_same_phone_and_nobody_is_joined_by_it(world):
    one, two, typed, desk = *[await world.arrive() for _ in range(3)], await world.operator()
    for phone, by in ((one, "wechat"), (two, "wechat"), (typed, None)):
        await addresses.put(phone.customer_id, "sms", "13900001234", by="test", confirmed_by=by)
    alike = await desk.get(f"/customers/{one.customer_id}/same-phone")
    assert [other["customer_id"] for other in alike.body["customers"]] == [two.customer_id]
    assert (await desk.get(f"/customers/{typed.customer_id}/same-phone")).body == {"customers": []}
    assert (await desk.get("/customers/999999/same-phone")).code == "no_such_customer"
    assert await db.fetchval("SELECT count(DISTINCT customer_id) FROM identity") == 3


async def test_a_chat_is_bound_and_let_go_through_the_doors(world):
    phone, other, desk = await world.arrive(), await world.arrive(signed_in=False), await world.operator()
    made = await phone.post("/chats/codes", key="same-key-1")
    assert made.status == 201 and len(made.body["code"]) == 8
    assert (await phone.post("/chats/codes", key="same-key-1")).body == made.body
    openid = world.sandbox.world.people.get(other.person_id).official_openid
    app_id = world.sandbox.credentials.official_app_id
    assert await chat_codes.enter_in_chat(app_id, openid, made.body["code"]) == phone.customer_id
    (chat,) = (await phone.get("/chats")).body["chats"]
    assert (chat["tied_by"], chat["openid"]) == ("code", f"****{openid[-4:]}")

    told = (await chat_codes.for_chat(app_id, "o-second")).code
    entered = await phone.post("/chats", {"code": told}, key="enter-key-1")
    assert entered.status == 201 and len(entered.body["chats"]) == 2
    assert (await phone.post("/chats", {"code": told}, key="enter-key-1")).body == entered.body
    refused = await phone.post("/chats", {"code": told})
    assert (refused.status, refused.code) == (422, "chat_code_refused")
    assert (await phone.post("/chats", {"code": "1234567"})).status == 422

    stranger = await world.arrive()
    assert (await stranger.post(f"/chats/{chat['id']}/unbind")).code == "no_such_chat"
    left = await phone.post(f"/chats/{chat['id']}/unbind", key="unbind-key")
    assert [one["id"] for one in left.body["chats"]] == [entered.body["chats"][1]["id"]]
    assert (await phone.post(f"/chats/{chat['id']}/unbind", key="unbind-key")).status == 200

    theirs = f"/customers/{phone.customer_id}/chats"
    (second,) = (await desk.get(theirs)).body["chats"]
    assert (await desk.post(f"{theirs}/{chat['id']}/unbind")).code == "no_such_chat"
    assert (await desk.post(f"{theirs}/{second['id']}/unbind")).body == {"chats": []}
    assert (await desk.get("/customers/999999/chats")).code == "no_such_customer"
    kinds = [message["kind"] for message in await phone.all("/messages")]
    assert kinds == ["chat_untied", "chat_untied", "chat_tied", "chat_tied"]
    rows = await db.fetch(
        "SELECT before, after, operator FROM setting_change WHERE setting = 'chat' ORDER BY id"
    )
    assert [row["operator"].split(":")[0] for row in rows] == ["customer", "customer", "customer", "operator"]
    assert (
        await db.fetchval("SELECT about FROM operator_act WHERE outcome = 'done' ORDER BY id DESC LIMIT 1")
    ).endswith("/unbind")
