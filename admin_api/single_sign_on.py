"""Operators at the shop's identity provider."""

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from admin_api.operators import FirstStep, first_step, origin
from admin_api.services import Operator, Services
from core import http as kit
from members import single_sign_on


class WayThere(kit.Answer):
    url: Annotated[str, Field(description="让浏览器去这里 · where the browser goes")]
    proof: Annotated[str, Field(description="自己留着，回来时一起送来 · kept, and sent when it is back")]
    ends_at: kit.Instant


class WayBack(kit.Body):
    state: Annotated[kit.Token, Field(max_length=64)]
    authorization_code: Annotated[
        str,
        StringConstraints(min_length=1, max_length=2000),
        Field(description="地址里的 code · the code in the address"),
    ]
    proof: Annotated[kit.Token, Field(max_length=64)]


async def begin(services: Services, request: web.Request) -> object:
    """Sends somebody to the provider."""
    return await single_sign_on.begin(services.identity_provider, origin=origin(request))


async def sign_in(body: WayBack, services: Services, request: web.Request) -> FirstStep:
    """Signs in who is back."""
    return first_step(
        await single_sign_on.sign_in(
            services.identity_provider, state=body.state, code=body.authorization_code, proof=body.proof,
            origin=origin(request),
        )
    )  # fmt: skip


async def begin_link(caller: Operator, services: Services, request: web.Request) -> object:
    """Sends me there, to link my account."""
    return await single_sign_on.begin(services.identity_provider, link=caller.on_duty, origin=origin(request))


async def link(body: WayBack, caller: Operator, services: Services, request: web.Request) -> None:
    """Links my account there."""
    await single_sign_on.link(
        services.identity_provider, caller.on_duty, state=body.state, code=body.authorization_code,
        proof=body.proof, origin=origin(request),
    )  # fmt: skip


async def unlink(caller: Operator) -> None:
    """I sign in there no more."""
    await single_sign_on.unlink(caller.id)
