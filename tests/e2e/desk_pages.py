"""The console in a real Chromium: signing in, opening pages, what a page must keep to."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app import demo_shop
from tests import browser
from tests.e2e.conftest import SCREENSHOTS, Demo

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 900)}
_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@dataclass
class Desk:
    """An operator's browser."""

    at: Any
    url: str
    faults: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def open(self, path: str) -> None:
        """Opens a page of the console and waits until nothing is on its way."""
        answer = self.at.goto(f"{self.url}/console{path}")
        assert answer.status == 200, (path, answer.status)
        waiting = self.at.locator(".htmx-request, [hx-trigger^=load] > .loading")
        expect(waiting).to_have_count(
            0, timeout=30_000
        )  # not by a script: the page allows none that is made of text

    def sign_in(self, login: str, password: str) -> None:
        """By the form."""
        self.open("/sign-in")
        self.at.fill("#login", login)
        self.at.fill("#password", password)
        self.at.click("button[type=submit]")
        self.at.wait_for_url("**/console/")

    def barriers(self) -> list[tuple[str, list[str]]]:
        """What axe finds against WCAG 2.2 AA."""
        found = Axe().run(self.at, options=_RULES).response["violations"]
        return [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found]

    def sticks_out(self, size: str) -> bool:
        """Whether something is wider than the screen."""
        width, height = SIZES[size]
        self.at.set_viewport_size({"width": width, "height": height})
        return int(self.at.evaluate(_WIDE)) > 0

    def picture(self, name: str) -> None:
        """Keeps what it looks like."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.at.screenshot(path=str(SCREENSHOTS / f"console-{name}.png"), full_page=True)


@contextlib.contextmanager
def opened(demo: Demo, *, locale: str = "zh-CN", size: str = "desktop") -> Iterator[Desk]:
    """A browser with the demo's operator signed in; afterwards no page must have logged an error or asked another host."""
    from playwright.sync_api import sync_playwright

    settings = tomllib.loads((demo.home / "config.toml").read_text())
    width, height = SIZES[size]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.needed(), args=browser.ARGUMENTS)
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale)
        context.set_default_timeout(30_000)
        desk = Desk(context.new_page(), settings["server"]["public_url"])
        desk.at.on(
            "console", lambda said: said.type in ("error", "warning") and desk.faults.append(said.text)
        )
        desk.at.on("pageerror", lambda error: desk.faults.append(str(error)))
        desk.at.on("request", lambda asked: desk.hosts.add(urlsplit(asked.url).hostname))
        desk.sign_in(demo_shop.OPERATOR_LOGIN, demo_shop.OPERATOR_PASSWORD)
        yield desk
        chromium.close()
    assert desk.faults == []
    assert desk.hosts <= {"127.0.0.1", None}
