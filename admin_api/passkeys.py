"""Operators' passkeys."""

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from admin_api.operators import origin
from admin_api.second_factors import EvenIfLast
from admin_api.services import Operator
from core import http as kit
from members import passkeys

ChallengeToken = Annotated[kit.Token, Field(max_length=64)]
Credential = Annotated[
    str,
    StringConstraints(min_length=2, max_length=20_000),
    Field(
        description="浏览器给出的 PublicKeyCredential，toJSON() 的 JSON 文本 · what the browser gave, the JSON text of toJSON()"
    ),
]
PasskeyName = Annotated[kit.Name, Field(max_length=60, examples=["店里的平板"])]


class PasskeyAsked(kit.Answer):
    challenge_token: Annotated[str, Field(validation_alias="challenge")]
    ends_at: kit.Instant
    options: Annotated[
        str,
        Field(
            description="JSON 文本，交给 PublicKeyCredential.parse…OptionsFromJSON · JSON text, for PublicKeyCredential.parse…OptionsFromJSON"
        ),
    ]


class AskForPasskey(kit.Body):
    challenge_token: Annotated[
        ChallengeToken | None,
        Field(
            description="密码正确后得到的；不填则不先说是谁 · that of a right password; left out: nobody says who they are before"
        ),
    ] = None


class PasskeyAnswer(kit.Body):
    challenge_token: ChallengeToken
    credential: Credential


class NewPasskey(PasskeyAnswer):
    name: PasskeyName


class PasskeyNamed(kit.Body):
    name: PasskeyName


class Passkey(kit.Answer):
    id: int
    name: str
    is_synced: Annotated[
        bool, Field(description="由云端同步，不只在一台设备上 · kept by a service and not by one device only")
    ]
    created_at: kit.Instant
    used_at: kit.Instant | None


class PasskeyAdded(kit.Answer):
    passkey: Passkey
    recovery_codes: Annotated[
        list[str],
        Field(description="只显示这一次；已有的不重发 · shown once; none where there are some already"),
    ]


async def ask(body: AskForPasskey, request: web.Request) -> object:
    """Asks for a passkey to sign in with."""
    return await passkeys.ask(second_factor=body.challenge_token, origin=origin(request))


async def sign_in(body: PasskeyAnswer, request: web.Request) -> object:
    """Signs in by a passkey."""
    return await passkeys.sign_in(body.challenge_token, body.credential, origin=origin(request))


async def ask_again(caller: Operator, request: web.Request) -> object:
    """Asks for one of my passkeys."""
    return await passkeys.ask_again(caller.on_duty, origin=origin(request))


async def show_again(body: PasskeyAnswer, caller: Operator, request: web.Request) -> object:
    """Shows again who I am; the session has another token from now on."""
    return await passkeys.show_again(
        caller.on_duty, caller.token, body.challenge_token, body.credential, origin=origin(request)
    )


async def mine(caller: Operator) -> object:
    """My passkeys."""
    return kit.Page[Passkey](
        items=[Passkey.model_validate(one) for one in await passkeys.of_operator(caller.id)]
    )


async def begin(caller: Operator, request: web.Request) -> object:
    """Asks the browser for a new passkey."""
    return await passkeys.begin(caller.on_duty, origin=origin(request))


async def add(body: NewPasskey, caller: Operator, request: web.Request) -> object:
    """Keeps it."""
    return await passkeys.add(
        caller.on_duty, body.challenge_token, body.credential, name=body.name, origin=origin(request)
    )


async def rename(passkey_id: int, body: PasskeyNamed, caller: Operator) -> None:
    """Calls it something else."""
    await passkeys.rename(caller.id, passkey_id, body.name)


async def remove(passkey_id: int, query: EvenIfLast, caller: Operator) -> None:
    """Forgets it."""
    await passkeys.remove(caller.id, passkey_id, even_if_last=query.even_if_last)
