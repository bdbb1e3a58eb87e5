"""Takes docs/images/phone.png anew, from a demo that runs: ``make picture``, or with the phone page's address as ``ARGS``.

The demo's own member has asked for the balance and its changes in the chat, and looks at the shelves. A fresh demo (``make demo-reset demo``) is best.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests import browser

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "phone.png"
ADDRESSES = ROOT / "var" / "demo" / "addresses.txt"
WIDTH, HEIGHT = 1280, 800
_SETTLED_MS = 4_000
"""Pictures have come, toasts and banners have gone."""


def take(url: str) -> None:
    """Opens the page at ``url`` and keeps what it shows."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.needed(), args=browser.ARGUMENTS)
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
        page.goto(url)
        page.select_option("#person", "p1")
        page.wait_for_selector(".balance")
        _asks_in_the_chat(page)
        page.click("[data-tab=mall]")
        page.wait_for_selector(".product img")
        page.wait_for_timeout(_SETTLED_MS)
        page.screenshot(path=str(PICTURE))
        chromium.close()


def _asks_in_the_chat(page: Page) -> None:
    if page.locator("[data-act=follow]:visible").count():
        page.locator("[data-act=follow]:visible").last.click()
    page.wait_for_selector(".wx-menu")
    page.click("[data-act=flip]")
    answers = page.locator("#wechat .line.theirs .bubble:not(.waiting)")
    for words in ("余额", "明细"):
        before = answers.count()
        page.fill("#wechat .say input", words)
        page.keyboard.press("Enter")
        answers.nth(before).wait_for()
    page.click("[data-act=flip]")


if __name__ == "__main__":
    found = re.search(r"phone page\s+(http://\S+)", ADDRESSES.read_text()) if ADDRESSES.exists() else None
    address = sys.argv[1] if len(sys.argv) > 1 else found and found[1]
    if not address:
        sys.exit("演示没有运行 · the demo is not running: make demo")
    take(address)
    print(PICTURE)
