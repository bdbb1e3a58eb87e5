"""The page of the shop's settings: read, changed by its forms, with what they were."""

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
