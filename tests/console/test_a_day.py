"""A merchant's day in a real browser: money at the counter, orders, the kitchen, what comes back, plans, stock, vouchers, tickets, the due run,
files, people.

Each job is done by pressing what the pages show, found by what it does and not by its words, so that the same walk goes at three sizes in both
languages. `make test` walks two of the six, `make console-look` all.
"""

import asyncio
import os
from datetime import timedelta

import pytest

import console
from app import doors
from billing import plans, vouchers
from core import clock, db
from members import list_exports, tickets
from shop import after_sales, stock
from tests import factories
from tests.billing.test_vouchers import picture, submitted
from tests.console import looking
from tests.console.test_order import paid_order, state_of
from tests.shop.test_after_sales import Shop
from tests.world import new_key

SIZES = {"phone": (390, 800), "tablet": (820, 1180), "desktop": (1280, 900)}
EVERY = [(size, locale) for size in SIZES for locale in ("zh-CN", "en")]
WALKED = EVERY if os.environ.get("YUCUN_CONSOLE_LOOK") == "all" else [("phone", "en"), ("desktop", "zh-CN")]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


class Day:
    """The page of a browser, and how a person gets on with it."""

    def __init__(self, page, base, name, width):
        self.page, self.base, self.name, self.width = page, base, name, width

    async def open(self, path):
        await self.page.goto(self.base + path)

    def form(self, action):
        return self.page.locator(f'form[action*="{action}"]').first

    async def press(self, action, **values):
        """Fills in the form of this action and sends it; where it lies behind a heading, that is opened first."""
        form = self.form(action)
        await form.wait_for(state="attached")
        folded = self.page.locator("details:not([open])", has=self.page.locator(f'form[action*="{action}"]'))
        for _ in range(await folded.count()):
            await folded.first.locator("> summary").click()
        for name, value in values.items():
            field = form.locator(f'[name="{name}"]').first
            await (
                field.select_option(value)
                if await field.evaluate("one => one.tagName") == "SELECT"
                else field.fill(value)
            )
        await form.locator("button:not([data-add]):not([type=button])").last.click()

    async def follow(self, part):
        link = self.page.locator(f'a[href*="{part}"]').first
        folded = self.page.locator("details:not([open])", has=self.page.locator(f'a[href*="{part}"]'))
        for _ in range(await folded.count()):
            await folded.first.locator("> summary").click()
        await link.click()

    async def looked_at(self, what):
        """Everybody can use what is shown, it fits, and there is a picture of it."""
        await looking.accessible(self.page)
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= self.width, what
        await looking.picture(self.page, f"day-{self.name}-{what}")


async def until(true, *, patience_s=60):
    """Waits for what a press leads to."""
    async with asyncio.timeout(patience_s):
        while not await true():
            await asyncio.sleep(0.1)


async def the_counter(day, world):
    customer = await factories.customer("林小满")
    await day.open("/counter")
    await day.page.fill("#who", "小满")
    await day.page.click(".found a")
    await day.page.locator(".package", has_text="¥200.00").click()
    await day.page.locator("form:has([name=_key]) button[type=submit]", has_text="200.00").wait_for()
    await day.looked_at("counter")
    await day.page.locator("form:has([name=_key]) button[type=submit]", has_text="200.00").click()
    await day.page.locator(".receipt").wait_for()
    await day.looked_at("receipt")
    assert await factories.balance(customer.id) == (20_000, 2_000)


async def an_adjustment(day, world):
    customer = await factories.customer("王小明", principal=1_000)
    await day.open(f"/customers/{customer.id}")
    await day.looked_at("customer")
    await day.follow("adjustments_adjust")
    await day.looked_at("adjusting")
    await day.press("adjustments_adjust", kind="principal", amount_fen="-1.50", reason="多充了一块五")
    await until(lambda: holds(customer.id, 850))
    await day.open("/customers?query=小明")
    await day.looked_at("customers-found")
    await day.page.locator("tbody a").first.click()
    await day.page.wait_for_url(f"**/customers/{customer.id}")
    assert "8.50" in await day.page.locator("main").inner_text()


async def holds(customer_id, fen):
    return sum(await factories.balance(customer_id)) == fen


async def an_order(day, world):
    order_no, _ = await paid_order(pieces=2)
    await day.open(f"/orders/{order_no}")
    await day.press("/do/orders_confirm")
    await until(lambda: stands(order_no, "confirmed"))
    await day.press("/ship", carrier="顺丰", tracking_no="SF1234567890")
    await day.page.locator(".parcel", has_text="SF1234567890").wait_for()
    await day.looked_at("order-shipped")
    assert await state_of(order_no) == "shipped"


async def stands(order_no, state):
    return await state_of(order_no) == state


