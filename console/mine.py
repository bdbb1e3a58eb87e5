"""What one may do oneself: one's posts, and how much of what one may move alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.request import ask, console, eyes, page, say
from console.showing import Eyes, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of a kind may be moved by one post. ``used``: nothing is counted where there is no limit."""

    post: str
    each: Shown
    day: Shown
    used: Shown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is counted together, and what belongs to it."""

    title: str
    about: str
    limits: list[Limit]


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/me", _page)


async def _page(request: web.Request) -> web.StreamResponse:
    me = await ask(request, "staff_me")
    look = eyes(request, console(request).places.all["staff_one"])
    by_kind: dict[str, list[Any]] = {}
    for one in me.limits:
        by_kind.setdefault(one.kind, []).append(one)
    return page(
        request,
        "mine.jinja",
        title=say(request, "mine.title"),
        posts=[_post(request, look, one) for one in me.posts],
        kinds=[
            Kind(
                title=look.value("kind", kind).text,
                about=say(request, f"mine.about.{kind}"),
                limits=list(_limits(request, look, several)),
            )
            for kind, several in by_kind.items()
        ],
    )


def _post(request: web.Request, look: Eyes, one: Any) -> str:
    role = one.role_name or look.value("role", one.role).text
    where: Mapping[str, str] = {"role": role, "store": one.store or ""}
    return say(request, "mine.in_store" if one.store else "mine.everywhere", **where)


def _limits(request: web.Request, look: Eyes, several: Iterable[Any]) -> Iterable[Limit]:
    unlimited = Shown(say(request, "mine.unlimited"))
    for one in several:
        is_open = one.most_fen is None and one.day_fen is None
        each, day = (
            unlimited if fen is None else look.value("most_fen", fen) for fen in (one.most_fen, one.day_fen)
        )
        used = None if is_open else look.value("used_fen", one.used_fen)
        yield Limit(post=_post(request, look, one), each=each, day=day, used=used)
