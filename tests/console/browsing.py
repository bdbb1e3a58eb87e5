"""A browser without a screen: keeps cookies, reads pages, fills in their forms."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

import aiohttp

from members import operators
from tests.world import PASSWORD

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass
class Page:
    """What was answered."""

    status: int
    text: str
    url: str
    headers: dict = field(default_factory=dict)

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden inputs of the page's form."""
        found = {}
        for tag in _INPUT.findall(self.text):
            said = dict(_ATTRIBUTE.findall(tag))
            if said.get("type") == "hidden":
                found[said["name"]] = html.unescape(said.get("value", ""))
        return found

    @property
    def words(self) -> str:
        """What a person reads, without the markup."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


class Browser:
    """Somebody at the console."""

    def __init__(self, base: str, *, locale: str = "zh-CN") -> None:
        self.base = f"{base}/console"
        self.session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Accept-Language": locale}
        )

    async def get(self, path: str, **options) -> Page:
        """Opens a page; redirects are followed."""
        return await self._asked("GET", path, **options)

    async def post(self, path: str, data, **options) -> Page:
        """Sends a form as it stands."""
        return await self._asked("POST", path, data=data, **options)

    async def submit(self, path: str, **values) -> Page:
        """Opens the page of a form, fills in these values and sends it."""
        page = await self.get(path)
        assert page.status == 200, page.words
        return await self.post(path, {**page.hidden, **values})

    async def sign_in(self, login: str, password: str = PASSWORD) -> Page:
        """Signs in by the page."""
        return await self.post("/sign-in", {"login": login, "password": password})

    async def _asked(self, method: str, path: str, **options) -> Page:
        url = (
            path
            if path.startswith("http")
            else urljoin(f"{self.base}/", path.removeprefix("/console").lstrip("/"))
        )
        async with self.session.request(method, url, **options) as answer:
            text = (await answer.read()).decode("utf-8", "replace")
            return Page(answer.status, text, str(answer.url), dict(answer.headers))


async def operator(login: str, *posts) -> None:
    """Hires somebody; an owner where nothing is said."""
    await operators.create(
        login=login, name="店长小周", password=PASSWORD, **({"posts": posts} if posts else {})
    )
