"""The JSON API of the customer's mini-program and H5; ``routes`` is its table of contents."""

from collections.abc import Sequence

from aiohttp import web

from core import http as kit
from core.http import tokens as access_tokens
from members import sign_in
from miniapp_api import routes
from miniapp_api.services import Customer, Holder, Services

__all__ = ["Customer", "Holder", "Services", "build"]


def build(
    services: Services,
    *,
    limiter: kit.RateLimiter | None = None,
    limits: kit.Limits | None = None,
    origins: Sequence[str] = (),
) -> web.Application:
    """The door, for ``kit.root``. ``origins``: web pages (H5) that may call it."""

    async def identify(request: web.Request) -> Holder:
        holder = Holder.read(services.tokens.verify(kit.bearer(request)).subject)
        if holder is None:
            raise access_tokens.InvalidToken
        if holder.chat_id is not None:
            await sign_in.refuse_let_go(holder.id, holder.chat_id)
        return holder

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
