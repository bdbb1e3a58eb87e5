"""The console in a real Chromium, as somebody who is signed in already sees it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from urllib.parse import urlsplit

from tests import browser

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
PATIENCE_MS = 30_000


@contextlib.asynccontextmanager
async def at(seated, *, width=1280, height=900, refused=()):
    """The page of a browser without a screen (``hired``) in one with a screen. It must log no error but answers of the ``refused``
    statuses, and ask no other host."""
    from playwright.async_api import async_playwright

    faults, asked = [], set()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=browser.needed(), args=browser.ARGUMENTS)
        locale = seated.session.headers["Accept-Language"]
        context = await chromium.new_context(viewport={"width": width, "height": height}, locale=locale)
        context.set_default_timeout(PATIENCE_MS)
        await context.add_cookies(
            [{"name": one.key, "value": one.value, "url": seated.base} for one in seated.session.cookie_jar]
        )
        page = await context.new_page()
        page.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda wish: asked.add(wish.url))
        yield page
        await chromium.close()
    assert [one for one in faults if not any(f"status of {status}" in one for status in refused)] == []
    own = urlsplit(seated.base).hostname
    assert {urlsplit(url).hostname for url in asked if not url.startswith("data:")} <= {own, "127.0.0.1"}


async def accessible(page):
    """What is shown now has no fault by WCAG 2.2 A and AA that a program can find."""
    import axe_playwright_python

    await page.wait_for_load_state()  # all of it
    script = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    await page.evaluate(script)
    found = (await page.evaluate("rules => axe.run(rules)", rules))["violations"]
    faults = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert faults == [], faults


async def picture(page, name):
    """Kept to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)
