"""A customer's page: what they have, everything else in a few tabs, what can be done in groups."""

import re
from datetime import timedelta

import pytest

from admin_api import routes
from console import customer_parts
from console.places import Places
from core import clock
from members import duties
from tests import factories

PLACES = Places(routes.API.routes)


def test_the_tabs_show_what_there_is_and_each_deed_is_in_one_group():
    parts = [part for several in customer_parts.TABS.values() for part in several]
    assert len(customer_parts.TABS) <= 8
    for part in parts:
        place = PLACES.all[part.operation]
        assert set(place.slots) <= {"customer_id"}, part.operation
        assert set(part.columns) <= set(place.model.model_fields), part.operation
        assert set(part.query) <= set(place.query.model_fields if place.query else ()), part.operation
    deeds = [name for names in customer_parts.GROUPS.values() for name in names]
    assert len(set(deeds)) == len(deeds)
    assert set(deeds) <= {one.name for one in PLACES.deeds(PLACES.all["customers_one"])}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_every_tab_opens_alone_and_in_its_page(hired, locale):
    browser = await hired(locale=locale)
    customer = await factories.customer("<i>阿丽</i>", principal=10_000, bonus=500, bonus_days=10)
    await factories.order(customer.id)
    page = await browser.get(f"/customers/{customer.id}")
    assert page.status == 200 and "<i>阿丽" not in page.text and "&lt;i&gt;阿丽" in page.text
    assert "¥105.00" in page.words and "¥100.00" in page.words
    for tab in customer_parts.TABS:
        part = await browser.get(f"/customers/{customer.id}?tab={tab}", headers={"HX-Request": "true"})
        assert part.status == 200 and "<html" not in part.text, tab
        whole = await browser.get(f"/customers/{customer.id}?tab={tab}")
        titles = re.findall(r'<h2 class="card-title">[^<]+', part.text)
        assert titles and set(titles) <= set(re.findall(r'<h2 class="card-title">[^<]+', whole.text)), tab


async def test_each_change_leads_to_its_explanation_and_a_period_to_its_statement(hired):
    browser = await hired()
    customer = await factories.customer(principal=10_000)
    page = await browser.get(f"/customers/{customer.id}")
    (why,) = set(re.findall(r'href="(/console/customers/\d+/changes/\d+)"', page.text))
    assert "¥100.00" in (await browser.get(why)).words
    today = clock.today()
    statement = await browser.get(f"/customers/{customer.id}?tab=statement")
    assert why in statement.text and f"statement.csv?from={today.replace(day=1)}" in statement.text
    before = today - timedelta(days=400)
    empty = await browser.get(f"/customers/{customer.id}?tab=statement&from={before}&to={before}")
    assert "这段时间没有变动" in empty.words and "¥0.00" in empty.words
    turned = await browser.get(f"/customers/{customer.id}?tab=statement&from={today}&to={before}")
    assert turned.status == 200 and "alert" in turned.text


async def test_who_may_not_see_money_sees_the_customer_without_it_and_no_buttons_for_it(hired):
    browser = await hired(duties.Post("support"))
    customer = await factories.customer(principal=10_000)
    page = await browser.get(f"/customers/{customer.id}")
    assert page.status == 200 and "counter_top_up" not in page.text and "adjustments_adjust" not in page.text
    assert "/lots" not in page.text


async def test_nobody_is_found_under_a_number_that_nobody_has(hired):
    browser = await hired()
    assert (await browser.get("/customers/99999")).status == 404
