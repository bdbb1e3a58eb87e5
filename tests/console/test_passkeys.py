"""Passkeys at the console, in a real Chromium with an authenticator of its own (DevTools' WebAuthn domain)."""

import base64
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization

from core import db
from members import operators, passkeys, sign_in_rules
from tests import factories
from tests.console import browsing, looking
from tests.members.authenticator import Authenticator
from tests.members.second_steps import App
from tests.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def site(world):
    """The console under a name: browsers have no passkeys for bare addresses."""
    url = f"http://localhost:{urlsplit(world.url).port}"
    sign_in_rules.use(sign_in_rules.Rules(public_url=url, shop_name="一盏茶"))
    return url


@pytest.fixture
async def seat(site):
    """Sits somebody down at the console: signed in, or with nothing but the sign-in page."""
    seated = []

    async def sit(login=None, locale="zh-CN"):
        browser = browsing.Browser(site, locale=locale)
        seated.append(browser)
        if login is not None:
            await browsing.operator(login)
            await browser.sign_in(login)
        return browser

    yield sit
    for browser in seated:
        await browser.session.close()


class Device:
    """What the browser finds in the computer."""

    def __init__(self, cdp, number):
        self._cdp, self._number = cdp, number

    @classmethod
    async def of(cls, page):
        cdp = await page.context.new_cdp_session(page)
        await cdp.send("WebAuthn.enable")
        made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        return cls(cdp, made["authenticatorId"])

    async def ask(self, what, **more):
        return await self._cdp.send(f"WebAuthn.{what}", {"authenticatorId": self._number, **more})

    async def holds(self, key, **bent):
        """It has a passkey that was made elsewhere."""
        ((name, (private, rp_id, handle)),) = key.keys.items()
        plain = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        told = {
            "credentialId": name, "isResidentCredential": True, "rpId": rp_id, "privateKey": plain, "userHandle": handle,
            "signCount": key.count, **bent,
        }  # fmt: skip
        told = {
            part: base64.b64encode(one).decode() if isinstance(one, bytes) else one
            for part, one in told.items()
        }
        await self.ask("addCredential", credential=told)


async def with_key(site, login="zhou"):
    """An operator's passkey, as a device would have made it."""
    await browsing.operator(login)
    who = await operators.on_duty(await db.fetchval("SELECT id FROM operator WHERE login = $1", login))
    key = Authenticator(site)
    asked = await passkeys.begin(who)
    await passkeys.add(who, asked.challenge, key.create(asked.options), name="手机")
    return key


async def test_a_passkey_is_made_renamed_and_the_last_is_removed_on_purpose_only(seat, site):
    seated = await seat("zhou")
    async with looking.at(seated) as page:
        await page.goto(f"{site}/console/me/sign-in")
        await Device.of(page)
        await looking.accessible(page)
        await page.fill("#key-name", "店里的平板")
        await page.get_by_role("button", name="添加通行密钥").click()
        await page.locator(".recovery-codes").wait_for()
        assert await page.locator(".recovery-codes li").count() == 10
        await looking.accessible(page)
        await looking.picture(page, "passkeys-codes")
        await page.get_by_role("link", name="我已收好").click()
        assert "店里的平板" in await page.locator(".my-keys").inner_text()
        await page.fill("#key-name", "又一个")
        await page.get_by_role("button", name="添加通行密钥").click()
        await page.get_by_text("这台设备上已经有").wait_for()
        await page.locator("summary", has_text="改名").click()
        await looking.accessible(page)
        await looking.picture(page, "passkeys-account")
        await page.locator(".my-keys input[name=name]").fill("旧平板")
        await page.locator(".my-keys").get_by_role("button", name="改名").click()
        await page.locator(".my-keys strong", has_text="旧平板").wait_for()
        await page.locator(".my-keys summary.btn-outline-danger").click()
        assert "最后一种第二步验证" in await page.locator(".my-keys").inner_text()
        await page.locator(".my-keys button.btn-danger").click()
        assert await db.fetchval("SELECT count(*) FROM operator_passkey") == 1, "nobody said so"
        await page.locator(".my-keys input[name=even_if_last]").check()
        await page.locator(".my-keys button.btn-danger").click()
        await page.get_by_text("还没有通行密钥").wait_for()
    assert await db.fetchval("SELECT count(*) FROM operator_passkey") == 0


async def test_a_passkey_signs_in_alone_after_the_password_and_again_before_money_moves(seat, site):
    key, customer = await with_key(site), await factories.customer("林小满")
    async with looking.at(await seat()) as page:
        device = await Device.of(page)
        await device.holds(key)
        await page.goto(f"{site}/console/orders")
        await looking.accessible(page)
        await looking.picture(page, "passkeys-sign-in")
        await page.get_by_role("button", name="用通行密钥登录").click()
        await page.wait_for_url(f"{site}/console/orders")
        await db.execute("UPDATE operator_session SET fresh_at = fresh_at - interval '11 minutes'")
        form = f"{site}/console/do/adjustments_adjust?customer_id={customer.id}"
        await page.goto(form)
        await page.wait_for_url("**/again?next=**")
        await looking.accessible(page)
        await looking.picture(page, "passkeys-again")
        await page.get_by_role("button", name="使用通行密钥").click()
        await page.wait_for_url(form)
        await page.locator("details.who summary").click()
        await page.get_by_role("button", name="退出登录").click()
        await page.fill("#login", "zhou")
        await page.fill("#password", PASSWORD)
        await page.get_by_role("button", name="登录", exact=True).click()
        await page.get_by_role("heading", name="第二步验证").wait_for()
        await looking.accessible(page)
        await looking.picture(page, "passkeys-second")
        await page.get_by_role("button", name="使用通行密钥").click()
        await page.wait_for_url(f"{site}/console/")
    rows = await db.fetch("SELECT way, outcome FROM sign_in_attempt ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("passkey", "done"), ("passkey", "again"), ("password", "half"), ("passkey", "done"),
    ]  # fmt: skip


