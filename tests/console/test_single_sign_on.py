"""From the console to the identity provider and back."""

import html
import re

import pytest

from app.operator_config import Operators, SingleSignOn
from core import db
from members import second_factors
from tests import world as worlds
from tests.console import browsing, looking
from tests.members import identity_provider
from tests.members.second_steps import App
from tests.world import PASSWORD


@pytest.fixture
def provider():
    with identity_provider.running("set below") as running:
        yield running


@pytest.fixture
async def house(provider, db, database_url, redis_url, tmp_path):
    """A shop whose operators sign in there; who is not known is an auditor."""
    how = SingleSignOn(
        issuer=provider.issuer, client_id=identity_provider.CLIENT, client_secret=identity_provider.SECRET, create_as="auditor",
    )  # fmt: skip
    urls = {"database_url": database_url, "redis_url": redis_url}
    async with worlds.opened(tmp_path, sign_in=Operators(single_sign_on=how), **urls) as running:
        provider.redirect_uri = f"{running.url}/console/sign-in/back"
        yield running


@pytest.fixture
async def browser(house):
    made = browsing.Browser(house.url)
    yield made
    await made.session.close()


async def test_who_comes_back_is_signed_in_once_and_in_the_browser_that_went(house, browser):
    form = await browser.get("/sign-in")
    assert "单点登录" in form.words
    page = await browser.get("/sign-in/single-sign-on")
    assert page.status == 200 and page.url.endswith("/console/")
    assert await db.fetchval("SELECT role FROM operator_post") == "auditor"
    async with browser.session.get(
        f"{house.url}/console/sign-in/single-sign-on", allow_redirects=False
    ) as there:
        address = there.headers["Location"]
    async with browser.session.get(address, allow_redirects=False) as back:
        address = back.headers["Location"]
    led_astray = browsing.Browser(house.url)
    page = await led_astray.get(address)
    assert page.status == 401 and "/sign-in" in (await led_astray.get("/orders")).url
    await led_astray.session.close()
    assert (await browser.get(address)).url.endswith("/console/")
    assert (await browser.get(address)).status == 401
    assert (await browser.get("/sign-in/back")).status == 401


async def test_a_stranger_does_not_fill_the_table_of_what_is_asked(house, browser):
    there = f"{house.url}/console/sign-in/single-sign-on"
    found = []
    for _ in range(31):
        async with browser.session.get(there, allow_redirects=False) as answer:
            found.append(answer.status)
    assert found == [303] * 30 + [429]
    assert await db.fetchval("SELECT count(*) FROM operator_challenge") == 30
    back = [(await browser.get("/sign-in/back")).status for _ in range(31)]
    assert back == [401] * 30 + [429]


async def test_who_has_a_second_factor_is_asked_for_it(house, browser):
    await browser.get("/sign-in/single-sign-on")
    who = await db.fetchval("SELECT id FROM operator")
    app = App((await second_factors.begin_totp(who, "chen")).secret)
    await second_factors.confirm_totp(who, app.code(-1))
    other = browsing.Browser(house.url)
    page = await other.get("/sign-in/single-sign-on")
    assert "第二步验证" in page.words
    page = await other.post("/sign-in/second", {**page.hidden, "code": app.code()})
    assert page.url.endswith("/console/")
    await other.session.close()


@pytest.fixture
async def seat(house):
    """Sits operators down at the console, signed in by their passwords."""
    seated = []

    async def sit(login):
        await browsing.operator(login)
        made = browsing.Browser(house.url)
        seated.append(made)
        await made.sign_in(login)
        return made

    yield sit
    for one in seated:
        await one.session.close()


async def csrf_of(browser):
    return (await browser.get("/me/sign-in")).hidden["_csrf"]


