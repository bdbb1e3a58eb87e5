"""A cashier tops a customer up on one page."""

import re

import pytest

from billing import counter
from core import db
from members import duties
from notifications import addresses
from tests import factories

CASHIER = duties.Post("cashier")


def _number(page):
    return re.search(r"N\d+", page.url)[0]


async def _filled(browser, customer_id, **said):
    """The page as it stands when a cashier has filled it in and looked at what will be credited."""
    page = await browser.get(f"/counter?customer_id={customer_id}")
    form = {**page.hidden, "tender": "cash", "package_id": "", **said}
    checked = await browser.post("/counter", {**form, "check": "1"})
    confirm = re.search(r'name="confirm" value="([^"]*)"', checked.text)
    return form | ({"confirm": confirm[1]} if confirm else {}), checked


async def test_a_cashier_sees_what_will_be_credited_and_takes_it_once_however_often_the_form_comes(
    hired, world
):
    browser = await hired(CASHIER)
    customer = await factories.customer("小林", principal=1_000)
    package_id = await world.package(pay_fen=20_000, bonus_fen=2_000)
    form, checked = await _filled(browser, customer.id, package_id=str(package_id))
    assert checked.status == 200
    assert "入账后余额 ¥230.00" in checked.words and "确认已收 ¥200.00" in checked.words
    first = await browser.post("/counter", form)
    again = await browser.post("/counter", form)
    assert first.status == 200 and "¥200.00" in first.words and "壹佰" not in first.words
    assert "贰佰元整" in first.words and "¥20.00" in first.words
    assert _number(first) == _number(again)
    assert await db.fetchval("SELECT count(*) FROM counter_payment") == 1


@pytest.mark.parametrize(("locale", "said"), [("zh-CN", "柜台 ¥50.00"), ("en", "Counter ¥50.00")])
async def test_the_first_page_says_in_words_that_money_came_at_the_counter(hired, locale, said):
    browser = await hired(locale=locale)
    customer = await factories.customer()
    await counter.top_up(
        1, counter.TopUpWish(customer.id, amount_fen=5_000), counter.Taking("cash", None), key=factories.key()
    )
    assert said in (await browser.get("/")).words


async def test_what_was_changed_after_it_was_looked_at_is_shown_again_and_not_taken(hired, world):
    browser = await hired(CASHIER)
    customer = await factories.customer()
    form, _ = await _filled(browser, customer.id, amount_fen="50")
    changed = await browser.post("/counter", form | {"amount_fen": "500"})
    assert changed.status == 422 and "请再核对一遍" in changed.words
    assert await db.fetchval("SELECT count(*) FROM counter_payment") == 0


async def test_what_speaks_against_it_is_said_beside_the_form(hired):
    browser = await hired(CASHIER)
    customer = await factories.customer()
    form, checked = await _filled(browser, customer.id, amount_fen="2000")
    assert "confirm" not in form and "1000" in checked.words
    form, _ = await _filled(browser, customer.id, amount_fen="50", tender="card")
    refused = await browser.post("/counter", form)
    assert refused.status == 422 and await db.fetchval("SELECT count(*) FROM counter_payment") == 0


async def test_customers_are_found_by_name_and_by_phone_number_and_names_are_shown_as_they_are(hired):
    browser = await hired(CASHIER)
    customer = await factories.customer("<b>阿强</b>")
    await factories.customer("别人")
    await addresses.put(customer.id, "sms", "13812345678", by=f"customer:{customer.id}")
    for asked in ("阿强", "138 1234 5678", str(customer.id)):
        found = await browser.get("/pick/customers", params={"query": asked, "for": "counter"})
        assert f"/console/counter?customer_id={customer.id}" in found.text, asked
        assert "<b>阿强" not in found.text and "别人" not in found.text
    alone = await browser.get("/counter", params={"query": "阿强"})
    assert alone.url.endswith(f"customer_id={customer.id}"), "the only hit is opened at once"


async def test_the_counter_is_for_who_may_take_money(hired):
    browser = await hired(duties.Post("support"))
    assert (await browser.get("/counter")).status == 403
    assert (await browser.post("/counter", {})).status == 403
    tried = await db.fetch(
        "SELECT about, kind, outcome FROM operator_act WHERE operation = 'counter_top_up' ORDER BY id"
    )
    assert [tuple(row) for row in tried] == [
        ("GET /console/counter", "read", "not_your_duty"), ("POST /console/counter", "write", "not_your_duty"),
    ]  # fmt: skip
