"""A hand-over as two people live it: a customer writes in the chat, an operator at the desk sees it without reloading, answers, closes."""

import asyncio
import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright, expect

from core import db as database
from members import duties
from tests import browser
from tests.bot import people as shop
from tests.console.browsing import operator
from tests.world import PASSWORD

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
SIZES = {"desktop": (1280, 800), "tablet": (820, 1100), "phone": (390, 800)}


@pytest.fixture
async def chromium():
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser.needed(), args=browser.ARGUMENTS)
        yield running
        await running.close()


async def seated(chromium, world, login, *, locale="zh-CN", size="desktop"):
    """A page in a browser of its own, signed in; what went wrong in it is kept in ``wrong``."""
    width, height = SIZES[size]
    context = await chromium.new_context(locale=locale, viewport={"width": width, "height": height})
    page = await context.new_page()
    page.wrong = []
    page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(world.url) else page.wrong.append(asked.url),
    )
    await page.goto(f"{world.url}/console/sign-in")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")
    await page.wait_for_url(f"{world.url}/console/")
    return page


async def looked_at(page, name):
    """Keeps a picture of it and asks axe."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"console-{name}.png", full_page=True)
    found = await Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


async def test_a_customer_writes_and_an_operator_answers_without_reloading(world, chromium):
    await operator("zhou", duties.Post("support"))
    here, _ = await shop.writer(world)
    await world.give(here.customer_id, 12_300)
    desk = await seated(chromium, world, "zhou")
    await desk.goto(f"{world.url}/console/conversations")
    await expect(desk.get_by_role("status")).to_contain_text("0 位顾客在等人接待")
    await here.says("余额")
    await here.says("我要投诉")
    await expect(desk.get_by_role("status")).to_contain_text("1 位顾客在等人接待")
    await desk.locator(".talk-list a").click()
    await expect(desk.locator(".talk-beside")).to_contain_text("¥123.00")
    await desk.get_by_role("button", name="接待").click()
    await expect(desk.locator("#reply")).to_be_visible()
    await here.says("奶茶是凉的")
    await expect(desk.get_by_role("log")).to_contain_text("奶茶是凉的")
    await desk.fill("#reply", "抱歉，马上给您换一杯")
    await desk.press("#reply", "Control+Enter")
    await expect(desk.get_by_role("log")).to_contain_text("抱歉，马上给您换一杯")
    await expect(desk.locator("#reply")).to_have_value("")
    await shop.deliver(world)
    assert await here.hears() == "抱歉，马上给您换一杯"
    await expect(desk.locator(".said-fate").last).to_have_text("已发")
    assert await desk.locator("[data-said]").count() == len(
        set(await desk.locator("[data-said]").evaluate_all("all => all.map(one => one.dataset.said)"))
    )
    await looked_at(desk, "conversation-desktop-zh")
    for size, locale in (("tablet", "en"), ("phone", "zh-CN"), ("phone", "en")):
        other = await seated(chromium, world, "zhou", locale=locale, size=size)
        await other.goto(desk.url)
        await looked_at(other, f"conversation-{size}-{locale[:2]}")
        await other.goto(f"{world.url}/console/conversations")
        await looked_at(other, f"conversations-{size}-{locale[:2]}")
        assert other.wrong == []
        await other.context.close()
    await desk.get_by_role("button", name="结束，交还机器人").click()
    await desk.wait_for_url(re.compile("/console/conversations$"))
    assert "123.00" in await here.says("余额"), "the bot answers again"
    assert desk.wrong == []


async def one_who_waits(world, chromium):
    """A customer who has asked for a person, and the desk of one who may answer, at the list."""
    await operator("zhou", duties.Post("support"))
    here, _ = await shop.writer(world)
    desk = await seated(chromium, world, "zhou")
    await here.says("我要投诉")
    await desk.goto(f"{world.url}/console/conversations")
    return here, desk


async def test_what_is_said_while_a_page_opens_is_followed_by_what_is_said_next(world, chromium):
    here, desk = await one_who_waits(world, chromium)
    said_meanwhile = asyncio.Event()

    async def late(route):
        await said_meanwhile.wait()
        await route.continue_()

    await desk.route("**/live/conversations**", late)
    await desk.locator(".talk-list a").click()
    log = desk.get_by_role("log")
    await expect(log.get_by_role("list").get_by_role("listitem")).to_contain_text(["我要投诉"])
    await here.says("奶茶是凉的")
    said_meanwhile.set()
    await expect(log.get_by_role("list").get_by_role("listitem")).to_contain_text(["我要投诉", "奶茶是凉的"])
    await here.says("还在吗")
    await expect(log.get_by_role("list").get_by_role("listitem")).to_contain_text(
        ["我要投诉", "奶茶是凉的", "还在吗"]
    )
    assert desk.wrong == []


async def test_a_page_that_is_left_offers_no_form_that_would_be_lost_with_it(world, chromium):
    _, desk = await one_who_waits(world, chromium)
    await desk.locator(".talk-list a").click()
    await expect(desk.get_by_role("log")).to_contain_text("我要投诉")
    heard = []
    desk.on("console", lambda said: heard.append(said.text))
    await desk.evaluate(
        """() => {
            window.addEventListener("htmx:sseBeforeMessage", (one) => console.info("told", one.detail.type), true);
            document.addEventListener("htmx:sseMessage", (one) => console.info("shown", one.detail.type));
        }"""
    )
    async with database.transaction():
        await database.execute(
            "LOCK TABLE canned_answer IN ACCESS EXCLUSIVE MODE"
        )  # the next page waits for it
        await desk.get_by_role("button", name="接待").click(no_wait_after=True)
        async with asyncio.timeout(10):
            while "told foot" not in heard:
                await asyncio.sleep(0.05)
        assert heard == ["told list", "told waiting", "told head", "told foot"], "nothing of it is shown"
    await expect(desk.locator("#reply")).to_be_visible()
    assert desk.wrong == []
