"""From the console to the identity provider and back."""

import pytest

from app.operator_config import Operators, SingleSignOn
from core import db
from members import second_factors
from tests import world as worlds
from tests.console import browsing
from tests.members import identity_provider
from tests.members.second_steps import App


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
