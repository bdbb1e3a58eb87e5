"""Every operation of the operators' API has its place in the console, and every page opens."""

import re

import pytest

from admin_api import routes
from billing import stores
from console import arrangement
from console.places import Places
from core import words
from members import duties
from tests import factories

PLACES = Places(routes.API.routes)
ALONE = [place for place in PLACES.shown if not place.slots and place.route.file is None]


def test_what_is_arranged_exists():
    known = set(PLACES.all)
    assert {name for area in arrangement.AREAS.values() for name in area} <= known
    assert known >= arrangement.NOT_SHOWN
    assert {
        *arrangement.ROW_PAGES,
        *arrangement.ROW_PAGES.values(),
        *arrangement.ROW_DEEDS,
        *arrangement.COLUMNS,
        *arrangement.LEADS_TO,
        *filter(None, arrangement.LEADS_TO.values()),
    } <= known


@pytest.mark.parametrize("locale", words.LOCALES)
def test_short_titles_are_of_pages_there_are(locale):
    named = {key.removeprefix("titles.") for key in words.keys(locale) if key.startswith("titles.")}
    assert named <= {place.name for place in PLACES.shown}


def test_every_operation_can_be_reached_from_the_areas():
    reached = {name for area in arrangement.AREAS.values() for name in area}
    waiting = [PLACES.all[name] for name in reached]
    while waiting:
        place = waiting.pop()
        row_page = PLACES.row_page(place) if place.is_list else None
        fields = place.model.model_fields if place.model is not None and not place.writes else ()
        further = [
            *PLACES.inside(place), *PLACES.files(place), *PLACES.deeds(place),
            *(PLACES.row_deeds(place) if place.is_list else []), *([row_page] if row_page else []),
            *filter(None, map(PLACES.subject, fields)),
        ]  # fmt: skip
        for other in further:
            if other.name not in reached:
                reached.add(other.name)
                waiting.append(other)
    assert sorted(set(PLACES.all) - reached - arrangement.NOT_SHOWN - arrangement.ON_PAGES_OF_THEIR_OWN) == []


_OURS = re.compile(
    r"<(h[1-4]|th|dt|label|legend|summary|button|nav)\b[^>]*>(.*?)</\1>|<a\b[^>]*\bbtn\b[^>]*>(.*?)</a>",
    re.DOTALL,
)
_CHINESE = re.compile("[一-鿿]")


def chinese_in(page) -> list[str]:
    """What of the console's own words on a page is Chinese."""
    ours = [re.sub(r"<[^>]+>", " ", text or link) for _, text, link in _OURS.findall(page.text)]
    return [text.strip() for text in ours if _CHINESE.search(re.sub("店长小周|小林|中文|店|套餐", "", text))]


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_every_list_and_every_form_opens(hired, locale):
    browser = await hired(locale=locale)
    customer = await factories.customer(principal=1_000)
    for place in ALONE:
        page = await browser.get(place.address({}))
        assert page.status in (200, 409, 422), (place.name, page.status, page.words[:300])
        assert locale == "zh-CN" or chinese_in(page) == [], place.name
    parts = {"customer_id": customer.id}
    for place in PLACES.all.values():
        if (
            set(place.slots) <= set(parts)
            and place.route.file is None
            and place.name not in arrangement.NOT_SHOWN
        ):
            page = await browser.get(place.address(parts))
            assert page.status in (200, 404, 409, 422), (place.name, page.status, page.words[:300])
            assert locale == "zh-CN" or chinese_in(page) == [], place.name


@pytest.mark.parametrize("role", sorted(duties.ROLES))
async def test_each_role_sees_its_pages_and_no_others(hired, role):
    await sees_just(await hired(duties.Post(role)), duties.ROLES[role])


_FORM = re.compile(r'href="/console/do/([a-z_]+)')


async def sees_just(browser, granted):
    """Pages, forms and buttons of these duties open and are offered, and no others."""
    offered = set()
    for place in ALONE:
        may = place.route.duty is None or place.route.duty in granted
        page = await browser.get(place.address({}))
        assert (page.status == 403) != may, (place.name, page.status)
        offered |= set(_FORM.findall(page.text))
        if not may:
            assert f'href="{place.address({})}"' not in (await browser.get("/")).text
    for place in PLACES.all.values():
        if place.writes and not place.slots and place.name not in arrangement.NOT_SHOWN:
            may = place.route.duty is None or place.route.duty in granted
            assert ((await browser.get(place.address({}))).status == 403) != may, place.name
    beyond = {name for name in offered if PLACES.all[name].route.duty not in {None, *granted}}
    assert not beyond, beyond


async def test_a_store_without_hours_of_its_own_leads_to_the_page_where_they_are_set(hired):
    await stores.put("lake", name="西湖店", state="open")
    browser = await hired()
    page = await browser.get("/stores")
    assert "opening_hours_put_of_store" not in page.text and "/console/stores/lake/opening-hours" in page.text
    assert (await browser.get("/stores/lake/opening-hours")).status == 200


async def test_the_charts_of_a_period_have_an_address_of_their_own_without_scripts(hired):
    page = await (await hired()).get("/?days=7")
    assert (
        'href="/console/?days=90#trend-title"' in page.text
        and 'hx-get="/console/trend?days=7" hx-trigger' in page.text
    )
