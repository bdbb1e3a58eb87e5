"""Menus and QR codes of the official account at the desk, against the platform's stand-in: what the platform refuses, twice at once, unanswered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pydantic
import pytest

from app import menu_config, menu_lines
from billing import stores
from bot.explaining import HouseWords
from core import clock
from core import db as database
from gateways import wechat
from gateways.wechat import menus
from members import chat, chat_languages, chat_visits, leaving
from sandbox.app import Sandbox, Settings
from shop import chat_answers, chat_menus, chat_scenes
from tests import factories

HOUSE = HouseWords()
ZH = [
    {"name": "我的", "sub_button": [{"type": "click", "name": "余额", "key": "balance"}]},
    {"type": "view", "name": "店", "url": "https://a.example/"},
]
EN = [{"type": "click", "name": "Balance", "key": "balance"}]


@pytest.fixture
async def platform(db):
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    async with aiohttp.ClientSession() as session:
        api = wechat.Platform(sandbox.platform_url, session=session)
        known = sandbox.credentials
        account = wechat.Account(known.official_app_id, known.official_app_secret)
        sandbox.tokens = wechat.AccessTokens(account, api, redis=None)
        yield sandbox
    await sandbox.stop()


def configured(platform, buttons=ZH, **by_language):
    found = {name.replace("_", "-"): value for name, value in by_language.items()}
    return chat_menus.Configured(wechat.Menus(platform.tokens), "wx1", buttons, found)


async def publish(what):
    return await chat_menus.publish(HOUSE, what, by="cli", key=factories.key())


async def test_menus_are_published_compared_and_taken_away(platform):
    what = configured(platform, en=EN)
    before = await chat_menus.state(what)
    assert (before.is_published, before.differs) == (False, ("default", "en"))
    for _ in range(2):  # the second time there is something to replace
        made = await publish(what)
        assert (made.state, made.errcode) == ("published", None)
        assert (await chat_menus.state(what)).is_published
    assert len((await what.platform.published()).conditional) == 1, "the old one was taken away"
    assert (await chat_menus.state(configured(platform, en=ZH))).differs == ("en",)
    assert (await chat_menus.state(configured(platform))).differs == ("en",)
    with pytest.raises(chat_menus.NoMenuConfigured):
        await publish(configured(platform, []))
    assert len(await chat_menus.page()) == 2
    said = await menu_lines.show(configured(platform, [{"type": "click", "name": "帮助", "key": "help"}]))
    assert said == (
        False,
        ["默认 · default:", "  帮助 → help", "平台上的不同 · the platform has others: default, en"],
    )
    assert (await menu_lines.publish(what))[0] and (await menu_lines.show(what))[0]
    platform.world.faults.add({"op": "platform.menu_create", "do": "errcode:40054"})
    well, said = await menu_lines.publish(what)
    assert not well and said[0].startswith("平台拒绝 · the platform refused: 40054 fault")
    with pytest.raises(chat_menus.NoOfficialAccount):
        await publish(chat_menus.Configured())
    asks = configured(platform, [{"type": "click", "name": "?", "key": "qwertz"}])
    with pytest.raises(chat_menus.MenuKeyUnknown):
        await publish(asks)
    await stores.put("xihu", name="西湖店")
    wish = chat_answers.Wish(match="exact", keywords=("qwertz",), text_zh="好的", store="xihu")
    await chat_answers.add(HOUSE, 1, wish, key=factories.key())
    with pytest.raises(chat_menus.MenuKeyUnknown):  # others would not be answered
        await publish(asks)
    await chat_answers.add(HOUSE, 1, replace(wish, store=None), key=factories.key())
    assert (await publish(asks)).state == "published"


async def test_what_the_platform_refuses_or_leaves_open_is_told_and_heals(platform):
    what, faults = configured(platform, en=EN), platform.world.faults
    for op, do, state, errcode in (
        ("menu_create", "errcode:40018", "refused", 40018), ("menu_add", "errcode:65303", "refused", 65303),
        ("menu_create", "500_after", "unknown", None), ("menu_create", "invalidate_token", "published", None),
        ("menu_del", "errcode:65301", "published", None), ("tags_get", "garbage", "unknown", None), ("menu_get", "garbage", "unknown", None),
    ):  # fmt: skip
        faults.add({"op": f"platform.{op}", "do": do})
        made = await publish(what)
        assert (made.state, made.errcode) == (state, errcode), op
        if op == "menu_del":  # what could not be taken away is taken away the next time
            assert (await chat_menus.state(what)).differs == ("en",)
        assert (await publish(what)).state == "published"
        assert (await chat_menus.state(what)).is_published, op
    await asyncio.gather(*(what.platform.tag("yucun-en") for _ in range(3)))
    faults.add({"op": "platform.menu_get", "do": "errcode:48001"})
    with pytest.raises(chat_menus.MenuNotKnown):
        await chat_menus.state(what)


async def test_of_two_who_publish_at_once_one_does_and_who_died_is_no_hindrance(platform):
    what, key = configured(platform, en=EN), factories.key()
    ended = await asyncio.gather(*(publish(what) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended).count("MenuPublishing") >= 1
    assert "published" in [one.state for one in ended if isinstance(one, chat_menus.Publication)]
    same = [await chat_menus.publish(HOUSE, what, by="cli", key=key) for _ in range(2)]
    assert same[0] == same[1], "the same key is no second publication"
    await database.execute(
        "UPDATE chat_menu_publication SET state = 'asking', ended_at = NULL WHERE id = $1", same[0].id
    )
    with pytest.raises(chat_menus.MenuPublishing):
        await publish(what)
    clock.set_offset(timedelta(minutes=2))
    assert (await publish(what)).state == "published"
    assert (await chat_menus.get(same[0].id)).state == "unknown"
    with pytest.raises(chat_menus._NotOurs):
        await chat_menus._still_ours(same[0].id)


@pytest.mark.parametrize(
    "buttons",
    [
        [{"name": "四个字加一字", "key": "help"}], [{"name": "a", "key": "help"}] * 4, [{"name": "a"}], [{"name": "a", "key": "x", "url": "https://a.b"}],
        [{"name": "a", "key": "k" * 129}], [{"name": "a", "url": "ftp://a.b"}], [{"name": "a", "url": "https://a.b/" + "x" * 1024}],
        [{"name": "a", "page": "pages/a"}], [{"name": "a", "buttons": [{"name": "b", "key": "c"}] * 6}],
        [{"name": "a", "buttons": [{"name": "十四个汉字是四十二个字节太长", "key": "c"}]}], [{"name": "a", "buttons": [], "key": "x"}],
        [{"name": "a", "buttons": [{"name": "b", "buttons": [{"name": "c", "key": "d"}]}]}],
    ],
)  # fmt: skip
def test_menus_the_platform_would_refuse_are_refused_in_the_settings(buttons):
    reader = pydantic.TypeAdapter(menu_config.Menus)
    with pytest.raises(pydantic.ValidationError):
        reader.validate_python(({"buttons": tuple(buttons)},))


def test_menus_of_the_settings():
    reader, help_ = pydantic.TypeAdapter(menu_config.Menus), {"name": "帮助", "key": "help"}
    page = {"name": "店", "page": "pages/shop", "url": "https://a.example/"}
    (found,) = reader.validate_python([{"buttons": [help_, page]}])
    assert [one.wire("wx1")["type"] for one in found.buttons] == ["click", "miniprogram"]
    assert found.buttons[1].wire("wx1")["appid"] == "wx1"
    for wrong in (
        [{"language": "en", "buttons": [help_]}], [{"buttons": [help_]}] * 2,
        [{"buttons": [help_]}, {"language": "en", "buttons": [{"name": str(n), "buttons": [
            {"name": "x", "url": f"https://{n}{m}.example/"} for m in range(2)]} for n in range(2)]}],
    ):  # fmt: skip
        with pytest.raises(pydantic.ValidationError):
            reader.validate_python(wrong)
    assert not list(menus.faults(ZH))


async def code(platform, **wish):
    return await chat_scenes.add(
        "wx1", 1, chat_scenes.Wish(**{"title": "三号桌", **wish}), key=factories.key()
    )


async def test_codes_are_asked_for_until_there_is_an_answer(platform):
    codes, faults = wechat.SceneCodes(platform.tokens), platform.world.faults
    await stores.put("xihu", name="西湖店")
    for wish, refusal in (
        ({"store": "none"}, chat_scenes.NoSuchStore), ({"operator_id": 404}, chat_scenes.NoSuchSceneOperator),
        ({"welcome_zh": "{name}"}, chat_scenes.TextUnfillable), ({"welcome_en": "a" * 1700}, chat_scenes.TextTooLong),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await code(platform, **wish)
    for ask in (
        chat_scenes.make(None, "", 1, chat_scenes.Wish(title="x"), key=factories.key()),
        chat_scenes.make_again(None, "", 1, 1),
    ):
        with pytest.raises(chat_scenes.NoOfficialAccount):
            await ask
    assert await chat_scenes.page() == []
    for_ever, for_days = await code(platform, store="xihu", table_no="3"), await code(platform, days=30)
    assert (for_ever.state, for_ever.ticket, for_ever.picture_url) == ("asking", None, None)
    ended = await asyncio.gather(*(chat_scenes.ask(codes, "wx1", limit=1) for _ in range(3)))
    assert sum(ended) == 2 and await chat_scenes.ask(codes, "wx1") == 0
    for_ever, for_days = await chat_scenes.get(for_ever.id), await chat_scenes.get(for_days.id)
    assert (for_ever.state, for_ever.expires_at, for_ever.store) == ("ready", None, "xihu")
    assert for_ever.picture_url.startswith("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ")
    assert platform.platform.scene_codes.scene_of(for_ever.ticket) == for_ever.scene
    assert timedelta(days=29) < for_days.expires_at - clock.now() <= timedelta(days=30)
    with pytest.raises(chat_scenes.SceneForEver):
        await chat_scenes.renew(1, for_ever.id)
    with pytest.raises(chat_scenes.NoSuchScene):
        await chat_scenes.renew(1, 404)
    with pytest.raises(chat_scenes.NoSuchScene):
        await chat_scenes.change(1, 404, "x", "", "")
    for do, state, errcode in (
        ("errcode:40053", "refused", 40053),
        ("errcode:45009", "asking", 45009),
        ("500_before", "asking", None),
    ):
        await database.execute(
            "UPDATE chat_scene SET state = 'refused', ask_at = NULL, ticket = NULL, errcode = NULL WHERE id = $1",
            for_days.id,
        )
        await chat_scenes.renew(1, for_days.id)
        faults.add({"op": "platform.qrcode", "do": do})
        assert await chat_scenes.ask(codes, "wx1", scene_id=for_days.id) == 1
        told = await chat_scenes.get(for_days.id)
        assert (told.state, told.errcode) == (state, errcode), do
        assert await chat_scenes.ask(codes, "wx1") == 0, "not at once again"
    clock.set_offset(timedelta(minutes=11))
    assert await chat_scenes.ask(codes, "wx1") == 1
    assert (await chat_scenes.get(for_days.id)).state == "ready"
    assert [one.id for one in await chat_scenes.page(store="xihu")] == [for_ever.id]


async def test_who_came_by_which_code_is_attributed_and_forgotten_with_the_customer(platform):
    await stores.put("xihu", name="西湖店")
    known, other = await factories.customer(), await factories.customer()
    for customer, openid in ((known, "o1"), (other, "o2")):
        await chat.met("wx1", openid, follows=True)
        await database.execute("UPDATE identity SET customer_id = $1 WHERE subject = $2", customer.id, openid)
    first, last = (
        await code(platform, title="店", store="xihu"),
        await code(platform, title="桌", table_no="3"),
    )
    assert await chat_visits.visited("wx1", "unknown", "o1", is_follow=True) is None
    for scene, openid, follows in (
        (first, "o1", True),
        (last, "o1", False),
        (last, "o1", False),
        (last, "o2", True),
        (last, "o3", True),
    ):
        await chat_visits.visited("wx1", scene.scene, openid, is_follow=follows)
    won, came = await chat_visits.origin(known.id)
    assert (won.title, won.store, won.is_follow, came.title, came.table_no) == ("店", "xihu", True, "桌", "3")
    told = await chat_scenes.get(last.id)
    assert (told.scans, told.people, told.followed, told.customers) == (4, 3, 2, 2)
    assert [await chat_visits.origin(404)] == [(None, None)]
    async with database.transaction():
        await leaving.end(known.id, operator="clock")
    assert await chat_visits.origin(known.id) == (None, None)
    told = await chat_scenes.get(last.id)
    assert (told.scans, told.people, told.customers) == (4, 2, 1)


async def test_followers_wear_the_tag_of_the_language_they_chose(platform):
    shown = lambda: platform.platform.menus.current(person.official_openid)["button"]  # noqa: E731
    person, app_id = platform.world.people.arrive(), "wx1"
    platform.platform.chat.follow(person)
    customer, gone = await factories.customer(), await factories.customer()
    for who, openid in ((customer, person.official_openid), (gone, "o-gone")):
        await chat.met(app_id, openid, follows=True)
        await database.execute("UPDATE identity SET customer_id = $1 WHERE subject = $2", who.id, openid)
    what = configured(platform, en=EN)
    languages = chat_languages.Languages(what.platform, app_id, ("en",), chat_menus.TAG_PREFIX)
    await database.execute("UPDATE customer SET locale = 'en'")
    assert await chat_languages.tag(languages) == 0, "there is no tag before the menu"
    assert (await publish(what)).state == "published" and shown() == ZH
    assert [await chat_languages.tag(languages) for _ in range(2)] == [1, 0]
    assert shown() == EN
    assert not await database.fetchval("SELECT follows FROM identity WHERE subject = 'o-gone'"), (
        "the platform says who does not"
    )
    await database.execute("UPDATE customer SET locale = 'zh-CN'")
    assert [await chat_languages.tag(languages) for _ in range(2)] == [1, 0] and shown() == ZH
    await database.execute("UPDATE customer SET locale = 'en'")
    platform.world.faults.add({"op": "platform.tagging", "do": "500_before"})
    assert [await chat_languages.tag(languages) for _ in range(2)] == [0, 1] and shown() == EN
    platform.world.store.save_value(
        "platform.tags", {}
    )  # somebody took the tag away in the platform's console
    assert [await chat_languages.tag(languages) for _ in range(2)] == [1, 0]
    assert (await publish(what)).state == "published" and shown() == ZH
    assert [await chat_languages.tag(languages) for _ in range(2)] == [1, 0] and shown() == EN
    platform.platform.chat.unfollow(person)
    await chat_languages.unfollowed(app_id, person.official_openid)
    platform.platform.chat.follow(person)
    assert shown() == ZH and await chat_languages.tag(languages) == 1 and shown() == EN
