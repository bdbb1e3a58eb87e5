"""What strangers and colleagues send on purpose. docs/security.md says which items of OWASP ASVS each of these answers for."""

import re

import pytest

from admin_api import routes
from console.places import Places
from core import db
from members import duties
from tests import factories
from tests.console import browsing

PLACES = Places(routes.API.routes)
EVIL = "\"><script>alert(1)</script>{{7*7}}${7*7}'--"
ODD = [
    "'; DROP TABLE customer; --", "%00", "\x00", "../../etc/passwd", "<img src=x onerror=alert(1)>", "{{ config }}", "9" * 400, "-1",
    "‮abc", "𝕏" * 50, "a\r\nSet-Cookie: evil=1", "1e309", "NaN", "[]", "null", "２０２６",
]  # fmt: skip


async def test_what_customers_call_themselves_is_text_on_every_page(hired):
    browser = await hired()
    customer = await factories.customer(EVIL[:60], principal=10_000)
    bill = await factories.bill(customer.id, 700, title=EVIL[:60])
    plan = await factories.plan(customer.id)
    given = {"customer_id": customer.id, "bill_no": bill, "plan_id": plan.id}
    seen = 0
    for place in PLACES.shown:
        if set(place.slots) <= set(given) and place.route.file is None:
            page = await browser.get(place.address(given))
            assert "<script>alert" not in page.text and "49" not in re.findall(
                r">([^<]*49[^<]*)<", page.text
            ), place.name
            seen += "&lt;script&gt;" in page.text
    assert seen >= 4  # lists, the customer, the bill: it is shown, as text


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_odd_queries_are_refused_or_answered_but_break_nothing(hired, odd):
    browser = await hired()
    for name in (
        "customers_listing",
        "orders_listing",
        "payments_listing",
        "differences_listing",
        "statements_read",
    ):
        place = PLACES.all[name]
        fields = list(place.query.model_fields) if place.query is not None else []
        for field in [*fields, "columns", "part", "unknown"]:
            address = place.address(dict.fromkeys(place.slots, "1"))
            page = await browser.get(address, params={field: odd})
            assert page.status < 500, (name, field, page.words[:200])
            assert odd not in page.text or "<" not in odd


async def test_odd_forms_are_refused_and_change_nothing(hired):
    browser, customer = await hired(), await factories.customer()
    for path in (
        f"/do/counter_top_up?customer_id={customer.id}",
        "/do/products_add",
        "/do/packages_add",
        "/do/segments_add",
    ):
        hidden = (await browser.get(path)).hidden
        place = PLACES.all[path.removeprefix("/do/").partition("?")[0]]
        names = list(place.route.handler.__annotations__["body"].model_fields)
        for odd in ODD[:10]:
            sent = {
                **hidden,
                **{name: odd for name in names},
                f"{names[0]}.0.{names[-1]}": odd,
                f"{names[0]}.99999.x": odd,
            }
            page = await browser.post(path, sent)
            assert page.status in (403, 422), (path, odd, page.status, page.words[:300])
    assert (
        await db.fetchval("SELECT count(*) FROM product")
        + await db.fetchval("SELECT count(*) FROM counter_payment")
        == 0
    )


async def test_a_file_outside_and_a_made_up_page_are_not_found(stranger, hired):
    for path in (
        "/static/../__init__.py",
        "/static/%2e%2e/door.py",
        "/static/vendor/../../door.py",
        "/static/nothing.js",
    ):
        page = await stranger.get(path)
        assert page.status in (404, 303) or "sign-in" in page.url, path
        assert "import" not in page.text
    browser = await hired()
    for path in (
        "/nothing",
        "/do/nothing",
        "/customers/999999",
        "/customers/abc",
        "/orders/%00",
        "/bills/" + "9" * 300,
    ):
        assert (await browser.get(path)).status in (400, 404), path


async def test_a_post_in_one_store_opens_nothing_of_another(hired):
    await db.execute(
        "INSERT INTO store (code, name, state, created_at) VALUES ('xihu', '西湖店', 'open', now()), ('binjiang', '滨江店', 'open', now())"
    )
    browser = await hired(duties.Post("cashier", "xihu"))
    page = await browser.get("/orders")
    assert page.status == 200
    for path in (
        "/differences",
        "/operators",
        "/acts",
        "/reports/liability",
        "/do/adjustments_adjust?customer_id=1",
    ):
        assert (await browser.get(path)).status in (403, 404), path
    customer = await factories.customer()
    form = f"/do/counter_top_up?customer_id={customer.id}"
    page = await browser.submit(form, amount_fen="10", tender="cash", store="binjiang")
    assert page.status == 422 and await db.fetchval("SELECT count(*) FROM counter_payment") == 0
    page = await browser.submit(form, amount_fen="10", tender="cash", store="xihu")
    assert page.status == 200 and await db.fetchval("SELECT count(*) FROM counter_payment") == 1


async def test_the_same_form_sent_twice_does_it_once(hired):
    browser, customer = await hired(), await factories.customer()
    path = f"/do/counter_top_up?customer_id={customer.id}"
    sent = {**(await browser.get(path)).hidden, "amount_fen": "10", "tender": "cash"}
    for _ in range(3):
        assert (await browser.post(path, sent)).status == 200
    assert await db.fetchval("SELECT count(*) FROM counter_payment") == 1


async def test_no_page_is_kept_framed_or_opened_to_other_sites(hired):
    browser = await hired()
    for path in ("/", "/customers", "/do/products_add", "/nothing"):
        headers = (await browser.get(path, headers={"Origin": "https://evil.example"})).headers
        assert headers["Cache-Control"] == "no-store" and headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff" and "Access-Control-Allow-Origin" not in headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_a_bent_cookie_is_nobodys(world, hired):
    await hired()
    for bent in ("", "x", "a" * 5_000, "'; --", "null", "%00"):
        browser = browsing.Browser(world.url)
        browser.session.headers["Cookie"] = f"yucun_console={bent}"
        try:
            assert "/sign-in" in (await browser.get("/customers")).url
        finally:
            await browser.session.close()
