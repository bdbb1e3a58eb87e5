"""Every page of the console in a real browser: accessible, within the screen, without errors or other hosts.

In `make test` every page is opened once in Chinese, for axe and on a phone's width. `make console-look` opens each at
three sizes in both languages and keeps pictures.
"""

import os

import pytest

from admin_api import routes
from console import arrangement
from console.places import Places
from tests.e2e import desk_pages

WHOLE = os.environ.get("YUCUN_CONSOLE_LOOK") == "all"
PLACES = Places(routes.API.routes)
PAGES = ["/", "/exports", "/me"] + [
    PLACES.all[name].address({}).removeprefix("/console")
    for area in arrangement.AREAS.values()
    for name in area
]


def test_every_page_keeps_to_wcag_and_fits_a_phone(demo):
    faults = []
    with desk_pages.opened(demo) as desk:
        for path in PAGES:
            desk.open(path)
            faults += [(path, one) for one in desk.barriers()]
            faults += [(path, size) for size in ("phone", "desktop") if desk.sticks_out(size)]
    assert faults == []


@pytest.mark.skipif(not WHOLE, reason="make console-look")
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("size", list(desk_pages.SIZES))
def test_every_page_at_every_size_in_both_languages(demo, locale, size):
    with desk_pages.opened(demo, locale=locale, size=size) as desk:
        for path in PAGES:
            desk.open(path)
            desk.picture(f"{locale[:2]}-{size}{path.replace('/', '-')[:60]}")
            assert (desk.barriers(), desk.sticks_out(size)) == ([], False), path
