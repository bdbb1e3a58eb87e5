"""A list is sorted by clicking on a column, and by the choice above it; pages go on in the same order."""

import html
import re

from admin_api import routes
from console import columns, sorting, specs
from console.places import Places
from tests import factories


def _sorts(page):
    return {
        name: html.unescape(href)
        for href, name in re.findall(r'<a class="sort" href="([^"]*)">([^<]*)<', page.text)
    }


def _prices(page):
    return re.findall(r"¥(\d+)\.00", page.words)


def test_what_a_list_can_be_sorted_by_is_a_column_one_sees_at_first():
    sorted_lists = 0
    for place in Places(routes.API.routes).shown:
        options = next((one.options for one in specs.of_query(place.route) if one.name == sorting.SORT), ())
        fields = {option.removeprefix("-") for option in options}
        assert fields <= set(columns.of(place, [])), place.name
        assert all({name, f"-{name}"} <= set(options) for name in fields), place.name
        sorted_lists += bool(options)
    assert sorted_lists >= 4


async def test_products_by_price_by_clicking_and_page_by_page(hired):
    browser = await hired()
    for fen in (300, 100, 200, 100):
        await factories.sku(fen)
    page = await browser.get("/products?limit=3")
    assert set(_sorts(page)) == {"最低标价", "近30天售出"} and "aria-sort" not in page.text
    page = await browser.get(_sorts(page)["最低标价"])
    assert _prices(page) == ["3", "2", "1"] and 'aria-sort="descending"' in page.text
    assert "价格从高到低" in re.search(r"<option[^>]* selected>([^<]*)<", page.text)[1]
    (further,) = re.findall(r'rel="next" href="([^"]*)"', page.text)
    assert _prices(await browser.get(html.unescape(further))) == ["1"]
    page = await browser.get(_sorts(page)["最低标价"])
    assert _prices(page) == ["1", "1", "2"] and 'aria-sort="ascending"' in page.text
    stranger = html.unescape(further).replace("-lowest_fen", "sold")
    assert "¥" not in (await browser.get(stranger)).words, (
        "a page of another order begins nowhere in this one"
    )


async def test_customers_by_name_and_no_address_tells_one(hired):
    browser = await hired()
    for name in ("钱一", "安二", "白三"):
        await factories.customer(name)
    page = await browser.get("/customers?limit=1&sort=name")
    seen = []
    while True:
        seen += re.findall("钱一|安二|白三", page.words)
        further = re.search(r'rel="next" href="([^"]*)"', page.text)
        if further is None:
            break
        page = await browser.get(html.unescape(further[1]))
    assert seen == ["安二", "白三", "钱一"]
