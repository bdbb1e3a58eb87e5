"""The official account's menus at the console: written, looked at, published."""

import json

import pytest

from core import db
from members import duties
from tests.console import looking

BALANCE = {"b0-name": "我的", "b0-does": "below", "b0-0-name": "余额", "b0-0-does": "says", "b0-0-to": "余额"}
SHOP = {"b1-name": "店", "b1-does": "page", "b1-to": "pages/shop/index", "b1-url": "https://a.example/"}


async def written(browser, language, **lines):
    path = f"/chat/menus/languages/{language}"
    page = await browser.get(path)
    return await browser.post(path, {**page.hidden, **lines})


async def kept():
    rows = await db.fetch("SELECT language, buttons::text FROM chat_menu ORDER BY language")
    return {row[0]: json.loads(row[1]) for row in rows}


async def test_a_menu_is_looked_at_before_it_is_kept_and_then_published(hired):
    browser = await hired()
    page = await written(browser, "default", **BALANCE, **SHOP, do="preview")
    assert page.status == 200 and 'aria-label="手机上的样子；我的、余额；店"' in page.text
    assert await kept() == {}
    page = await written(browser, "default", **BALANCE, **SHOP)
    assert page.url.endswith("/console/chat/menus") and "已完成：编写菜单" in page.words
    assert [one["name"] for one in (await kept())[""]] == ["我的", "店"]
    assert (await kept())[""][1]["appid"], "the shop's own mini-program"
    assert "和微信上的不同" in page.words
    form = await browser.get("/do/chat_menus_publish?then=back&back=/console/chat/menus")
    page = await browser.post("/do/chat_menus_publish?then=back&back=/console/chat/menus", form.hidden)
    assert "微信上的就是这里的" in page.words and "已发布" in page.words
    again = await browser.get("/chat/menus/languages/default")
    assert 'value="pages/shop/index"' in again.text and 'value="余额"' in again.text
    path = "/do/chat_menus_restore?language=default&then=back&back=/console/chat/menus"
    await browser.post(path, (await browser.get(path)).hidden)
    assert await kept() == {}


async def test_what_wechat_would_refuse_is_said_and_what_was_typed_stays(hired):
    browser = await hired()
    page = await written(browser, "en", **{"b0-name": "A name that is far too long", "b0-to": "balance"})
    assert page.status == 422 and "A name that is far too long" in page.words and "16" in page.words
    page = await written(browser, "en", **{"b0-name": "?", "b0-to": "qwertz"})
    assert page.status == 422 and "qwertz" in page.words and 'value="qwertz"' in page.text
    page = await written(
        browser, "en", **{"b0-name": "<b>x", "b0-does": "url", "b0-to": "javascript:alert(1)"}
    )
    assert page.status == 422 and "<b>x" not in page.text
    page = await written(browser, "en", **{"b0-name": "x", "b0-does": "url", "b0-to": "https://[a.example/"})
    assert page.status == 422 and 'value="https://[a.example/"' in page.text
    nameless = {**BALANCE, "b0-name": "", **SHOP}
    page = await written(browser, "default", **nameless)
    assert page.status == 422 and 'value="余额"' in page.text, "nothing is dropped"
    assert (await written(browser, "en")).status == 422, "no buttons at all"
    assert (await browser.get("/chat/menus/languages/fr")).status == 404
    assert await kept() == {}


async def test_who_may_see_menus_need_not_be_who_may_write_them(hired):
    browser = await hired(duties.Post("support"))
    page = await browser.get("/chat/menus")
    assert page.status == 200 and "还没有菜单" in page.words
    assert "/languages/" not in page.text
    assert (await browser.post("/chat/menus/languages/en", {"b0-name": "x"})).status == 403


@pytest.mark.browser
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 1280), ("en", 390)])
async def test_the_pages_can_be_read_by_everybody(hired, world, locale, width):
    browser = await hired(locale=locale)
    await written(browser, "default", **BALANCE, **SHOP)
    async with looking.at(browser, width=width) as page:
        for path, name in (("menus", "menus"), ("menus/languages/default", "menu")):
            await page.goto(f"{world.url}/console/chat/{path}")
            await looking.accessible(page)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await looking.picture(page, f"{name}-{locale}-{width}")
