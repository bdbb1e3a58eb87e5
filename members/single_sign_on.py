"""Operators signing in at the shop's identity provider (OpenID Connect), once their account there is linked with the one here.

There and back, once, in the same browser: the page is given an address at the provider and a proof, keeps the proof, and sends it with what the
provider sent back. Who the person is there is known by issuer and subject. Linked is who linked it themselves while signed in, or whose verified
e-mail address is the one an owner wrote down for them, until a subject is linked. Nobody is added unless the settings say as what.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import asyncpg

from core import clock, db, errors
from gateways import oidc
from members import (
    duties,
    operator_sign_in,
    operators,
    passwords,
    sign_in_attempts,
    sign_in_challenges,
    sign_in_rules,
)
from members.operator_sign_in import HERE, SecondFactorWanted, Session
from members.sign_in_attempts import Origin

log = logging.getLogger(__name__)

BACK = "/console/sign-in/back"
"""Where the provider sends people back to."""


class SingleSignOnClosed(errors.Conflict):
    """The shop has no identity provider."""

    code = "single_sign_on_closed"


class IdentityProviderAway(errors.Unavailable):
    """The provider does not answer, or nothing that can be read."""

    code = "identity_provider_away"


class SingleSignOnRefused(errors.Unauthenticated):
    """The provider does not know the code, or what it said is not to be trusted. Begin again."""

    code = "single_sign_on_refused"


class NotLinked(errors.Unauthenticated):
    """The provider knows them, and no operator here is linked with that account."""

    code = "single_sign_on_not_linked"


class AlreadyLinked(errors.Conflict):
    """That account is linked with another operator, or this operator with another account there."""

    code = "single_sign_on_linked"


class EmailTaken(errors.Conflict):
    """Another operator has this e-mail address."""

    code = "operator_email_taken"


class Provider(Protocol):
    """What is asked of the identity provider."""

    @property
    def issuer(self) -> str: ...

    async def address(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str: ...

    async def person(self, code: str, *, redirect_uri: str, nonce: str, verifier: str) -> oidc.Person: ...


@dataclass(frozen=True, slots=True)
class House:
    """The shop's identity provider. ``create_as``: who is not known here is added with this role in the whole shop."""

    provider: Provider
    create_as: duties.FixedRole | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what to keep for when it is back."""

    url: str
    proof: str = field(repr=False)
    ends_at: datetime


async def begin(house: House | None, *, link: operators.OnDuty | None = None, origin: Origin = HERE) -> Begun:
    """Sends somebody to the provider: to sign in, or, signed in, to link their account there.

    Raises:
        SingleSignOnClosed, IdentityProviderAway.
    """
    provider = _of(house)
    nonce, verifier, proof = (secrets.token_urlsafe(32) for _ in range(3))
    asked = {"nonce": nonce, "verifier": verifier, "proof": _hash(proof), "redirect_uri": _redirect_uri()}
    made = await sign_in_challenges.make(
        "single_sign_on", link.id if link is not None else None, origin, asked
    )
    try:
        url = await provider.address(
            redirect_uri=asked["redirect_uri"], state=made.token, nonce=nonce, verifier=verifier
        )
    except oidc.ProviderError as fault:
        raise _away(fault) from None
    return Begun(url, proof, made.ends_at)


async def sign_in(
    house: House | None, *, state: str, code: str, proof: str, origin: Origin = HERE
) -> Session | SecondFactorWanted:
    """Signs in who is back from the provider; who has a second factor here is asked for it.

    Raises:
        SignInOver, SingleSignOnClosed, IdentityProviderAway, SingleSignOnRefused, NotLinked.
    """
    person = await _back(house, None, state, code, proof, origin)
    assert house is not None, "else nobody would be back"
    who = await _operator_of(person) or await _created(house, person)
    if who is None:
        await sign_in_attempts.note(None, "single_sign_on", NotLinked.code, origin)
        raise NotLinked
    return await operator_sign_in.admitted(who, None, way="single_sign_on", origin=origin)


async def link(
    house: House | None, who: operators.OnDuty, *, state: str, code: str, proof: str, origin: Origin = HERE
) -> None:
    """Links the account of who is back with the operator who is signed in. Again is harmless.

    Raises:
        SignInOver, SingleSignOnClosed, IdentityProviderAway, SingleSignOnRefused, AlreadyLinked.
    """
    person = await _back(house, who.id, state, code, proof, origin)
    if not await _linked(who.id, person):
        raise AlreadyLinked


_UNLINK = "DELETE FROM operator_subject WHERE operator_id = $1"


async def unlink(operator_id: int) -> None:
    """The operator signs in by the provider no more. Again is harmless."""
    await db.execute(_UNLINK, operator_id)


async def is_linked(operator_id: int) -> bool:
    """Whether the operator may sign in by a provider."""
    return bool(
        await db.fetchval("SELECT EXISTS (SELECT FROM operator_subject WHERE operator_id = $1)", operator_id)
    )


async def set_email(operator_id: int, email: str | None) -> None:
    """Writes down the e-mail address by which the provider knows somebody; None: none.

    Raises:
        EmailTaken.
    """
    try:
        await db.execute("UPDATE operator SET email = lower($2) WHERE id = $1", operator_id, email)
    except asyncpg.UniqueViolationError:
        raise EmailTaken from None


def _away(fault: oidc.ProviderError) -> IdentityProviderAway:
    log.warning("the identity provider is of no use: %s", fault)
    return IdentityProviderAway()


def _of(house: House | None) -> Provider:
    if house is None:
        raise SingleSignOnClosed
    return house.provider


async def _back(
    house: House | None, operator_id: int | None, state: str, code: str, proof: str, origin: Origin
) -> oidc.Person:
    """Who is back from the provider. The state is used up before the provider is asked: of two at once one is asked about."""
    provider = _of(house)
    found = await sign_in_challenges.tried("single_sign_on", state, origin)
    good = hmac.compare_digest(found.asked["proof"], _hash(proof))
    if found.operator_id != operator_id or not good:
        raise sign_in_challenges.SignInOver
    await sign_in_challenges.use(found)
    asked = found.asked
    try:
        return await provider.person(
            code, redirect_uri=asked["redirect_uri"], nonce=asked["nonce"], verifier=asked["verifier"]
        )
    except oidc.ProviderRefused as refusal:
        log.warning("the identity provider vouches for nobody: %s", refusal)
        await sign_in_attempts.note(operator_id, "single_sign_on", SingleSignOnRefused.code, origin)
        raise SingleSignOnRefused from None
    except oidc.ProviderError as fault:
        raise _away(fault) from None


_BY_SUBJECT = """
SELECT o.id, o.login, o.name FROM operator_subject s JOIN operator o ON o.id = s.operator_id
WHERE s.issuer = $1 AND s.subject = $2 AND o.state = 'active'
"""
_BY_EMAIL = "SELECT id, login, name FROM operator WHERE email = lower($1) AND state = 'active'"


async def _operator_of(person: oidc.Person) -> operators.Operator | None:
    row = await db.fetchrow(_BY_SUBJECT, person.issuer, person.subject)
    if row is None and person.email is not None:
        row = await db.fetchrow(_BY_EMAIL, person.email)
        if row is not None and not await _linked(row["id"], person):
            return None
    return operators.Operator(**row) if row is not None else None


_LINK = """
INSERT INTO operator_subject (operator_id, issuer, subject, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_IS = "SELECT EXISTS (SELECT FROM operator_subject WHERE operator_id = $1 AND issuer = $2 AND subject = $3)"


async def _linked(operator_id: int, person: oidc.Person) -> bool:
    """Links them; whether they are linked now, and not with another."""
    await db.execute(_LINK, operator_id, person.issuer, person.subject, clock.now())
    return bool(await db.fetchval(_IS, operator_id, person.issuer, person.subject))


_KNOWN = """
SELECT EXISTS (SELECT FROM operator_subject WHERE issuer = $1 AND subject = $2) OR EXISTS (SELECT FROM operator WHERE email = lower($3))
"""
_ADD = """
INSERT INTO operator (login, name, password_hash, state, created_at) VALUES ($1, $2, $3, 'active', $4)
ON CONFLICT (login) DO NOTHING RETURNING id
"""


async def _created(house: House, person: oidc.Person) -> operators.Operator | None:
    """Adds who is not known here, where the settings say as what. Not who was known and let go, and not under another's login or address."""
    if house.create_as is None or await db.fetchval(_KNOWN, person.issuer, person.subject, person.email):
        return None
    login = (person.email or f"sso-{_hash(person.subject)}")[:40]
    name = (person.name or login)[:60]
    hashed = await passwords.nobodys()
    async with db.transaction():
        added = await db.fetchval(_ADD, login, name, hashed, clock.now())
        if added is None:
            return None
        await operators.give(added, [duties.Post(house.create_as)])
        if not await _linked(added, person):
            raise NotLinked  # a twin of this request was first
    return operators.Operator(added, login, name)


def _redirect_uri() -> str:
    return f"{sign_in_rules.current().public_url}{BACK}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
