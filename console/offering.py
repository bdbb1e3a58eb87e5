"""What can be done, offered on a page written by hand beside what it is done with: the form of an operation as part of that page. It is sent
where every form is sent (``console.acting``), which comes back to the page."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from console import filling, forms, specs, states
from console.request import LOCALE, caller, console, eyes, may


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A form of a page. ``fixed``: what it says without being asked."""

    name: str
    title: str
    about: str
    action: str
    fields: tuple[forms.Drawn, ...]
    fixed: tuple[tuple[str, str], ...]
    key: str
    dangerous: bool
    uploads: bool

    @property
    def id(self) -> str:
        """How the page calls it."""
        return f"deed-{self.name}"


def deed(
    request: web.Request,
    name: str,
    given: Mapping[str, Any],
    about: Any,
    *,
    back: str | None = None,
    near: str = "",
    values: Mapping[str, Any] | None = None,
    fixed: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Offered | None:
    """The form of an operation, or None where the operator may not ask for it, or the state of what it is ``about`` does not allow it.

    ``given``: the parts of its path. ``near`` keeps the fields of several forms of a page apart. ``values`` stand in it at first. ``back``
    is where it leads after; left out: this page. ``title``: another than the operation's.
    """
    place = console(request).places.all[name]
    if not may(request, place) or not states.possible(name, about, caller(request).id):
        return None
    look, body = eyes(request, place), specs.of_body(place.route)
    said = {spec.name: spec.default for spec in body if spec.default is not None} | dict(values or {})
    fields = forms.drawn(body, filling.texts(body, said), {}, look)
    kept: Collection[str] = fixed or ()
    back = request.path_qs if back is None else back
    return Offered(
        name=name,
        title=title or place.title(look.locale),
        about=(place.route.description or ("", ""))[0 if request[LOCALE] == "zh-CN" else 1],
        action=place.address(given, {"back": back, "then": "back", **(query or {})}),
        fields=tuple(_apart(field, f"{name}-{near}") for field in fields if field.name not in kept),
        fixed=tuple((fixed or {}).items()),
        key=secrets.token_hex(16),
        dangerous=forms.is_dangerous(place),
        uploads=place.route.upload is not None,
    )


def _apart(field: forms.Drawn, near: str) -> forms.Drawn:
    return replace(field, near=near, parts=tuple(_apart(part, near) for part in field.parts))
