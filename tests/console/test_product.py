"""A product's page: pictures in order and described, what costs what, what there is where, counted once with its reason."""

import html
import re

import aiohttp

from billing import stores
from core import db
from members import duties
from shop import images, price_rules, products, stock
from tests import factories
from tests.shop.test_images import picture


async def _tea():
    skus = [products.NewSku("大杯", 2_800, 14), products.NewSku("中杯", 2_400, 9)]
    return await products.add(name="茉莉<奶绿>", description="", skus=skus)


def _action(page, operation):
    return html.unescape(re.search(rf'action="(/console/do/{operation}\?[^"]*)"', page.text)[1])


async def _upload(browser, page, file):
    form = aiohttp.FormData(
        {"_csrf": page.hidden["_csrf"], "_key": factories.key()}, default_to_multipart=True
    )
    form.add_field("file", file, filename="a.png", content_type="image/png")
    return await browser.post(_action(page, "product_images_add"), form)


async def test_pictures_are_checked_described_and_put_in_order(hired):
    browser, tea = await hired(), await _tea()
    page = await browser.get(f"/products/{tea.id}")
    assert (await _upload(browser, page, b"<script>alert(1)</script>")).status == 422
    assert await images.of(tea.id) == []
    for colour in ("red", "blue"):
        page = await _upload(browser, page, picture(colour=colour))
    first, second = await images.of(tea.id)
    page = await browser.post(_action(page, "product_images_describe"), {**page.hidden, "alt": '杯子 "> <b>'})
    assert (await images.of(tea.id))[0].alt == '杯子 "> <b>' and "<b>" not in page.text
    page = await browser.post(
        _action(page, "product_images_put_order"), {**page.hidden, "image_ids": f"{second.id},{first.id}"}
    )
    assert page.url.endswith(f"/products/{tea.id}") and [one.id for one in await images.of(tea.id)] == [
        second.id,
        first.id,
    ]
    assert f"/api/v1/images/{second.key}/small" in (await browser.get("/products")).text, "it stands for it"


async def test_what_each_sku_costs_and_where_it_is_stands_in_one_table_and_counting_twice_is_once(hired):
    await stores.put("lake", name="西湖店", state="open")
    browser, tea = await hired(), await _tea()
    large = tea.skus[0].id
    await price_rules.add(1, large, price_rules.NewRule(2_500, store="lake"), key=factories.key())
    page = await browser.get(f"/products/{tea.id}")
    assert "¥25.00 所有顾客 · 西湖店" in page.words and "总店 14 现有 14" in page.words
    counted = {
        **page.hidden, "_key": factories.key(), "store": "lake", "counted": "", "change": "+30", "low_at": "40", "reason": "到货",
    }  # fmt: skip
    for _twice in range(2):
        page = await browser.post(_action(page, "stock_change"), counted)
    assert "西湖店 30 现有 30，已预留 0 · 提醒线 40 库存偏低" in page.words
    assert [(one.change, one.reason) for one in await stock.movements(large)][:1] == [(30, "到货")]
    assert "库存偏低" in (await browser.get(f"/products/{tea.id}")).words


async def test_a_product_goes_off_the_shelf_and_back_with_one_button(hired):
    browser, tea = await hired(), await _tea()
    page = await browser.get(f"/products/{tea.id}")
    for state in ("off_shelf", "on_shelf"):
        page = await browser.post(_action(page, "products_change"), {**page.hidden, "state": state})
        assert await db.fetchval("SELECT state FROM product WHERE id = $1", tea.id) == state
    assert "茉莉<奶绿>" not in page.text and "茉莉<奶绿>" in page.words


async def test_who_only_looks_is_offered_nothing_and_a_store_counts_its_own_alone(hired):
    await stores.put("lake", name="西湖店", state="open")
    await stores.put("hill", name="山顶店", state="open")
    tea = await _tea()
    looks = await (await hired(duties.Post("auditor"))).get(f"/products/{tea.id}")
    assert "¥28.00" in looks.words and "/console/do/" not in looks.text.partition("<main")[2]
    counts = await (await hired(duties.Post("manager", "lake"), login="wu")).get(f"/products/{tea.id}")
    offered = re.findall(r'<option value="(\w*)"', counts.text)
    assert set(offered) == {"lake"}
