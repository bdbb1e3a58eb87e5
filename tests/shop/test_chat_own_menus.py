"""Menus that operators write, in place of those of the settings."""

import aiohttp
import pytest

from bot.explaining import HouseWords
from gateways import wechat
from gateways.wechat import menus
from sandbox.app import Sandbox, Settings
from shop import chat_menus, chat_own_menus
from shop.chat_own_menus import EVERYBODY
from tests import factories

HOUSE = HouseWords()
ZH = [{"type": "view", "name": "店", "url": "https://a.example/"}]
OWN = [{"name": "我的", "sub_button": [{"type": "click", "name": "余额", "key": "余额"}]}]
EN = [{"type": "click", "name": "Balance", "key": "balance"}]


@pytest.fixture
async def configured(db):
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    async with aiohttp.ClientSession() as session:
        known = sandbox.credentials
        account = wechat.Account(known.official_app_id, known.official_app_secret)
        api = wechat.Platform(sandbox.platform_url, session=session)
        tokens = wechat.AccessTokens(account, api, redis=None)
        yield chat_menus.Configured(wechat.Menus(tokens), "wx1", ZH)
    await sandbox.stop()


async def save(configured, language, buttons):
    return await chat_own_menus.save(HOUSE, configured, language, buttons, by="operator:1")


async def test_what_is_written_is_published_until_it_is_taken_back(configured):
    assert await chat_own_menus.in_force(configured) == configured
    await save(configured, EVERYBODY, EN)
    await save(configured, EVERYBODY, OWN)
    await save(configured, "en", EN)
    await chat_own_menus.save(HOUSE, configured, "en", EN, by="operator:2")
    found = await chat_own_menus.every(configured)
    assert [(one.language, one.is_own, one.saved_by) for one in found] == [
        ("", True, "operator:1"), ("zh-CN", False, None), ("en", True, "operator:2"),
    ]  # fmt: skip
    ours = await chat_own_menus.in_force(configured)
    assert (ours.buttons, ours.by_language) == (OWN, {"en": EN})
    assert await chat_own_menus.languages("wx1") == {"en"} and not await chat_own_menus.languages("wx2")
    made = await chat_menus.publish(HOUSE, ours, by="cli", key=factories.key())
    assert made.state == "published" and (await chat_menus.state(ours)).is_published
    assert (await chat_menus.state(configured)).differs == ("default", "en")
    for language in (EVERYBODY, "en", "en"):
        await chat_own_menus.restore(configured, language)
    assert await chat_own_menus.in_force(configured) == configured


@pytest.mark.parametrize(
    "buttons",
    [
        [],
        [{"type": "click", "name": "一" * 6, "key": "余额"}],
        [{"type": "click", "name": str(n), "key": "余额"} for n in range(4)],
        [{"name": "多", "sub_button": [{"type": "click", "name": "余额", "key": "余额"}] * 6}],
        [{"type": "view", "name": "店", "url": "javascript:alert(1)"}],
        [{"type": "click", "name": "余额", "key": ""}],
        [{"type": "miniprogram", "name": "店", "url": "https://a.example", "appid": "", "pagepath": "p"}],
    ],
)
async def test_what_the_platform_would_refuse_is_not_kept(configured, buttons):
    with pytest.raises(chat_own_menus.MenuWrong):
        await save(configured, EVERYBODY, buttons)
    assert not any(one.is_own for one in await chat_own_menus.every(configured))


async def test_a_button_says_what_the_chat_answers_and_links_lead_to_few_domains(configured):
    with pytest.raises(chat_menus.MenuKeyUnknown):
        await save(configured, "en", [{"type": "click", "name": "?", "key": "qwertz"}])
    links = [{"type": "view", "name": str(n), "url": f"https://{n}.example/"} for n in range(3)]
    await save(configured, "en", links)
    other = [{"type": "view", "name": "x", "url": "https://x.example/"}]
    with pytest.raises(chat_own_menus.MenuWrong):
        await save(configured, "zh-CN", other)
    await save(configured, EVERYBODY, other)
    with pytest.raises(chat_menus.NoOfficialAccount):
        await save(chat_menus.Configured(), EVERYBODY, OWN)
    assert menus.CONDITIONAL_DOMAINS_MOST == 3
