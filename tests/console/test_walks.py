"""A cashier's and a clerk's most frequent job, in a real browser."""

import pytest

from console import customer_parts
from core import db
from members import duties
from tests import factories
from tests.console import looking
from tests.console.test_order import paid_order, state_of
from tests.shop.test_after_sales import Shop

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_a_cashier_finds_a_customer_takes_the_money_and_has_the_receipt(hired, world):
    seated = await hired(duties.Post("cashier"))
    customer = await factories.customer("林小满")
    await world.package(pay_fen=20_000, bonus_fen=2_000)
    async with looking.at(seated) as page:
        await page.goto(f"{world.url}/console/counter")
        await page.fill("#who", "小满")
        await page.click(".found a")
        await page.locator(".package", has_text="¥200.00").click()
        await page.get_by_role("button", name="确认已收 ¥200.00").wait_for()
        await looking.accessible(page)
        await page.get_by_role("button", name="确认已收 ¥200.00").click()
        await page.locator(".receipt").wait_for()
        assert "¥220.00" in await page.locator(".receipt").inner_text()
        await looking.accessible(page)
        await page.emulate_media(media="print")
        assert not await page.locator(".side").is_visible() and await page.locator(".receipt").is_visible()
        await looking.picture(page, "console-counter-receipt-print")
    assert await db.fetchval("SELECT pay_fen FROM top_up WHERE customer_id = $1", customer.id) == 20_000


async def test_a_clerk_reviews_an_order_and_ships_it(hired, world):
    seated = await hired(duties.Post("manager"))
    order_no, _ = await paid_order(pieces=2)
    async with looking.at(seated) as page:
        await page.goto(f"{world.url}/console/orders/{order_no}")
        await looking.accessible(page)
        await page.get_by_role("button", name="审核通过").click()
        await page.get_by_role("button", name="审核通过").wait_for(state="detached")
        assert await state_of(order_no) == "confirmed"
        await page.fill("#carrier", "顺丰")
        await page.fill("#tracking_no", "SF1234567890")
        await page.get_by_role("button", name="发货").click()
        await page.locator(".parcel", has_text="SF1234567890").wait_for()
        await looking.accessible(page)
        await looking.picture(page, "console-order-shipped")
    assert await state_of(order_no) == "shipped"


async def test_every_tab_of_a_customer_the_kitchen_a_product_and_an_after_sale_can_be_used_by_everybody(
    hired, world
):
    seated = await hired()
    shop = await Shop().opened()
    return_no = await shop.at("done", "exchange")
    await paid_order(delivered=False)
    pages = [f"customers/{shop.customer}?tab={tab}" for tab in customer_parts.TABS]
    product = f"products/{await db.fetchval('SELECT min(id) FROM product')}"
    async with looking.at(seated) as page:
        for path in (
            *pages,
            f"after-sales/{return_no}",
            f"orders/{shop.no}",
            "kitchen",
            "products?sort=-sold",
        ):
            await page.goto(f"{world.url}/console/{path}")
            await looking.accessible(page)
        await page.goto(f"{world.url}/console/{product}")
        await page.locator(".count > summary").first.click()
        await looking.accessible(page)
    async with looking.at(seated, width=390, height=800) as page:
        for path in (
            f"customers/{shop.customer}",
            f"after-sales/{return_no}",
            f"orders/{shop.no}",
            "kitchen",
            product,
            "products?sort=-sold",
        ):
            await page.goto(f"{world.url}/console/{path}")
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, (path, width, "a phone need not be moved sideways")
