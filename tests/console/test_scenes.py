"""QR codes with a scene: looked at, printed one by one and as a sheet."""

import io

import pytest
import segno

from core import db
from members import duties
from tests.console import looking

STORE = {"title": "西湖店 3 号桌", "table_no": "3"}


async def made(browser, **wish):
    page = await browser.submit("/do/chat_scenes_add", **{**STORE, **wish})
    assert page.status == 200, page.words
    return await db.fetchrow("SELECT id, url, state FROM chat_scene ORDER BY id DESC LIMIT 1")


async def test_a_code_is_shown_and_is_a_file_to_print_as_long_as_it_is_good(hired):
    browser = await hired()
    scene = await made(browser, days="30")
    page = await browser.get(f"/chat/scenes/{scene['id']}")
    assert f'src="/console/chat/scenes/{scene["id"]}/code.svg"' in page.text and "微信扫一扫" in page.words
    drawn = io.BytesIO()
    segno.make(scene["url"], error="m").save(drawn, kind="png", scale=16, border=4)
    async with browser.session.get(f"{browser.base}/chat/scenes/{scene['id']}/code.png") as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert await answer.read() == drawn.getvalue()
    await db.execute("UPDATE chat_scene SET expires_at = now() - interval '1 day'")
    over = await browser.get(f"/chat/scenes/{scene['id']}")
    assert "已过期" in over.words and "code.svg" not in over.text
    assert (await browser.get(f"/chat/scenes/{scene['id']}/code.png")).status == 404
    sheet = await browser.get("/scene-sheet")
    assert "没有可以打印" in sheet.words and "1 个还没申请到" in sheet.words


async def test_codes_are_for_who_may_see_them(hired):
    browser = await hired()
    scene = await made(browser)
    cook = await hired(duties.Post("cashier"), login="li")
    may = "messages.see" in duties.ROLES["cashier"]
    for path in (f"/chat/scenes/{scene['id']}", f"/chat/scenes/{scene['id']}/code.svg", "/scene-sheet"):
        assert ((await cook.get(path)).status == 200) == may, path


@pytest.mark.browser
@pytest.mark.timeout(240)
async def test_a_sheet_of_codes_is_printed(hired, world):
    browser = await hired()
    for number in range(1, 5):
        await made(browser, title=f"西湖店 {number} 号桌", table_no=str(number))
    async with looking.at(browser) as page:
        await page.goto(f"{world.url}/console/chat/scenes")
        await page.get_by_role("link", name="打印二维码").click()
        await page.locator(".scene-card").nth(3).wait_for()
        assert await page.locator(".scene-card img").first.evaluate("one => one.naturalWidth") > 0
        await looking.accessible(page)
        await looking.picture(page, "scenes-sheet")
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.set_viewport_size({"width": 794, "height": 1123})
        await page.emulate_media(media="print")
        assert not await page.locator(".filters").is_visible()
        await looking.picture(page, "scenes-sheet-print")
        await page.emulate_media(media="screen")
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.goto(f"{world.url}/console/chat/scenes/1")
        await looking.accessible(page)
        await looking.picture(page, "scenes-one-phone")
