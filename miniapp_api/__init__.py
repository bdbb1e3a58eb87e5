"""The JSON API of the customer's mini-program and H5; ``routes`` is its table of contents."""

from collections.abc import Sequence

from aiohttp import web

from core import http as kit
from core.http import tokens as access_tokens
from members import sign_in
from miniapp_api import routes
from miniapp_api.services import Customer, Holder, Services

__all__ = ["Customer", "Holder", "Services", "build"]

_LONGEST_ID = 18


def build(
    services: Services,
    *,
    limiter: kit.RateLimiter | None = None,
    limits: kit.Limits | None = None,
    origins: Sequence[str] = (),
) -> web.Application:
    """The door, for ``kit.root``. ``origins``: web pages (H5) that may call it."""

    async def identify(request: web.Request) -> Holder:
        subject = services.tokens.verify(kit.bearer(request)).subject
        # a number no row can have would be refused to everybody whose customer is read in the same statement
        if not subject.isdecimal() or len(subject) > _LONGEST_ID:
            raise access_tokens.InvalidToken
        return Holder(int(subject))

    async def authenticate(request: web.Request) -> Customer:
        return Customer(await sign_in.admitted((await identify(request)).id))

    return kit.build(
        routes.API,
        services=services,
        authenticate=authenticate,
        identify=identify,
        limiter=limiter,
        limits=limits,
        origins=origins,
    )
