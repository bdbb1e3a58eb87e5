"""Who gets in, and what other sites cannot make a browser do."""

from console import session
from core import db
from members import second_factors
from tests import factories
from tests.members.second_steps import App
from tests.world import PASSWORD


async def test_who_is_not_signed_in_is_led_to_the_form_and_back(stranger, hired):
    await hired(login="zhou")
    page = await stranger.get("/customers?query=lin")
    assert page.status == 200 and "/console/sign-in?next=" in page.url
    signed_in = await stranger.post(page.url, {"login": "zhou", "password": "wrong password"})
    assert signed_in.status == 401 and "不正确" in signed_in.words
    signed_in = await stranger.post(page.url, {"login": "zhou", "password": PASSWORD})
    assert signed_in.status == 200 and signed_in.url.endswith("/console/customers?query=lin")


async def test_signing_in_leads_to_no_other_site(stranger, hired):
    await hired(login="zhou")
    for wanted in (
        "https://evil.example/",
        "//evil.example",
        "/console/\\evil",
        "/console//evil",
        "/elsewhere",
    ):
        assert session.own_address(wanted) == "/console/"
    assert session.own_address("/console/orders?state=paid") == "/console/orders?state=paid"


async def test_the_cookie_is_hidden_from_scripts_and_ends_with_the_session(hired, stranger):
    browser = await hired()
    (cookie,) = [one for one in browser.session.cookie_jar if one.key == "yucun_console"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    page = await browser.get("/")
    await browser.post("/sign-out", {"_csrf": page.hidden["_csrf"]})
    stranger.session.cookie_jar.update_cookies({"yucun_console": cookie.value})
    assert "/sign-in" in (await stranger.get("/orders")).url


async def test_a_form_of_another_site_does_nothing(hired):
    browser, customer = await hired(), await factories.customer()
    path = f"/do/counter_top_up?customer_id={customer.id}"
    sent = {**(await browser.get(path)).hidden, "amount_fen": "10", "tender": "cash"}
    for bent, headers in (
        ({**sent, "_csrf": ""}, {}),
        ({**sent, "_csrf": "0" * 64}, {}),
        (sent, {"Origin": "https://evil.example"}),
        (sent, {"Sec-Fetch-Site": "cross-site"}),
    ):
        assert (await browser.post(path, bent, headers=headers)).status == 403
    assert await db.fetchval("SELECT count(*) FROM counter_payment") == 0
    assert (await browser.post(path, sent)).status == 200
    assert await db.fetchval("SELECT count(*) FROM counter_payment") == 1


async def test_pages_load_nothing_from_elsewhere_and_run_no_scripts_within(hired):
    page = await (await hired()).get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "http" not in policy
    assert page.headers["X-Frame-Options"] == "DENY" and page.headers["Cache-Control"] == "no-store"
    assert "<script>" not in page.text and "style=" not in page.text and "onclick" not in page.text


async def test_who_has_a_second_factor_is_asked_for_it(stranger, hired):
    await hired(login="zhou")
    _, codes = await _enrolled("zhou")
    page = await stranger.post("/sign-in?next=/console/orders", {"login": "zhou", "password": PASSWORD})
    assert page.status == 200 and "第二步验证" in page.words
    wrong = await stranger.post("/sign-in/second?next=/console/orders", {**page.hidden, "code": "000000"})
    assert wrong.status == 401 and wrong.hidden == page.hidden
    assert "/sign-in" in (await stranger.get("/orders")).url
    page = await stranger.post("/sign-in/second?next=/console/orders", {**page.hidden, "code": codes[0]})
    assert page.status == 200 and page.url.endswith("/console/orders")
    over = await stranger.post("/sign-in/second", {**wrong.hidden, "code": codes[1]})
    assert over.status == 401


async def test_before_a_form_that_moves_money_somebody_with_a_second_factor_shows_again_who_they_are(hired):
    browser, customer = await hired(login="zhou"), await factories.customer()
    path = f"/do/adjustments_adjust?customer_id={customer.id}"
    sent = {**(await browser.get(path)).hidden, "kind": "principal", "amount_fen": "1", "reason": "补"}
    _, codes = await _enrolled("zhou")
    await db.execute("UPDATE operator_session SET fresh_at = fresh_at - interval '11 minutes'")
    page = await browser.post(path, sent)
    assert "/again?next=" in page.url and "再次验证身份" in page.words
    assert await db.fetchval("SELECT count(*) FROM adjustment") == 0
    page = await browser.get(path)
    wrong = await browser.post(page.url, {**page.hidden, "proof": "000000"})
    assert wrong.status == 401 and "不正确" in wrong.words
    (cookie,) = [one.value for one in browser.session.cookie_jar if one.key == "yucun_console"]
    page = await browser.post(page.url, {**page.hidden, "proof": codes[0]})
    assert page.status == 200 and page.url.endswith(path), "back at the form"
    assert cookie not in [one.value for one in browser.session.cookie_jar]
    done = await browser.post(path, {**sent, **page.hidden})
    assert done.status == 200 and await db.fetchval("SELECT count(*) FROM adjustment") == 1


async def _enrolled(login):
    operator_id = await db.fetchval("SELECT id FROM operator WHERE login = $1", login)
    app = App((await second_factors.begin_totp(operator_id, login)).secret)
    return app, await second_factors.confirm_totp(operator_id, app.code())
