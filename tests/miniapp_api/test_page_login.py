"""Signing in on a page inside WeChat, and paying there."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from core import db
from gateways.wechat import Visitor
from members import sign_in, web_logins


async def visit(world, phone, path="/login/visits", *, scope="base"):
    """The page sends its visitor to WeChat and keeps the proof. What it hands in when they are back."""
    home = f"{world.runtime.settings.server.public_url}/h5/#/me?from=menu"
    begun = await phone.post(path, {"return_url": home, "scope": scope}, key=None)
    assert begun.status == 201, begun
    back = await phone.at_sandbox("/official/authorize", {"url": begun.body["url"]})
    told = parse_qs(urlsplit(back.body["location"]).query)
    return {"code": told["code"][0], "state": told["state"][0], "proof": begun.body["proof"]}


async def sign_in_on_page(world, phone):
    answer = await phone.post("/login/visits/back", await visit(world, phone), key=None)
    assert answer.status == 200, answer
    phone.token, phone.customer_id = answer.body["token"], answer.body["customer"]["id"]
    return answer.body["customer"]


async def test_who_signs_in_on_a_page_pays_there_with_the_accounts_openid(world):
    phone = await world.arrive(signed_in=False)
    assert (await sign_in_on_page(world, phone))["is_new"]
    made = await phone.top_up("wechat_pay", "jsapi", amount_fen=1000, client="h5_in_wechat")
    assert made.status == 201, made
    assert made.body["payment"]["client"]["appId"] == world.sandbox.credentials.official_app_id
    assert (await phone.pay(made.body["payment"])).status == 200
    await world.quiet()
    assert (await phone.balance())["principal_fen"] == 1000
    again = await sign_in_on_page(world, phone)
    assert (again["id"], again["is_new"]) == (phone.customer_id, False)


@pytest.mark.parametrize("first", ["mini-program", "page"])
async def test_a_follower_is_the_same_customer_on_the_page_and_in_the_mini_program(world, first):
    phone = await world.arrive(signed_in=False)
    await phone.at_sandbox("/official/follow")
    await world.quiet()
    if first == "mini-program":
        await phone.sign_in()
    known = phone.customer_id
    on_page = (await sign_in_on_page(world, phone))["id"]
    await phone.sign_in()
    assert phone.customer_id == on_page and known in (0, on_page)
    assert await db.fetchval("SELECT count(*) FROM customer") == 1


async def test_signing_in_twice_at_once_makes_one_customer(world):
    phone = await world.arrive(signed_in=False)
    await phone.at_sandbox("/official/follow")
    await world.quiet()
    visits = [await visit(world, phone) for _ in range(4)]
    answers = await asyncio.gather(*(phone.post("/login/visits/back", one, key=None) for one in visits))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["customer"]["id"] for answer in answers}) == 1
    assert await db.fetchval("SELECT count(*) FROM customer") == 1


async def test_a_visit_is_good_once_in_one_browser_for_one_thing(world):
    phone, other, member = await world.arrive(signed_in=False), await world.arrive(), await world.arrive()
    mine, theirs = await visit(world, phone), await visit(world, other)
    forged = [
        mine | {"proof": theirs["proof"]},
        mine | {"state": theirs["state"]},
        mine | {"state": "0" * 48},
    ]
    for bad in forged:  # somebody is led to an address with another's code, or an invented state
        refused = await phone.post("/login/visits/back", bad, key=None)
        assert (refused.status, refused.code) == (409, "web_login_over")
    answers = await asyncio.gather(*(phone.post("/login/visits/back", mine, key=None) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409]
    assert (await phone.post("/login/visits/back", mine | {"code": theirs["code"]}, key=None)).status == 409
    tie = await visit(world, member, "/chats/visits")
    for client, path in ((phone, "/login/visits/back"), (other, "/chats/visits/back")):
        assert (await client.post(path, tie, key=None)).code == "web_login_over"
    swapped = theirs | {"code": mine["code"]}
    refused = await other.post("/login/visits/back", swapped, key=None)
    assert (refused.status, refused.code) == (422, "login_code_refused"), "the platform says 40163"
    late = await visit(world, member)
    world.advance(minutes=11)
    assert (await member.post("/login/visits/back", late, key=None)).code == "web_login_over"
    for url in (
        "https://evil.example.com/",
        "https://pay.example.com@evil.example.com/",
        f"{world.url}.evil.example.com/",
    ):
        refused = await phone.post("/login/visits", {"return_url": url}, key=None)
        assert (refused.status, refused.code) == (422, "page_not_ours"), url
    assert (await phone.post("/login/visits", {"return_url": "javascript:alert(1)"}, key=None)).status == 422
    assert await web_logins.forget() == 0
    world.advance(days=2)
    assert await web_logins.forget() == 4


async def test_a_visitor_who_was_asked_is_known_by_unionid_and_a_member_ties_their_chat(world):
    phone = await world.arrive()
    known = phone.customer_id
    asked = await visit(world, phone, scope="userinfo")
    assert (await phone.post("/login/visits/back", asked, key=None)).body["customer"]["id"] == known
    stranger = await world.arrive(signed_in=False)
    not_asked = (await stranger.post("/login/visits/back", await visit(world, stranger), key=None)).body[
        "customer"
    ]
    assert not_asked["is_new"], "of who is no follower and was not asked WeChat tells no unionid"

    member, friend = await world.arrive(), await world.arrive(signed_in=False)
    friend.token = member.token  # the member's account, in the friend's WeChat
    tied = await friend.post("/chats/visits/back", await visit(world, friend, "/chats/visits"), key=None)
    (chat,) = tied.body["chats"]
    assert chat["tied_by"] == "page"
    again = await friend.post("/chats/visits/back", await visit(world, friend, "/chats/visits"), key=None)
    assert again.body == tied.body
    assert [one["kind"] for one in await member.all("/messages")] == ["chat_tied"]
    stranger.token = phone.token
    taken = await stranger.post("/chats/visits/back", await visit(world, stranger, "/chats/visits"), key=None)
    assert (taken.status, taken.code) == (409, "chat_taken")


async def test_without_an_answer_of_wechat_nobody_is_signed_in(world):
    phone = await world.arrive(signed_in=False)
    back = await visit(world, phone)
    world.misbehave("platform.oauth2", "drop_before", times=0)
    unknown = await phone.post("/login/visits/back", back, key=None)
    assert (unknown.status, unknown.code) == (503, "wechat_unavailable")


async def test_who_came_in_by_a_chat_is_out_when_it_is_let_go(world):
    member, friend = await world.arrive(), await world.arrive(signed_in=False)
    own, friend.token = member.token, member.token
    tied = await friend.post("/chats/visits/back", await visit(world, friend, "/chats/visits"), key=None)
    assert (await sign_in_on_page(world, friend))["id"] == member.customer_id
    assert (await friend.get("/account")).status == 200
    assert (await member.post(f"/chats/{tied.body['chats'][0]['id']}/unbind")).status == 200
    for answer in (await friend.get("/account"), await friend.post("/orders/O1/pay")):
        assert (answer.status, answer.code) == (401, "chat_let_go")
    assert member.token == own and (await member.get("/account")).status == 200
    assert (await sign_in_on_page(world, friend))["is_new"]


class Preview:
    """WeChat shows the page as a preview."""

    async def visitor(self, code):
        return Visitor("o-made-up", None, is_snapshot=True)


async def test_a_preview_is_nobody_and_a_shop_without_an_account_has_no_pages(db):
    with pytest.raises(sign_in.PageIsPreview):
        await sign_in.by_page(sign_in.Pages(Preview(), "wx-official", lambda url: True), "code")
    with pytest.raises(sign_in.OfficialAccountNotOpen):
        await sign_in.by_page(None, "code")
    with pytest.raises(sign_in.OfficialAccountNotOpen):
        sign_in.page_address(None, "https://shop.example.com/", "f3Kd92LmQ0")
