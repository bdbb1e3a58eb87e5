"""Every page says what it is for."""

import re

from admin_api import routes
from console import arrangement, helping
from console.places import Places
from core import words

PLACES = Places(routes.API.routes)
IN_AREAS = {name for area in arrangement.AREAS.values() for name in area}


def test_every_page_of_the_areas_has_a_help_text_in_both_languages_and_nothing_else_has():
    for locale in words.LOCALES:
        known = {key.removeprefix("help.") for key in words.keys(locale) if key.startswith("help.")}
        assert known >= IN_AREAS | {helping.TODAY}, (locale, IN_AREAS - known)
        assert known - set(PLACES.all) == {helping.TODAY}


def test_help_is_short_and_in_its_language():
    for name in IN_AREAS | {helping.TODAY}:
        chinese, english = (words.template(f"help.{name}", locale) for locale in words.LOCALES)
        assert re.search("[\u4e00-\u9fff]", chinese) and 8 <= len(chinese) <= 120, name
        assert not re.search("[\u4e00-\u9fff]", english) and len(english) <= 240, name
        assert not words.placeholders(chinese) and not words.placeholders(english), name


def test_a_page_without_words_of_its_own_says_what_its_operation_says():
    reply = helping.of_path(PLACES, "/console/do/conversations_reply")
    assert "48" in helping.of_place(reply, "en") and "48" in helping.of_place(reply, "zh-CN")
    assert helping.of_path(PLACES, "/console/customers/{customer_id}").name == "customers_one"
    assert helping.of_path(PLACES, "/console/nowhere") is None


async def test_pages_show_it_and_the_first_steps_tick_themselves_off(hired):
    browser = await hired()
    assert "一眼看到今天收了多少" in (await browser.get("/")).text
    assert "先点等得最久的" in (await browser.get("/conversations")).text
    part = {"HX-Request": "true"}
    page = await browser.get("/first-steps", headers=part)
    assert "建一个充值套餐" in page.words and "✓" not in page.text
    await browser.submit("/do/packages_add", name="充100", pay_fen="100", bonus_fen="10")
    page = await browser.get("/first-steps", headers=part)
    assert page.text.count("✓") == 1 and "1/8" in page.words
    page = await browser.post("/first-steps", page.hidden)
    assert page.url.endswith("/console/")
    assert (await browser.get("/first-steps", headers=part)).text == ""
    assert "建一个充值套餐" in (await browser.get("/first-steps")).words