async def the_kitchen(day, world):
    order_no, _ = await paid_order(delivered=False)
    await day.open("/kitchen")
    await day.looked_at("kitchen")
    await day.press(f"/kitchen/{order_no}/confirm")
    await until(lambda: stands(order_no, "confirmed"))
    await day.press(f"/kitchen/{order_no}/hand")
    await until(lambda: stands(order_no, "completed"))


async def what_comes_back(day, world):
    shop = await Shop().opened()
    number = await shop.ask()
    await day.open(f"/after-sales/{number}")
    await day.follow("after_sales_approve")
    await day.press("after_sales_approve", note="寄回西湖店")
    await day.page.locator("main a.btn-primary").click()
    await day.page.wait_for_url(f"**/after-sales/{number}*")
    await day.looked_at("after-sale")
    assert (await after_sales.get(number)).state == "approved"


async def a_plan(day, world):
    customer = await factories.customer("小张", principal=50_000)
    plan = await factories.plan(customer.id)
    await day.open(f"/plans/{plan.id}")
    await day.press("plans_pause", until=(clock.today() + timedelta(days=9)).isoformat())
    await until(lambda: is_so(plan, "paused"))
    await day.looked_at("plan-paused")
    await day.press("plans_resume")
    await until(lambda: is_so(plan, "active"))


async def is_so(plan, state):
    return (await plans.get(plan.customer_id, plan.id)).state == state


async def the_stock(day, world):
    sku = await factories.sku(stock=7)
    product = await db.fetchval("SELECT product_id FROM sku WHERE id = $1", sku.id)
    await day.open(f"/products/{product}")
    await day.press("stock_change", counted="5", reason="盘点")
    await until(lambda: are_there(sku.id, 5))
    await day.looked_at("product")


async def are_there(sku_id, number):
    return (await stock.level(sku_id)).on_hand == number


async def a_voucher(day, world):
    customer = await factories.customer("小李")
    voucher = await submitted(customer.id, 5_000, image=picture())
    await day.open("/vouchers?state=submitted")
    await day.follow(voucher.voucher_no)
    await day.looked_at("voucher")
    await day.press("vouchers_confirm", amount_fen="50.00", reference="B-1")
    await until(lambda: holds(customer.id, 5_000))
    assert (await vouchers.get(voucher.voucher_no)).state == "confirmed"


async def a_ticket(day, world):
    customer = await factories.customer()
    ticket = await tickets.create(customer.id, "complaint", "奶茶凉了", locale="zh-CN", key=new_key())
    await day.open(f"/tickets/{ticket.ticket_no}")
    await day.press("tickets_answer", text="给您换一杯")
    await day.page.get_by_text("给您换一杯").first.wait_for()
    await day.looked_at("ticket")


async def the_due_run(day, world):
    await day.open("/due-runs")
    await day.press("due_runs_pause", reason="先看看")
    await day.form("due_runs_resume").wait_for(state="attached")
    await day.looked_at("due-run-paused")
    await day.press("due_runs_resume")
    await day.form("due_runs_pause").wait_for(state="attached")


async def a_file(day, world):
    await day.open("/customers")
    await day.press("/exports")
    await day.page.wait_for_url("**/exports*")
    assert await console.exporter(doors.operations(world.runtime))() == 1
    await day.open("/exports")
    await day.looked_at("exports")
    async with day.page.expect_download() as told:
        await day.page.locator('main a[href$="/file"]').first.click()
    assert (await told.value).suggested_filename.endswith(".csv")
    assert (await list_exports.page(1))[0].state == "done"


async def somebody_new(day, world):
    await day.open("/operators")
    await day.follow("staff_add")
    await day.press(
        "staff_add", login="chen", name="小陈", password="tea-leaves-in-spring", **{"posts.0.role": "cashier"}
    )
    await until(lambda: works_here("chen"))
    await day.looked_at("hired")


async def works_here(login):
    return bool(await db.fetchval("SELECT count(*) FROM operator WHERE login = $1", login))


JOBS = [
    the_counter, an_adjustment, an_order, the_kitchen, what_comes_back, a_plan, the_stock, a_voucher, a_ticket, the_due_run, a_file,
    somebody_new,
]  # fmt: skip


@pytest.mark.parametrize(("size", "locale"), WALKED)
async def test_a_merchants_day(hired, world, size, locale):
    seated = await hired(locale=locale)
    await world.package(pay_fen=20_000, bonus_fen=2_000)
    width, height = SIZES[size]
    async with looking.at(seated, width=width, height=height) as page:
        day = Day(page, f"{world.url}/console", f"{size}-{locale[:2]}", width)
        for job in JOBS:
            try:
                await job(day, world)
            except BaseException as error:
                error.add_note(f"at {job.__name__}, {page.url}")
                await looking.picture(page, f"day-{day.name}-stuck-{job.__name__}")
                raise
