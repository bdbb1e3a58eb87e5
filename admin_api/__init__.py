"""The JSON API of operators; ``routes`` is its table of contents."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from admin_api import routes
from admin_api.services import Operator, Services
from core import http as kit
from core.http import tokens as access_tokens
from core.http.logs import REQUEST_ID
from members import acts, operators

__all__ = ["Operator", "Services", "build"]


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


class Witness:
    """Writes down what operators change."""

    async def began(
        self, caller: Operator, route: kit.Route, request: web.Request, asked: Mapping[str, Any]
    ) -> int:
        """Before it is done."""
        about = f"{request.method} {request.path}"
        return await acts.began(
            caller.id, route.operation_id, about=about, asked=asked, request_id=REQUEST_ID.get()
        )

    async def ended(self, act: int, outcome: str) -> None:
        """After it."""
        await acts.ended(act, outcome)
