"""The JSON API of operators; ``routes`` is its table of contents."""

from collections.abc import Sequence

from aiohttp import web

from admin_api import routes
from admin_api.services import Operator, RedisState, Services
from admin_api.witness import Witness, taken_away
from core import http as kit
from core.http import tokens as access_tokens
from members import operators

__all__ = ["Operator", "RedisState", "Services", "Witness", "build", "taken_away"]


def build(
    services: Services,
    *,
    limiter: kit.RateLimiter | None = None,
    limits: kit.Limits | None = None,
    origins: Sequence[str] = (),
) -> web.Application:
    """The door, for ``kit.root``. ``origins``: web pages that may call it."""

    async def authenticate(request: web.Request) -> Operator:
        token = kit.bearer(request)
        found = await operators.of_token(token)
        if found is None:
            raise access_tokens.InvalidToken
        return Operator(found, token)

    door = kit.build(
        routes.API,
        services=services,
        authenticate=authenticate,
        limiter=limiter,
        limits=limits,
        origins=origins,
        witness=Witness(),
    )

    async def leave(_door: web.Application) -> None:
        services.bell.close()

    door.on_shutdown.append(leave)  # streams end before the server waits for what is under way
    return door
