"""Passkeys (WebAuthn): operators sign in with what their device holds and unlocks for them, with or without a password before it.

A passkey is used with user verification (a fingerprint, a PIN), so it is two proofs in one: what somebody has, and what they are or know. What
browsers are told and tell back is JSON, as ``PublicKeyCredential.parse…OptionsFromJSON`` and ``toJSON`` have it; the ``webauthn`` library verifies it.

Source: Web Authentication Level 3, sections 7.1 (registering) and 7.2 (asserting).
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, exceptions, structs

from core import clock, db, errors
from members import (
    operator_sign_in,
    operators,
    second_factors,
    sign_in_attempts,
    sign_in_challenges,
    sign_in_rules,
)
from members.operator_sign_in import HERE, Session
from members.sign_in_attempts import Origin

MOST = 20
"""No operator has more."""
_BROKEN = (
    exceptions.WebAuthnException, ValueError, TypeError, KeyError, LookupError, AttributeError, RecursionError,
)  # fmt: skip
"""What comes of JSON that is no answer of an authenticator, besides what the library says of one that is wrong."""

_Purpose = Literal["sign_in", "again"]


class WrongPasskey(errors.Unauthenticated):
    """The passkey is not known, was not asked for this, or what it signed is wrong."""

    code = "wrong_passkey"


class PasskeyRefused(errors.Invalid):
    """What the browser made is no passkey for this shop, or the device did not ask its user."""

    code = "passkey_refused"


class PasskeyTaken(errors.Conflict):
    """This passkey is known already."""

    code = "passkey_taken"


class TooManyPasskeys(errors.Conflict):
    """The operator has as many as there may be."""

    code = "too_many_passkeys"


class NoSuchPasskey(errors.NotFound):
    """The operator has no such passkey."""

    code = "no_such_passkey"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser is told, as JSON, and what comes back with its answer."""

    challenge: str = field(repr=False)
    ends_at: datetime
    options: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its operator sees it. ``is_synced``: kept by a service and not by one device only."""

    id: int
    name: str
    is_synced: bool
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Added:
    """A new passkey, and recovery codes where there were none."""

    passkey: Passkey
    recovery_codes: tuple[str, ...] = field(repr=False)


_THEIRS = "SELECT credential_id FROM operator_passkey WHERE operator_id = $1 ORDER BY id"


def are_possible() -> bool:
    """Whether browsers know passkeys where the shop's pages stand: they do not at bare addresses, which are nobody's name."""
    try:
        ipaddress.ip_address(_rp_id())
    except ValueError:
        return True
    return False


async def begin(who: operators.OnDuty, *, origin: Origin = HERE) -> Asked:
    """Asks the browser to make a passkey. Not one on a device that has one already.

    Raises:
        TooManyPasskeys.
    """
    known = await _refuse_too_many(who.id)
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(),
        rp_name=sign_in_rules.current().shop_name,
        user_id=_handle(who.id),
        user_name=who.login,
        user_display_name=who.name,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_named(one) for one in known],
    )
    asked = {"challenge": bytes_to_base64url(options.challenge)}
    made = await sign_in_challenges.make("passkey_new", who.id, origin, asked)
    return Asked(made.token, made.ends_at, webauthn.options_to_json(options))


async def _refuse_too_many(operator_id: int) -> list[str]:
    """The names of those there are, if one more may be."""
    known = [row["credential_id"] for row in await db.fetch(_THEIRS, operator_id)]
    if len(known) >= MOST:
        raise TooManyPasskeys(most=MOST)
    return known


_ADD = """
INSERT INTO operator_passkey (operator_id, credential_id, public_key, sign_count, name, is_synced, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, name, is_synced, created_at, NULL::timestamptz AS used_at
"""


async def add(
    who: operators.OnDuty, challenge: str, credential: str, *, name: str, origin: Origin = HERE
) -> Added:
    """Keeps the passkey that the browser made.

    Raises:
        SignInOver: nobody asked for it, or too long ago.
        PasskeyRefused, PasskeyTaken, TooManyPasskeys.
    """
    found = await sign_in_challenges.tried("passkey_new", challenge, origin)
    if found.operator_id != who.id:
        raise sign_in_challenges.SignInOver
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(found.asked["challenge"]),
            expected_rp_id=_rp_id(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except _BROKEN:
        raise PasskeyRefused from None
    synced = made.credential_backed_up
    try:
        async with db.transaction():
            await second_factors.one_at_a_time(who.id)
            await _refuse_too_many(who.id)
            await sign_in_challenges.use(found)
            row = await db.fetchrow(
                _ADD, who.id, bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key),
                made.sign_count, name, synced, clock.now(),
            )  # fmt: skip
            assert row is not None
            return Added(Passkey(**row), await second_factors.first_recovery_codes(who.id))
    except asyncpg.UniqueViolationError:
        raise PasskeyTaken from None


_MINE = """
SELECT id, name, is_synced, created_at, used_at FROM operator_passkey WHERE operator_id = $1 ORDER BY id
"""


async def of_operator(operator_id: int) -> list[Passkey]:
    """An operator's passkeys, the first added first."""
    return [Passkey(**row) for row in await db.fetch(_MINE, operator_id)]


async def rename(operator_id: int, passkey_id: int, name: str) -> None:
    """Calls a passkey something else.

    Raises:
        NoSuchPasskey.
    """
    done = await db.execute(
        "UPDATE operator_passkey SET name = $3 WHERE operator_id = $1 AND id = $2",
        operator_id,
        passkey_id,
        name,
    )
    if not done:
        raise NoSuchPasskey


async def remove(operator_id: int, passkey_id: int, *, even_if_last: bool = False) -> None:
    """Forgets a passkey; the recovery codes go with the last second factor.

    Raises:
        NoSuchPasskey.
        LastSecondFactor: it is the last, and ``even_if_last`` was not said.
    """
    async with db.transaction():
        await second_factors.one_at_a_time(operator_id)
        if not await db.execute(
            "DELETE FROM operator_passkey WHERE operator_id = $1 AND id = $2", operator_id, passkey_id
        ):
            raise NoSuchPasskey
        await second_factors.forget_codes_without_factor(operator_id, even_if_last=even_if_last)


async def ask(*, second_factor: str | None = None, origin: Origin = HERE) -> Asked:
    """Asks for any passkey that the device has for this shop; or, with the challenge of a right password, for one of that operator's.

    Raises:
        SignInOver: that challenge is not (or no longer) good.
    """
    if second_factor is None:
        return await _ask(None, "sign_in", origin)
    whose = await sign_in_challenges.whose("second_factor", second_factor, origin)
    return await _ask(whose, "sign_in", origin)


async def ask_again(who: operators.OnDuty, *, origin: Origin = HERE) -> Asked:
    """Asks somebody who is signed in for one of their passkeys."""
    return await _ask(who.id, "again", origin)


async def _ask(operator_id: int | None, purpose: _Purpose, origin: Origin) -> Asked:
    theirs = await db.fetch(_THEIRS, operator_id) if operator_id is not None else []
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(),
        allow_credentials=[_named(row["credential_id"]) for row in theirs],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    asked = {"challenge": bytes_to_base64url(options.challenge), "purpose": purpose}
    made = await sign_in_challenges.make("passkey", operator_id, origin, asked)
    return Asked(made.token, made.ends_at, webauthn.options_to_json(options))


async def sign_in(challenge: str, credential: str, *, origin: Origin = HERE) -> Session:
    """Opens a session for whose passkey has answered.

    Raises:
        SignInOver: the challenge is not (or no longer) good; begin again.
        WrongPasskey.
    """
    found = await sign_in_challenges.tried("passkey", challenge, origin)
    shown = await _shown(found, "sign_in", credential, origin)
    async with _written_down(shown.operator_id, origin), db.transaction():
        who = await operators.still(shown.operator_id)
        if who is None:
            raise WrongPasskey
        await sign_in_challenges.use(found)
        await _count(shown)
        return await operator_sign_in.opened(who, "passkey", origin)


async def show_again(
    who: operators.OnDuty, token: str, challenge: str, credential: str, *, origin: Origin = HERE
) -> Session:
    """Somebody who is signed in shows again who they are, by a passkey; their session has another token from now on.

    Raises:
        SignInOver, WrongPasskey.
        SessionOver: it ended, or another request of it was first.
    """
    found = await sign_in_challenges.tried("passkey", challenge, origin)
    if found.operator_id != who.id:
        raise sign_in_challenges.SignInOver
    shown = await _shown(found, "again", credential, origin)
    async with _written_down(who.id, origin), db.transaction():
        await operators.still(who.id)
        await sign_in_challenges.use(found)
        await _count(shown)
        return await operator_sign_in.renewed(who, token, "passkey", origin)


@contextlib.asynccontextmanager
async def _written_down(operator_id: int, origin: Origin) -> AsyncIterator[None]:
    """What is refused inside is written down once its transaction is over."""
    try:
        yield
    except (WrongPasskey, sign_in_challenges.SignInOver) as refusal:
        await sign_in_attempts.note(operator_id, "passkey", refusal.code, origin)
        raise


@dataclass(frozen=True, slots=True)
class _Shown:
    passkey_id: int
    sign_count: int
    operator_id: int


_KNOWN = """
SELECT p.id, p.public_key, p.sign_count, p.operator_id FROM operator_passkey p JOIN operator o ON o.id = p.operator_id
WHERE p.credential_id = $1 AND o.state = 'active'
"""


async def _shown(
    found: sign_in_challenges.Open, purpose: _Purpose, credential: str, origin: Origin
) -> _Shown:
    """Whose passkey has answered a challenge."""
    row = await db.fetchrow(_KNOWN, _credential_id(credential))
    whose = row["operator_id"] if row is not None else None
    right = found.asked["purpose"] == purpose and found.operator_id in (None, whose)
    count = _verified(found, row, credential) if row is not None and right else None
    if row is None or count is None:
        await sign_in_attempts.note(whose, "passkey", WrongPasskey.code, origin)
        raise WrongPasskey
    return _Shown(row["id"], count, row["operator_id"])


def _verified(found: sign_in_challenges.Open, row: Any, credential: str) -> int | None:
    try:
        said = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(found.asked["challenge"]),
            expected_rp_id=_rp_id(),
            expected_origin=_origin(),
            credential_public_key=base64url_to_bytes(row["public_key"]),
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
    except _BROKEN:
        return None
    return said.new_sign_count


_COUNT = """
UPDATE operator_passkey SET sign_count = $2, used_at = $3 WHERE id = $1 AND (sign_count < $2 OR sign_count = 0 AND $2 = 0)
"""


async def _count(shown: _Shown) -> None:
    """A signature counter that does not rise is a copy's (section 6.1.1); many passkeys have none and say 0."""
    if not await db.execute(_COUNT, shown.passkey_id, shown.sign_count, clock.now()):
        raise WrongPasskey


def _credential_id(credential: str) -> str:
    try:
        raw = json.loads(credential)["rawId"]
        return bytes_to_base64url(base64url_to_bytes(raw))
    except _BROKEN:
        return ""


def _named(credential_id: str) -> structs.PublicKeyCredentialDescriptor:
    return structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(credential_id))


def _handle(operator_id: int) -> bytes:
    """What the device calls the operator: nothing that says who it is."""
    return hashlib.sha256(f"yucun operator {operator_id}".encode()).digest()


def _rp_id() -> str:
    return urlsplit(sign_in_rules.current().public_url).hostname or "localhost"


def _origin() -> str:
    parts = urlsplit(sign_in_rules.current().public_url)
    return f"{parts.scheme}://{parts.netloc}"
