"""What one signs in with oneself: passkeys, the authenticator app, recovery codes, the account at the identity provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import again, offering
from console.places import PREFIX
from console.request import LOCALE, ask, console, page
from core import errors
from core.http import problems
from members import passkeys, step_up

ADDRESS = f"{PREFIX}/me/sign-in"


@dataclass(frozen=True, slots=True)
class Key:
    """A passkey on the page, and what can be done with it."""

    passkey: Any
    rename: offering.Offered | None
    remove: offering.Offered | None


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/me/sign-in", _page)
    door.router.add_get("/me/passkeys", _there)


async def _page(request: web.Request) -> web.StreamResponse:
    return await shown(request)


async def _there(request: web.Request) -> web.StreamResponse:
    return web.Response(status=303, headers={"Location": f"{ADDRESS}#passkeys"})


async def shown(request: web.Request, sentence: str = "", status: int = 200) -> web.Response:
    """The page, and what went wrong."""
    mine = await ask(request, "second_factors_mine")
    keys = (await ask(request, "passkeys_mine")).items
    return page(
        request,
        "account.jinja",
        status,
        title=console(request).places.all["second_factors_mine"].title(request[LOCALE]),
        sentence=sentence,
        mine=mine,
        is_fresh=mine.fresh_until is not None,
        keys=[_key(request, one) for one in keys],
        is_last=len(keys) + (mine.totp_since is not None) == 1,
        may_have_keys=passkeys.are_possible(),
        most_keys=passkeys.MOST,
        provider=console(request).identity_provider is not None,
        remove_totp=_deed(request, "second_factors_remove_totp"),
        new_recovery_codes=_deed(request, "second_factors_new_recovery_codes"),
        unlink=_deed(request, "single_sign_on_unlink"),
    )


async def refused(request: web.Request, refusal: errors.DomainError) -> web.Response:
    """The page with what was refused; or, where it asks for a fresh session, that first."""
    if isinstance(refusal, step_up.StepUpRequired):
        return again.lead_to(request, ADDRESS)
    return await shown(request, refusal.sentence(request[LOCALE]), problems.status_of(type(refusal)))


def _key(request: web.Request, passkey: Any) -> Key:
    given, near = {"passkey_id": str(passkey.id)}, str(passkey.id)
    rename = _deed(request, "passkeys_rename", given, near=near, values={"name": passkey.name})
    return Key(passkey, rename, _deed(request, "passkeys_remove", given, near=near))


def _deed(
    request: web.Request, name: str, given: dict[str, str] | None = None, **more: Any
) -> offering.Offered | None:
    return offering.deed(request, name, given or {}, None, back=ADDRESS, **more)


def codes_page(request: web.Request, codes: Sequence[str]) -> web.Response:
    """Recovery codes, which are shown this once."""
    return page(request, "recovery_codes.jinja", codes=codes, back=ADDRESS)
