"""Signing in on a page inside WeChat, and paying there."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from core import db
from gateways.wechat import Visitor
from members import sign_in


async def come_back(world, phone, *, state="f3Kd92LmQ0"):
    """The page sends its visitor to WeChat, who come back with a code."""
    home = f"{world.runtime.settings.server.public_url}/h5/?from=menu"
    asked = await phone.get(f"/login/page?return_url={home.replace('?', '%3F')}&state={state}")
    assert asked.status == 200, asked
    back = await phone.at_sandbox("/official/authorize", {"url": asked.body["url"]})
    assert back.body["location"].startswith(home)
    told = parse_qs(urlsplit(back.body["location"]).query)
    assert told["state"] == [state] and told["from"] == ["menu"]
    return told["code"][0]


async def sign_in_on_page(world, phone):
    answer = await phone.post("/login/page", {"code": await come_back(world, phone)}, key=None)
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
    codes = [await come_back(world, phone) for _ in range(4)]
    answers = await asyncio.gather(*(phone.post("/login/page", {"code": code}, key=None) for code in codes))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["customer"]["id"] for answer in answers}) == 1
    assert await db.fetchval("SELECT count(*) FROM customer") == 1


async def test_a_code_is_good_once_and_people_are_led_to_the_shops_pages_only(world):
    phone = await world.arrive(signed_in=False)
    code = await come_back(world, phone)
    assert (await phone.post("/login/page", {"code": code}, key=None)).status == 200
    for bad in (code, "0" * 32):
        refused = await phone.post("/login/page", {"code": bad}, key=None)
        assert (refused.status, refused.code) == (422, "login_code_refused")
    for url in ("https://evil.example.com/", f"{world.url}.evil.example.com/"):
        assert (await phone.get(f"/login/page?return_url={url}&state=f3Kd92LmQ0")).code == "page_not_ours"
    world.misbehave("platform.oauth2", "drop_before", times=0)
    unknown = await phone.post("/login/page", {"code": "0" * 32}, key=None)
    assert (unknown.status, unknown.code) == (503, "wechat_unavailable")


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
