"""Roles of a shop's own in the console: composed in a form, given in another, and good for just their pages and buttons."""

import re

import pytest

from core import db
from members import amount_limits, duties, operators, roles
from tests import factories
from tests.console import looking
from tests.console.test_pages import sees_just
from tests.world import PASSWORD

GRANTED = frozenset(
    {"customers.see", "customers.change", "money.see", "money.move", "stock.change", "people.see"}
)


async def composed(*granted, name="晚班组长", **limits):
    """A role of these duties, composed by an owner."""
    owner = await operators.create(login="boss", name="店主", password=PASSWORD)
    made = await roles.compose(owner.id, name=name, duties=granted, limits=limits, key=factories.key())
    return made.role


async def test_a_role_of_ones_own_sees_just_its_pages_and_buttons(hired):
    browser = await hired(duties.Post(await composed(*GRANTED)))
    await sees_just(browser, GRANTED)


async def test_a_limit_that_is_not_set_is_said_to_be_none(hired):
    browser = await hired()
    await roles.set_limits(1, "cashier", {"gifts": amount_limits.Most(100)})
    page = await browser.get("/roles/cashier")
    assert "柜台收款 不限" in page.words and "¥1.00" in page.words, page.words


async def test_in_the_console_as_in_the_api_nobody_does_more_alone_than_their_limit(hired):
    nothing = {kind: amount_limits.Most(0) for kind in amount_limits.KINDS}
    browser = await hired(duties.Post(await composed(*(duties.DUTIES - {"people.change"}), **nothing)))
    customer = await factories.customer(principal=5_000)
    form = f"/do/adjustments_adjust?customer_id={customer.id}"
    done = await browser.submit(form, kind="principal", amount_fen="1.00", reason="补偿")
    assert "等待" in done.words and await factories.balance(customer.id) == (5_000, 0), done.words
    bill_no = await factories.bill(customer.id, 1_000)
    refused = await browser.submit(f"/do/bills_void?bill_no={bill_no}", reason="开错")
    assert (refused.status, "超出您的限额 0.00 元" in refused.words) == (422, True), refused.words
    assert await db.fetchval("SELECT state FROM bill") == "open"


async def test_nobody_lifts_themselves_by_a_form(hired):
    role = await composed("people.see", "people.change", "orders.see")
    browser = await hired(duties.Post(role))
    me = await db.fetchval("SELECT max(id) FROM operator")
    form = await browser.get(f"/do/roles_change?role={role}")
    assert form.status == 200
    sent = {**form.hidden, "name": "晚班组长", "duties": "money.move"}
    lifted = await browser.post(f"/do/roles_change?role={role}", sent)
    assert (lifted.status, "不能授予" in lifted.words) == (422, True), lifted.words
    posts = await browser.get(f"/do/staff_post?operator_id={me}")
    assert 'value="owner"' in posts.text and f'value="{role}" selected' in posts.text
    given = {**posts.hidden, "posts.0.role": "owner"}
    lifted = await browser.post(f"/do/staff_post?operator_id={me}", given)
    assert (lifted.status, "不能授予" in lifted.words) == (422, True), lifted.words
    assert (
        await db.fetchval("SELECT string_agg(role, ',') FROM operator_post WHERE operator_id = $1", me)
        == role
    )


@pytest.mark.browser
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 1280), ("en", 390)])
async def test_an_owner_composes_a_role_and_gives_it(hired, world, locale, width):
    seated = await hired(locale=locale)
    say = {"zh-CN": ("新增角色", "看顾客"), "en": ("Compose a role", "See customers")}[locale]
    async with looking.at(seated, width=width) as page:
        await page.goto(f"{world.url}/console/do/roles_compose")
        await looking.accessible(page)
        await page.fill("#f-name", "Evening")
        await page.get_by_label(say[1], exact=True).check()
        await page.fill("#f-limits-counter-most_fen", "50")
        await looking.picture(page, f"console-role-form-{locale}-{width}")
        await page.get_by_role("button", name=say[0]).click()
        await page.wait_for_url(re.compile("/console/(roles|do)"))
        await looking.accessible(page)
        role = await db.fetchval("SELECT code FROM operator_role WHERE name = 'Evening'")
        for at in (
            "roles",
            f"roles/{role}",
            "roles/cashier",
            f"do/roles_change?role={role}",
            "do/staff_add",
            "do/staff_post?operator_id=1",
        ):
            await page.goto(f"{world.url}/console/{at}")
            await looking.accessible(page)
            await looking.picture(page, f"console-{at.replace('/', '-').partition('?')[0]}-{locale}-{width}")
        await page.select_option("#f-posts-0-role", role)
    kept = await roles.get(role)
    assert (kept.duties, kept.limits) == (("customers.see",), {"counter": amount_limits.Most(5_000)})


@pytest.mark.parametrize("at", ["roles_change", "roles_set_limits"])
async def test_a_limit_of_nothing_is_one_in_forms_and_none_is_lost_by_saving_them(hired, at):
    limits = {"counter": amount_limits.Most(0, 5_000), "gifts": amount_limits.Most(0)}
    role = await composed("money.take", "orders.see", **limits)
    browser = await hired(duties.Post("owner"))
    form = await browser.get(f"/do/{at}?role={role}")
    found = re.findall(r'<input[^>]*value="([^"]*)"[^>]*name="(limits\.[a-z_.]+)"', form.text)
    fields = {name: value for value, name in found}
    sent = {**form.hidden, **fields}
    if at == "roles_change":
        sent |= {"name": "晚班组长", "duties": "money.take"}
    done = await browser.post(f"/do/{at}?role={role}", sent)
    assert done.status in (200, 302, 303), done.words
    assert (await roles.get(role)).limits == limits, (fields, done.words)


async def test_nobody_saves_an_empty_form_over_what_they_may_not_see(hired):
    limits = {"gifts": amount_limits.Most(100)}
    role = await composed("people.change", "orders.see", **limits)
    browser = await hired(duties.Post(role))
    for form in (f"/do/roles_change?role={role}", f"/do/roles_set_limits?role={role}"):
        page = await browser.get(form)
        assert page.status == 403, (form, page.words)
    assert (await roles.get(role)).limits == limits
