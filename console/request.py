"""What belongs to one request in the console: who asks, in which language, and what every page is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from admin_api import Operator
from console.places import Place, Places
from console.showing import Eyes
from core import words
from core.bell import Bell
from core.http.calling import Asked, Calls
from members import single_sign_on

CALLER = web.RequestKey("caller", Operator)
LOCALE = web.RequestKey("locale", str)
CSRF = web.RequestKey("csrf", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the console was built with."""

    shop_name: str
    places: Places
    calls: Calls
    secure: bool
    session_s: int
    bell: Bell
    """Rings when something happens in a conversation."""
    identity_provider: single_sign_on.House | None = None


CONSOLE = web.AppKey("console", Console)
AROUND: web.AppKey[Callable[[web.Request], Mapping[str, Any]]] = web.AppKey("around")
"""What every template is told beside what it is given."""


def console(request: web.Request) -> Console:
    """What the console was built with."""
    return request.config_dict[CONSOLE]


def caller(request: web.Request) -> Operator:
    """The operator who asks."""
    return request[CALLER]


def may(request: web.Request, place: Place) -> bool:
    """Whether the operator may ask for an operation."""
    duty = place.route.duty
    return duty is None or caller(request).may(duty)


async def admit(request: web.Request, place: Place) -> None:
    """Whether the operator may ask for an operation that a page leads to.

    Raises:
        NotYourDuty: it is written down.
    """
    await console(request).calls.admit(place.name, request=request, caller=caller(request))


def eyes(request: web.Request, place: Place | None = None, given: Mapping[str, str] | None = None) -> Eyes:
    """How the operator sees values of an operation."""
    return Eyes(
        locale=request[LOCALE],
        places=console(request).places,
        may_open=lambda page: may(request, page),
        tag=place.route.tag if place is not None else None,
        given=given or {},
    )


async def ask(request: web.Request, name: str, asked: Asked | None = None) -> Any:
    """Asks for an operation as the operator."""
    return await console(request).calls.call(
        name, asked or Asked(), request=request, caller=caller(request), locale=request[LOCALE]
    )


def say(request: web.Request, key: str, /, **params: Any) -> str:
    """A sentence of the console in the operator's language."""
    return words.say(f"console.{key}", request[LOCALE], **params)


def telling(request: web.Request, topic: str) -> Callable[..., str]:
    """The sentences of one of the pages that ``core/words/…/desk_pages.toml`` has, for its template."""

    def tell(key: str, /, **params: Any) -> str:
        return words.say(f"desk_pages.{topic}.{key}", request[LOCALE], **params)

    return tell


def page(request: web.Request, template: str, status: int = 200, /, **told: Any) -> web.Response:
    """A page, or a part of one."""
    context = {**request.config_dict[AROUND](request), **told}
    return aiohttp_jinja2.render_template(template, request, context, status=status)


def is_part(request: web.Request) -> bool:
    """Whether only a part of the page was asked for, by HTMX; who goes back in the browser's history wants all of it."""
    asked = request.headers
    return asked.get("HX-Request") == "true" and not (
        asked.get("HX-Boosted") == "true" or asked.get("HX-History-Restore-Request") == "true"
    )
