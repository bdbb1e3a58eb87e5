"""Operators signing in and out."""

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from admin_api.services import Operator
from core import http as kit
from members import operator_sign_in
from members.sign_in_attempts import Origin


class Login(kit.Body):
    login: Annotated[kit.Name, Field(examples=["boss"])]
    password: Annotated[
        str, StringConstraints(min_length=1, max_length=200), Field(examples=["correct horse battery"])
    ]


Code = Annotated[
    str,
    StringConstraints(min_length=6, max_length=40),
    Field(
        description="验证器的六位数字，或恢复码 · the app's six digits, or a recovery code",
        examples=["492039"],
    ),
]


class SecondFactor(kit.Body):
    challenge_token: Annotated[kit.Token, Field(max_length=64)]
    one_time_code: Code


class OperatorName(kit.Answer):
    id: int
    name: str


class SignedIn(kit.Answer):
    token: str
    expires_at: kit.Instant
    operator: OperatorName


class Challenge(kit.Answer):
    token: str
    ends_at: kit.Instant
    kinds: Annotated[list[str], Field(description="totp | recovery_code | passkey")]


class FirstStep(kit.Answer):
    token: str | None = None
    expires_at: kit.Instant | None = None
    operator: OperatorName | None = None
    second_factor: Annotated[
        Challenge | None,
        Field(
            description="密码正确，还须第二步验证；此时没有 token · the password was right and a second step is wanted; then there is no token"
        ),
    ] = None


def origin(request: web.Request) -> Origin:
    """From where a request comes, as the desk takes it."""
    return Origin(request[kit.CLIENT_ADDRESS], kit.user_agent(request))


def first_step(found: operator_sign_in.Session | operator_sign_in.SecondFactorWanted) -> FirstStep:
    """What follows from a first proof, as it is answered."""
    if isinstance(found, operator_sign_in.SecondFactorWanted):
        wanted = Challenge(token=found.challenge, ends_at=found.ends_at, kinds=list(found.kinds))
        return FirstStep(second_factor=wanted)
    return FirstStep.model_validate(found, from_attributes=True)


async def sign_in(body: Login, request: web.Request) -> FirstStep:
    """Opens a session, or asks for the second factor."""
    return first_step(await operator_sign_in.sign_in(body.login, body.password, origin=origin(request)))


async def second_factor(body: SecondFactor, request: web.Request) -> object:
    """The second step."""
    return await operator_sign_in.second(body.challenge_token, body.one_time_code, origin=origin(request))


async def sign_out(caller: Operator) -> None:
    """Ends the session at once."""
    await operator_sign_in.sign_out(caller.on_duty)
