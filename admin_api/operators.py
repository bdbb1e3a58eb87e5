"""Operators signing in and out."""

from typing import Annotated

from pydantic import Field, StringConstraints

from admin_api.services import Operator, Services
from core import http as kit
from members import operators


class Login(kit.Body):
    login: Annotated[kit.Name, Field(examples=["boss"])]
    password: Annotated[
        str, StringConstraints(min_length=1, max_length=200), Field(examples=["correct horse battery"])
    ]


class OperatorName(kit.Answer):
    id: int
    name: str


class SignedIn(kit.Answer):
    token: str
    expires_at: kit.Instant
    operator: OperatorName


async def sign_in(body: Login, services: Services) -> object:
    """Opens a session."""
    return await operators.sign_in(body.login, body.password, lifetime=services.session_lifetime)


async def sign_out(caller: Operator) -> None:
    """Ends the session at once."""
    await operators.sign_out(caller.token)