async def address_back(browser):
    """Somebody begins to link and signs in at the provider; where it would send their browser then."""
    page = await browser.post("/me/single-sign-on", {"_csrf": await csrf_of(browser)})
    (there,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    async with browser.session.get(html.unescape(there), allow_redirects=False) as back:
        return back.headers["Location"]


async def linked():
    rows = await db.fetch(
        "SELECT o.login, s.subject FROM operator_subject s JOIN operator o ON o.id = s.operator_id"
    )
    return [tuple(row) for row in rows]


async def test_an_account_is_linked_signs_in_and_is_unlinked(house, seat, browser):
    zhou = await seat("zhou")
    assert "没有关联" in (await zhou.get("/me/sign-in")).words
    page = await zhou.get(await address_back(zhou))
    assert page.url.endswith("/console/me/sign-in") and "没有关联" not in page.words
    assert await linked() == [("zhou", "u-1")]
    assert (await browser.get("/sign-in/single-sign-on")).url.endswith("/console/")
    assert "店长小周" in (await browser.get("/")).words
    unlink = "/do/single_sign_on_unlink?back=/console/me/sign-in"
    sent = (await zhou.get(unlink)).hidden
    await db.execute("UPDATE operator_session SET fresh_at = fresh_at - interval '11 minutes'")
    assert "/again?" in (await zhou.post(unlink, sent)).url and len(await linked()) == 1
    again = await zhou.get("/again?next=/console/me/sign-in")
    await zhou.post("/again", {**again.hidden, "proof": PASSWORD})
    await zhou.submit(unlink)
    assert await linked() == []


async def test_nobody_is_led_to_link_an_account_that_is_not_theirs(house, seat, provider):
    zhou, li = await seat("zhou"), await seat("li")
    provider.person = {"sub": "u-evil", "email": "evil@example.com", "email_verified": True}
    lure = await address_back(li)
    assert (await zhou.get(lure)).status == 401, "they have begun nothing"
    for bent in ({}, {"_csrf": "0" * 64}, {"_csrf": await csrf_of(li)}):
        assert (await zhou.post("/me/single-sign-on", bent)).status == 403
    provider.person = {"sub": "u-1", "email": "chen@example.com", "email_verified": True}
    mine = await address_back(zhou)
    assert (await zhou.get(lure)).status == 401, "what they have begun is another's question"
    assert await linked() == []
    state = re.search(r"state=([^&]+)", mine)[1]
    crossed = re.sub(r"state=[^&]+", f"state={state}", lure)
    assert (await zhou.get(crossed)).status == 401, "a code that another's question was answered with"
    assert await linked() == []
    assert (await zhou.get(mine)).status == 401, "the question was used up by that"
    assert (await zhou.get(await address_back(zhou))).status == 200 and await linked() == [("zhou", "u-1")]
    taken = await li.get(await address_back(li))
    assert taken.status == 409 and await linked() == [("zhou", "u-1")]


async def test_linking_waits_for_a_fresh_session_and_ends_in_the_one_that_began_it(house, seat, browser):
    zhou = await seat("zhou")
    back = await address_back(zhou)
    page = await zhou.get("/")
    await zhou.post("/sign-out", {"_csrf": page.hidden["_csrf"]})
    assert (await zhou.get(back)).status == 401 and await linked() == []
    await zhou.sign_in("zhou")
    csrf = await csrf_of(zhou)
    await db.execute("UPDATE operator_session SET fresh_at = fresh_at - interval '11 minutes'")
    assert "/again?next=/console/me/sign-in" in (await zhou.post("/me/single-sign-on", {"_csrf": csrf})).url


@pytest.mark.browser
@pytest.mark.timeout(240)
async def test_a_browser_goes_there_and_back(house, seat):
    async with looking.at(await seat("zhou")) as page:
        await page.goto(f"{house.url}/console/me/sign-in")
        await looking.picture(page, "single-sign-on-before")
        await page.get_by_role("button", name="关联我的账号").click()
        await page.get_by_text("已完成：").wait_for()
        await looking.accessible(page)
        await looking.picture(page, "single-sign-on-linked")
    assert await linked() == [("zhou", "u-1")]
