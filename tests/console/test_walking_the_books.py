"""In a real browser: an approval is decided on where it stands, and a difference from the queue to the close of its day."""

import pytest
from playwright.async_api import async_playwright

from billing import approvals
from core import db as database
from reconciliation import days
from tests import browser as chromium
from tests import factories
from tests.console import browsing
from tests.console.test_deciding import FEN, asked
from tests.reconciliation import books
from tests.world import PASSWORD


@pytest.fixture
async def seen(world):
    """A page of the console in Chromium, signed in; what its scripts complain of fails the test."""
    await browsing.operator("zhou")
    complaints = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium.needed(), args=chromium.ARGUMENTS)
        context = await browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto(f"{world.url}/console/sign-in")
        await page.fill("[name=login]", "zhou")
        await page.fill("[name=password]", PASSWORD)
        await page.click("form button[type=submit]")
        await page.wait_for_url("**/console/")
        page.at = lambda path: page.goto(f"{world.url}/console{path}")
        yield page
        await browser.close()
    assert complaints == []


async def test_an_approval_is_agreed_to_at_its_row(seen):
    customer = await factories.customer(name="林晓", named=True)
    number = await asked(customer.id)
    await seen.at("/approvals")
    wish = seen.locator("article", has_text="给顾客林晓增加本金")
    await wish.get_by_label("note").or_(wish.locator("[name=note]")).first.fill("已核对小票")
    await wish.locator("button[data-once]").first.click()
    await seen.get_by_text("没有等待复核的操作").wait_for()
    decided = await approvals.get(number)
    assert (decided.state, decided.note) == ("executed", "已核对小票")
    assert await factories.balance(customer.id) == (FEN, 0)


async def test_a_difference_goes_from_the_queue_to_the_close_of_its_day(seen, tmp_path):
    day = await books.compared(books.BookKeeper(), books.bill([books.Row("P" + "1" * 20, 55)]), tmp_path)
    await database.execute("UPDATE difference SET state = 'open', ask_at = NULL")
    await seen.at("/differences")
    card = seen.locator("article").first
    await card.get_by_role("button", name="我来处理").click()
    await seen.get_by_text("负责人：店长小周").wait_for()
    card = seen.locator("article").first
    await card.locator("summary", has_text="处理").first.click()
    await card.locator("[name=resolution]").select_option("ignore")
    await card.locator("[name=reason]").fill("演示数据")
    await card.locator("form:has([name=resolution]) button[type=submit]").click()
    await seen.get_by_text("没有要处理的差异").wait_for()
    await seen.at(f"/reconciliation/days/wechat_pay/{day.day}")
    await seen.locator("form[action*=reconciliation_close] button").click()
    await seen.get_by_text("这一天已关闭").first.wait_for()
    assert (await days.get("wechat_pay", day.day)).state == "closed"
