"""How a door's table of contents is written: one ``Route`` a line, gathered in an ``Api``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict, Unpack

import pydantic

from core import errors
from core.http import rates

Words = tuple[str, str]
"""The same in Chinese and English."""

Handler = Callable[..., Awaitable[Any]]

Gate = Callable[[Any], None]
"""What a route asks of its caller beyond the duty, when it is about to be done; it refuses by raising what the route lists."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A way to sign in by ``Authorization: Bearer …``, as the OpenAPI document names it.

    ``refusals``: what ``authenticate`` says no with, beyond a missing, wrong or old token. ``by_desk``: the token is proven and
    whose it is known before the handler is called; whether they may still come in, with the same refusals, is asked by what the
    handler calls, together with all else that it asks.
    """

    name: str
    description: Words
    format: str = "opaque"
    refusals: tuple[type[errors.DomainError], ...] = ()
    by_desk: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What can be done next with an answer: the operation (by its id) and its body, in which ``$response.body#/…`` stands for a part of
    the answer. What takes a number of the answer in its path is linked by itself (``links.py``)."""

    to: str
    body: Mapping[str, Any] = field(hash=False)


class Terms(TypedDict, total=False):
    """What a line of the table says besides method, path and handler.

    ``answer`` is the model of the response, left out for one without a body; ``status`` is 200, or 204 without a body,
    unless said. ``file`` is the media type of a route that answers with a file (``kit.download``). ``upload``: it takes a file of at
    most so many bytes (``upload: kit.Upload``). ``refusals`` are the codes a client must expect beyond the ones every route of its kind has. ``auth`` left
    out: open to everybody. ``idempotent``: the handler takes ``key``, and clients must send Idempotency-Key. ``rate``: a
    limit of this route alone, by caller, or by address where nobody is signed in. ``duty``: what the caller must be allowed to do
    (``Caller.may``). ``conditional``: the answer has an ETag, and who sends it as If-None-Match is answered 304 while it is the same.
    ``links``: what can be done next with the answer, beyond what its numbers say.
    """

    summary: Required[Words]
    description: Words
    answer: type[pydantic.BaseModel]
    file: str
    upload: int
    status: int
    refusals: tuple[type[errors.DomainError], ...]
    auth: Bearer
    idempotent: bool
    rate: rates.Rate
    duty: str
    conditional: bool
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the table: what is asked for, who answers, and which refusals a client must expect."""

    method: str
    path: str
    handler: Handler
    summary: Words
    status: int
    description: Words | None = None
    answer: type[pydantic.BaseModel] | None = None
    file: str | None = None
    upload: int | None = None
    refusals: tuple[type[errors.DomainError], ...] = ()
    auth: Bearer | None = None
    idempotent: bool = False
    rate: rates.Rate | None = None
    duty: str | None = None
    conditional: bool = False
    links: tuple[Link, ...] = ()
    gate: Gate | None = None

    @property
    def tag(self) -> str:
        """The group the operation belongs to: the handler's file."""
        return self.handler.__module__.rsplit(".", 1)[-1]

    @property
    def operation_id(self) -> str:
        """The name of the operation for programs: ``orders.place`` becomes ``orders_place``."""
        return f"{self.tag}_{self.handler.__name__.strip('_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A whole door: what it is called, where it stands, and its routes."""

    title: Words
    version: str
    prefix: str
    routes: tuple[Route, ...]
    description: Words | None = None

    def __post_init__(self) -> None:
        if not self.prefix.startswith("/") or self.prefix.endswith("/"):
            raise ValueError(f"a prefix is written like /api/v1, not {self.prefix!r}")


def get(path: str, handler: Handler, **terms: Unpack[Terms]) -> Route:
    """A route that only reads."""
    return _route("GET", path, handler, terms)


def post(path: str, handler: Handler, **terms: Unpack[Terms]) -> Route:
    """A route that makes or does something."""
    return _route("POST", path, handler, terms)


def put(path: str, handler: Handler, **terms: Unpack[Terms]) -> Route:
    """A route that sets something to exactly what is sent."""
    return _route("PUT", path, handler, terms)


def patch(path: str, handler: Handler, **terms: Unpack[Terms]) -> Route:
    """A route that changes the fields that are sent."""
    return _route("PATCH", path, handler, terms)


def delete(path: str, handler: Handler, **terms: Unpack[Terms]) -> Route:
    """A route that removes something."""
    return _route("DELETE", path, handler, terms)


def _route(method: str, path: str, handler: Handler, terms: Terms) -> Route:
    rest = dict(terms)
    status = rest.pop("status", 200 if "answer" in terms or "file" in terms else 204)
    return Route(method=method, path=path, handler=handler, status=status, **rest)  # type: ignore[arg-type]