async def test_who_cancels_is_told_and_may_try_again(seat, site):
    key = await with_key(site)
    async with looking.at(await seat(locale="en"), width=390, height=844) as page:
        device = await Device.of(page)
        await device.holds(key)
        await device.ask("setUserVerified", isUserVerified=False)
        await page.goto(f"{site}/console/sign-in")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.get_by_text("it was cancelled or took too long").wait_for()
        await looking.accessible(page)
        await looking.picture(page, "passkeys-cancelled-phone")
        assert await db.fetchval("SELECT count(*) FROM operator_session") == 0
        await device.ask("setUserVerified", isUserVerified=True)
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.wait_for_url(f"{site}/console/")


async def test_a_copy_of_a_key_and_a_key_that_was_removed_are_refused(seat, site):
    key = await with_key(site)
    async with looking.at(await seat(), refused=(401,)) as page:
        device = await Device.of(page)
        await device.holds(key, signCount=0)
        await db.execute("UPDATE operator_passkey SET sign_count = 100")
        await page.goto(f"{site}/console/sign-in")
        await page.get_by_role("button", name="用通行密钥登录").click()
        await page.get_by_text("通行密钥不对").wait_for()
        await db.execute("UPDATE operator_passkey SET sign_count = 1")
        row = await db.fetchrow("SELECT operator_id, id FROM operator_passkey")
        await passkeys.remove(*row, even_if_last=True)
        async with page.expect_response(
            lambda answer: answer.status == 401
        ):  # the words are there from before
            await page.get_by_role("button", name="用通行密钥登录").click()
        await page.get_by_text("通行密钥不对").wait_for()
    assert await db.fetchval("SELECT count(*) FROM operator_session") == 0
    rows = await db.fetch("SELECT operator_id IS NULL, outcome FROM sign_in_attempt ORDER BY id")
    assert [tuple(row) for row in rows] == [(False, "wrong_passkey"), (True, "wrong_passkey")]


async def test_a_browser_without_passkeys_says_so(seat, site):
    async with looking.at(await seat()) as page:
        await page.add_init_script("delete window.PublicKeyCredential")
        await page.goto(f"{site}/console/sign-in")
        await page.get_by_text("这个浏览器不支持通行密钥").wait_for()
        assert await page.get_by_role("button", name="用通行密钥登录").is_disabled()
        assert await page.get_by_role("button", name="登录", exact=True).is_enabled()


async def test_at_a_bare_address_no_passkey_is_offered(world, hired):
    browser = await hired()
    assert "用不了通行密钥" in (await browser.get("/me/sign-in")).words
    stranger = browsing.Browser(world.url)
    assert "用通行密钥登录" not in (await stranger.get("/sign-in")).words
    await stranger.session.close()


async def test_what_is_asked_for_a_passkey_takes_a_form_of_the_session_and_a_fresh_one(hired):
    browser = await hired()
    csrf = (await browser.get("/me/sign-in")).hidden["_csrf"]
    assert (await browser.post("/me/passkeys/ask", {"_csrf": "0" * 64, "name": "x"})).status == 403
    asked = await browser.post("/me/passkeys/ask", {"_csrf": csrf, "name": "x"})
    assert asked.status == 200 and '"options"' in asked.text
    wrong = await browser.post(
        "/me/passkeys", {"_csrf": csrf, "name": "x", "challenge": "made-up", "credential": "{}"}
    )
    assert (wrong.status, wrong.url) == (401, f"{browser.base}/me/passkeys") and 'role="alert"' in wrong.text
    await db.execute("UPDATE operator_session SET fresh_at = fresh_at - interval '11 minutes'")
    part = {"HX-Request": "true", "HX-Current-URL": f"{browser.base}/me/sign-in"}
    stale = await browser.post("/me/passkeys/ask", {"_csrf": csrf, "name": "x"}, headers=part)
    assert stale.status == 403 and stale.headers["HX-Redirect"].endswith("/again?next=/console/me/sign-in")
    page = await browser.get("/me/sign-in")
    assert "确认身份" in page.words and "添加通行密钥" not in page.words


async def test_an_app_is_added_by_its_picture_and_its_first_code(hired):
    browser = await hired()
    csrf = (await browser.get("/me/sign-in")).hidden["_csrf"]
    begun = await browser.post("/me/authenticator", {"_csrf": csrf})
    assert 'src="data:image/svg+xml' in begun.text and begun.hidden["secret"] in begun.words
    wrong = await browser.post("/me/authenticator/confirm", {**begun.hidden, "code": "000000"})
    assert wrong.status == 422 and wrong.hidden == begun.hidden
    code = App(begun.hidden["secret"]).code()
    codes = await browser.post("/me/authenticator/confirm", {**wrong.hidden, "code": code})
    assert codes.status == 200 and codes.text.count("<li>") >= 10
    again = await browser.post("/me/recovery-codes", {"_csrf": csrf})
    assert again.status == 200 and "只显示这一次" in again.words


async def test_whose_post_calls_for_a_second_factor_is_led_to_get_one(hired):
    browser = await hired()
    sign_in_rules.use(sign_in_rules.Rules(second_factor_required_for=frozenset({"owner"})))
    page = await browser.get("/orders")
    assert page.url.endswith("/console/me/sign-in") and "您的岗位要求第二步验证" in page.words
