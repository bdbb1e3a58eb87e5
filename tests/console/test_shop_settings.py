"""The page of the shop's settings: read, changed by its forms, with what they were."""

import json

from billing import terms
from members import duties
from tests.console import looking


async def test_a_setting_is_changed_by_its_form_and_the_page_says_who(hired):
    browser = await hired()
    page = await browser.get("/shop-settings")
    assert page.status == 200 and "没有改过" in page.text
    form = await browser.get(
        "/do/shop_settings_put_orders", params={"back": "/console/shop-settings", "then": "back"}
    )
    sent = {**form.hidden, "orders_need_review": "on", "unpaid_orders_most": "20", "complete_after_days": "0", "after_sales_days": "15",
            "order_down_payment_percent": "30", "included_tax_percent": "0"}  # fmt: skip
    wrong = await browser.post(form.url, sent)
    assert wrong.status == 422 and "fault" in wrong.text
    saved = await browser.post(form.url, {**sent, "complete_after_days": "4"})
    assert saved.url.endswith("/console/shop-settings") and "<strong>" in saved.text
    history = await browser.get("/shop-settings/changes", params={"of": "complete_after_days"})
    assert "随设置文件" in history.text and ">4<" in history.text


async def opened(browser):
    """The form of the orders' settings, as one has it open: its address, and what stands in it."""
    where = {"back": "/console/shop-settings", "then": "back"}
    form = await browser.get("/do/shop_settings_put_orders", params=where)
    return form.url, standing(form)


def standing(form):
    """What a browser sends of a form that nobody touched."""
    texts = json.loads(form.hidden["_was"])
    return form.hidden | {name: said for name, (said,) in texts.items()}


async def test_who_saves_second_sees_what_the_first_did_and_keeps_what_was_typed(hired):
    zhou, wu = await hired(login="zhou"), await hired(login="wu")
    (address, first), (_, second) = await opened(zhou), await opened(wu)
    was = terms.current()
    await zhou.post(address, {**first, "complete_after_days": "4", "included_tax_percent": "6"})
    told = await wu.post(address, {**second, "complete_after_days": "7", "after_sales_days": "31"})
    assert told.status == 409 and "没有保存" in told.words and "店长小周在" in told.words
    now = terms.current()
    assert (now.complete_after_days, now.after_sales_days) == (4, was.after_sales_days)
    days, tax = (
        f"自动完成天数 {was.complete_after_days} 4 7",
        f"含税税率（%） {was.included_tax_percent} 6 您没有改",
    )
    assert days in told.words and tax in told.words
    kept = {name: f'name="{name}"' in told.text for name in first}
    assert all(kept.values())
    again = {**standing(told), "complete_after_days": "7", "after_sales_days": "31"}
    saved = await wu.post(address, again)
    now = terms.current()
    assert saved.url.endswith("/console/shop-settings")
    assert (now.complete_after_days, now.after_sales_days, now.included_tax_percent) == (7, 31, 6)


async def test_what_was_changed_meanwhile_can_be_read_on_a_phone_and_in_english(hired):
    for locale, width, logins in (("zh-CN", 1280, ("zhou", "wu")), ("en", 390, ("li", "ma"))):
        one, other = [await hired(login=login, locale=locale) for login in logins]
        async with looking.at(other, width=width, refused=(409,)) as page:
            await page.goto(f"{other.base}/do/shop_settings_put_orders")
            address, first = await opened(one)
            changed = {"complete_after_days": str(width % 50 + 1), "orders_need_review": "on"}
            await one.post(address, {**first, **changed})
            await page.fill("[name=complete_after_days]", "8")
            await page.click(".card-footer button[type=submit]")
            await page.wait_for_selector(".meanwhile")
            assert await page.input_value("[name=complete_after_days]") == "8"
            assert await page.is_checked("[name=orders_need_review]")
            await looking.accessible(page)
            await looking.picture(page, f"settings-meanwhile-{locale}-{width}")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width


async def test_the_settings_can_be_read_on_a_phone_and_in_english(hired):
    for locale, login in (("zh-CN", "zhou"), ("en", "wu")):
        browser = await hired(login=login, locale=locale)
        form = await browser.get("/do/shop_settings_put_care")
        await browser.post(
            form.url,
            {**form.hidden, "bonus_reminder_days": "7" if login == "zhou" else "5", "missed_after_days": "0"},
        )
        for width in (1280, 390):
            async with looking.at(browser, width=width) as page:
                for path, name in (("", "settings"), ("/changes?of=bonus_reminder_days", "settings-history")):
                    await page.goto(f"{browser.base}/shop-settings{path}")
                    await looking.accessible(page)
                    await looking.picture(page, f"{name}-{locale}-{width}")
                    wide = await page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= width, f"{name} is wider than the screen"


async def test_who_may_only_look_is_offered_no_form(hired):
    browser = await hired(duties.Post("auditor"))
    page = await browser.get("/shop-settings")
    assert page.status == 200 and "/do/shop_settings_put" not in page.text
