"""The whole demo in processes of its own, and a real Chromium that looks at its phone page.

``demo``   sandbox, server processes and worker as ``yucun demo`` starts them, on free ports with a database of their own
``phone``  the page in a fresh browser; afterwards it must have logged no error and asked no other host

Which Chromium, and what happens where there is none: tests/browser.py. Screenshots: var/screenshots.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests import browser

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "var" / "screenshots"
START_PATIENCE_S = 400
PATIENCE_MS = 30_000
STAY = """() => {
    const still = new CSSStyleSheet();
    still.replaceSync(".banner, .toast { opacity: 1 !important; animation: none !important; transition: none !important }");
    document.adoptedStyleSheets = [still];
}"""
"""Banners and toasts are looked at as they are read, not half faded; those that come while one looks, too."""


@dataclass(frozen=True)
class Demo:
    """Where a running demo is."""

    url: str
    home: Path

    def feed(self, person_id: str, kind: str | None = None) -> list[dict[str, Any]]:
        """What the sandbox has shown on a person's phone."""
        with urllib.request.urlopen(f"{self.url}/phone/people/{person_id}/feed") as answer:
            items = json.load(answer)["items"]
        return [item for item in items if kind in (None, item["kind"])]

    def notices(self, person_id: str, name: str) -> list[dict[str, Any]]:
        """The subscribe messages of one template that the platform has delivered."""
        return [
            one["body"] for one in self.feed(person_id, "service_message") if one["body"].get("name") == name
        ]

    def prove(self) -> None:
        """The books balance."""
        config = self.home / "config.toml"
        done = subprocess.run(
            [sys.executable, "-m", "app", "--config", str(config), "proof"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Page:
    """The phone page, with the moves that most tests make. ``at`` is Playwright's page."""

    at: Any
    demo: Demo
    faults: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    refusals_expected: bool = False

    def act(self, name: str) -> None:
        """Presses the button with this data-act that can be seen."""
        self.at.locator(f"[data-act={name}]:visible").last.click()

    def tab(self, name: str) -> None:
        self.at.click(f"[data-tab={name}]")

    def see(self, selector: str) -> Any:
        """Waits until something can be seen."""
        found = self.at.locator(selector).first
        found.wait_for(state="visible")
        return found

    def arrive(self) -> str:
        """A new customer; returns who it is for the sandbox."""
        before = self.at.input_value("#person")
        self.act("new-person")
        self.at.wait_for_function("before => document.getElementById('person').value !== before", arg=before)
        self.see(".balance [data-part=available][data-fen='0']")
        return str(self.at.input_value("#person"))

    def top_up(self, pay_fen: int, channel: str = "wechat_pay") -> None:
        """From the home page to the open pay sheet or code."""
        self.act("top-up")
        self.at.click(f"[data-pay-fen='{pay_fen}']")
        if channel == "alipay":  # not inside WeChat
            self.where("counter")
        self.at.click(f"[data-channel={channel}]")
        self.at.click(".agree")
        self.act("start-top-up")

    def where(self, client: str) -> None:
        """Says on the top-up page where one pays, and waits for what can work there."""
        self.at.select_option("select[name=client]", client)
        self.see(f".channels[data-client={client}]")

    def pay_with_wechat(self, pay_fen: int) -> None:
        self.top_up(pay_fen)
        self.see(".cashier.wechat-pay")
        self.act("pay")
        self.see(".outcome-card[data-state=credited]")

    def order(self, way: str = "later") -> None:
        """From a product's sheet through the checkout to the placed order."""
        self.act("order")
        self.see("[data-act=place-order]:enabled")
        self.at.click(f"[data-way={way}]")
        self.act("place-order")
        self.see(".order-state")

    def answer_messages(self, answer: str) -> None:
        """``allow`` or ``reject`` in WeChat's question about messages."""
        self.see(".ask-messages")
        self.act(answer)
        self.at.locator(".ask-messages").wait_for(state="detached")

    def has_fen(self, part: str, amount_fen: int) -> None:
        """Waits until the balance card says so."""
        self.see(f".balance [data-part={part}][data-fen='{amount_fen}']")

    def until(self, what: Any, timeout_s: float = PATIENCE_MS / 1000) -> Any:
        """Waits until ``what()`` is true, while the page goes on living."""
        end = time.monotonic() + timeout_s
        while not (found := what()):
            assert time.monotonic() < end, "waited in vain"
            self.at.wait_for_timeout(200)
        return found

    def accessible(self) -> None:
        """What is shown now has no fault by WCAG 2.1 A and AA that a program can find."""
        import axe_playwright_python

        script = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
        rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
        self.at.wait_for_timeout(400)  # sheets and banners have come to rest
        self.at.evaluate(STAY)
        self.at.evaluate(script)
        found = self.at.evaluate("rules => axe.run(rules)", rules)["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []

    def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.at.screenshot(path=str(SCREENSHOTS / f"{name}.png"))


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(240))


def _apart() -> int:
    """Demos that several test processes start at the same moment would find the same ports free, and talk to each other's sandbox."""
    return 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def demo(servers, tmp_path_factory):
    browser.needed()
    home = tmp_path_factory.mktemp("demo")
    asyncio.run(_create_database(servers.database_url, "yucun_e2e"))
    environment = os.environ | {
        "YUCUN_DATABASE_URL": urlsplit(servers.database_url)._replace(path="/yucun_e2e").geturl(),
        # A database of its own: other tests use up rate limits of 127.0.0.1 on purpose.
        "YUCUN_REDIS_URL": urlsplit(servers.redis_url)._replace(path="/1").geturl(),
    }
    command = [
        sys.executable,
        "-m",
        "app",
        "demo",
        "--home",
        str(home),
        "--port",
        str(18_300 + _apart()),
        "--sandbox-port",
        str(18_400 + _apart()),
    ]
    with (home / "demo.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            yield Demo(_address(process, home), home)
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(40)
            process.kill()
            process.wait()


@pytest.fixture
def phone(demo, open_phone):
    return open_phone()


@pytest.fixture
def open_phone(demo, tmp_path) -> Iterator[Any]:
    """Opens the page: ``open_phone(width=390, height=844, locale="en")``."""
    from playwright.sync_api import sync_playwright  # starts a loop of its own, so only where it is needed

    opened = []
    with sync_playwright() as playwright:

        def open_one(
            *, width: int = 1440, height: int = 900, locale: str | None = None, still: bool = False
        ) -> Page:
            context = playwright.chromium.launch_persistent_context(
                str(tmp_path / f"browser{len(opened)}"),
                executable_path=browser.needed(),
                args=browser.ARGUMENTS,
                viewport={"width": width, "height": height},
                reduced_motion="reduce" if still else None,
            )
            context.set_default_timeout(PATIENCE_MS)
            page = Page(context.pages[0], demo)
            opened.append((context, page))
            _listen(page)
            if locale:
                page.at.add_init_script(f"localStorage.setItem('phone.locale', {json.dumps(locale)})")
            page.at.goto(f"{demo.url}/")
            page.see(".balance")
            return page

        yield open_one
        for context, page in opened:
            with contextlib.suppress(Exception):
                page.picture("last")
            context.close()
    for _context, page in opened:
        assert page.faults == []
        assert {urlsplit(url).hostname for url in page.asked} == {"127.0.0.1"}


def _listen(page: Page) -> None:
    def logged(message):
        asked = message.location["url"] if message.location else ""
        # an order may be paid while its page asks how it can be, and placed while the checkout asks what it comes to
        is_question = re.search(r"/payment-ways\b|/quotes\b", asked) and "409 (Conflict)" in message.text
        expected = page.refusals_expected or is_question
        refusal = "Failed to load resource" in message.text and expected
        if message.type in ("error", "warning") and not refusal:
            page.faults.append(f"{message.type}: {message.text} {asked}")

    page.at.on("console", logged)
    page.at.on("pageerror", lambda error: page.faults.append(str(error)))
    page.at.on("request", lambda request: request.url.startswith("data:") or page.asked.add(request.url))


def _address(process: subprocess.Popen[bytes], home: Path) -> str:
    end = time.monotonic() + START_PATIENCE_S
    while not (home / "addresses.txt").exists():
        said = (home / "demo.log").read_text()
        assert process.poll() is None, f"the demo ended:\n{said}"
        assert time.monotonic() < end, f"the demo did not come up:\n{said}"
        time.sleep(0.2)
    time.sleep(0.2)  # the file has been opened; now it has been written
    found = re.search(r"phone page\s+(http://\S+?)/?\s", (home / "addresses.txt").read_text())
    assert found is not None
    return found[1]


async def _create_database(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
