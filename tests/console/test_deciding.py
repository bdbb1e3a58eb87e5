"""The second person at the console: what waits is told in sentences and decided on where it stands, once."""

import asyncio
import re

from billing import adjustments, approvals
from core import db as database
from members import amount_limits, duties, roles
from tests import factories
from tests.console import looking

FEN = 10_000_000


async def asked(customer_id, by=99, amount_fen=FEN):
    made = await adjustments.adjust(
        by, customer_id, kind="principal", amount_fen=amount_fen, reason="补偿送货延误", key=factories.key()
    )
    return made.approval_no


def form_of(page, operation):
    """Where a form or button of the page leads, and the hidden fields of its form."""
    found = re.search(rf'action="([^"]*/do/{operation}\?[^"]*)"', page.text)
    if found is None:
        return None, {}
    begin = page.text.rindex("<form", 0, found.start())
    part = type(page)(200, page.text[begin : page.text.index("</form>", begin)], page.url)
    return found[1].replace("&amp;", "&").replace("%2Fconsole", "/console"), part.hidden


async def test_a_wish_is_told_in_a_sentence_and_decided_on_once_however_often_it_is_sent(hired):
    browser = await hired()
    customer = await factories.customer(name="<b>林</b>晓", named=True)
    number = await asked(customer.id)
    page = await browser.get("/approvals")
    assert f"给顾客<b>林</b>晓增加本金 ¥{FEN // 100}.00" in page.words and "补偿送货延误" in page.words
    address, hidden = form_of(page, "approvals_approve")
    first = await browser.post(address, {**hidden, "note": "已核对"})
    assert first.url.endswith("/approvals") and "没有等待复核的操作" in first.words, first.words
    again = await browser.post(address, {**hidden, "note": "已核对"})
    assert again.status == 200
    assert await factories.balance(customer.id) == (FEN, 0)
    one = await browser.get(f"/approvals/{number}")
    assert "已核对" in one.words and form_of(one, "approvals_approve")[0] is None


async def test_of_two_operators_who_decide_at_once_one_does(hired):
    first, second = await hired(), await hired(login="li")
    customer = await factories.customer(named=True)
    await asked(customer.id)
    (yes, one), (no, other) = (
        form_of(await first.get("/approvals"), "approvals_approve"),
        form_of(await second.get("/approvals"), "approvals_reject"),
    )
    answers = await asyncio.gather(first.post(yes, one), second.post(no, other))
    assert sorted(answer.status for answer in answers) == [200, 422]
    state = await database.fetchval("SELECT state FROM approval")
    assert await factories.balance(customer.id) == ((FEN, 0) if state == "executed" else (0, 0))


async def test_ones_own_wish_is_not_ones_own_to_decide(hired):
    browser = await hired()
    me = await database.fetchval("SELECT id FROM operator WHERE login = 'zhou'")
    number = await asked((await factories.customer(named=True)).id, by=me)
    page = await browser.get("/approvals")
    assert "这是您提交的" in page.words
    assert form_of(page, "approvals_approve")[0] is None and form_of(page, "approvals_reject")[0] is None
    address, hidden = form_of(page, "approvals_withdraw")
    await browser.post(address, hidden)
    assert (await approvals.get(number)).state == "withdrawn"


async def bounded(hired, most_fen, login="ma", locale="zh-CN"):
    """Somebody who decides about no more than so much, at the console."""
    role = await roles.compose(
        1, name=f"组长{login}", duties=["money.see", "money.approve", "customers.see"],
        limits={"adjustments": amount_limits.Most(most_fen, None)}, key=factories.key(),
    )  # fmt: skip
    return await hired(duties.Post(role.role), login=login, locale=locale)


async def test_what_is_above_ones_limit_is_not_offered_and_it_is_said_why(hired):
    await hired()
    browser = await bounded(hired, 50_000)
    number = await asked((await factories.customer(named=True)).id)
    for page in (await browser.get("/approvals"), await browser.get(f"/approvals/{number}")):
        assert "超出您对一位顾客每天 ¥500.00 的限额" in page.words
        assert form_of(page, "approvals_approve")[0] is None
    address, hidden = form_of(page, "approvals_reject")
    forced = await browser.post(address.replace("reject", "approve"), {**hidden, "note": ""})
    assert forced.status == 422 and "超出您的限额" in forced.words
    assert (await approvals.get(number)).state == "waiting"
    await browser.post(address, {**hidden, "note": "请店长看"})
    assert (await approvals.get(number)).state == "rejected"


async def test_limits_can_be_read_on_a_phone_and_in_english(hired):
    await hired()
    for locale, login, width in (("zh-CN", "ma", 1280), ("en", "li", 390)):
        browser = await bounded(hired, 50_000, login=login, locale=locale)
        await asked((await factories.customer(named=True)).id)
        async with looking.at(browser, width=width) as page:
            for path in ("approvals", "me"):
                await page.goto(f"{browser.base}/{path}")
                await looking.accessible(page)
                await looking.picture(page, f"limits-{path}-{locale}-{width}")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_who_may_only_look_is_offered_nothing(hired):
    browser = await hired(duties.Post("auditor"))
    await asked((await factories.customer(named=True)).id)
    page = await browser.get("/approvals")
    assert page.status == 200 and "您没有复核的权限" in page.words and "/do/approvals" not in page.text


async def test_the_act_is_found_again_with_what_it_changed(hired):
    browser = await hired()
    number = await asked((await factories.customer(named=True)).id)
    address, hidden = form_of(await browser.get("/approvals"), "approvals_approve")
    await browser.post(
        address.replace("approvals_approve", "approvals_reject"), {**hidden, "note": "不同意补偿"}
    )
    act_id = await database.fetchval("SELECT id FROM operator_act WHERE operation = 'approvals_reject'")
    page = await browser.get(f"/acts/{act_id}")
    assert page.status == 200 and "之前" in page.words and "不同意补偿" in page.words, page.words
    assert (await approvals.get(number)).state == "rejected"
