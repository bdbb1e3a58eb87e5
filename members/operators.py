"""Operators: signing in to the console and the operators' API."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import argon2

from core import clock, db, errors
from members import duties

SESSION_LIFETIME = timedelta(hours=12)

_hasher = argon2.PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex(16))
"""Verified against when the login is unknown, so that the answer takes as long."""


class WrongLogin(errors.Unauthenticated):
    """The login or the password is wrong."""

    code = "wrong_login"


class NoSuchPostStore(errors.Invalid):
    """A post names a store that the shop does not have, or an owner is held to one store."""

    code = "no_such_post_store"


class PasswordTooShort(errors.Invalid):
    """An operator's password has at least ten characters."""

    code = "password_too_short"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who works for the shop."""

    id: int
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody signed in, and what they may do."""

    id: int
    name: str
    posts: tuple[duties.Post, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in operator; ``token`` is shown once and kept only as a hash."""

    token: str
    expires_at: datetime
    operator: Operator


_CREATE = """
INSERT INTO operator (login, name, password_hash, state, created_at) VALUES ($1, $2, $3, 'active', $4)
ON CONFLICT (login) DO UPDATE SET name = $2, password_hash = $3 RETURNING id
"""
_HAS_POSTS = "SELECT EXISTS (SELECT FROM operator_post WHERE operator_id = $1)"


async def create(
    *, login: str, name: str, password: str, posts: Sequence[duties.Post] = (duties.Post("owner"),)
) -> Operator:
    """Adds an operator with these posts, or gives an existing one a new name and password and leaves their posts.

    Raises:
        PasswordTooShort: fewer than ten characters.
        NoSuchPostStore.
    """
    hashed = await hash_of(password)
    async with db.transaction():
        operator_id = await db.fetchval(_CREATE, login, name, hashed, clock.now())
        if not await db.fetchval(_HAS_POSTS, operator_id):
            await give(operator_id, posts)
    return Operator(operator_id, login, name)


_ALL_STORES_KNOWN = """
SELECT NOT EXISTS (SELECT FROM unnest($1::text[]) AS wanted (code) WHERE NOT EXISTS (SELECT FROM store WHERE store.code = wanted.code))
"""
_GIVE = """
INSERT INTO operator_post (operator_id, role, store, given_at)
SELECT $1, p.role, p.store, $4 FROM unnest($2::text[], $3::text[]) AS p (role, store)
"""


async def give(operator_id: int, posts: Iterable[duties.Post]) -> None:
    """Gives posts to who has none. Part of the caller's transaction.

    Raises:
        NoSuchPostStore.
    """
    wanted = list(dict.fromkeys(posts))
    stores = [post.store for post in wanted if post.store is not None]
    one_store_owner = any(post.role == "owner" and post.store is not None for post in wanted)
    if one_store_owner or not await db.fetchval(_ALL_STORES_KNOWN, stores):
        raise NoSuchPostStore(stores=stores)
    await db.execute(
        _GIVE, operator_id, [post.role for post in wanted], [post.store for post in wanted], clock.now()
    )


async def hash_of(password: str) -> str:
    """What is kept of a password.

    Raises:
        PasswordTooShort: fewer than ten characters.
    """
    if len(password) < 10:
        raise PasswordTooShort(least=10)
    return await asyncio.to_thread(_hasher.hash, password)


_FIND = "SELECT id, login, name, password_hash FROM operator WHERE login = $1 AND state = 'active'"
_OPEN = (
    "INSERT INTO operator_session (operator_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)"
)


async def sign_in(login: str, password: str, *, lifetime: timedelta = SESSION_LIFETIME) -> Session:
    """Opens a session that lasts as long as ``lifetime``.

    Raises:
        WrongLogin: no such operator, or another password; it does not say which.
    """
    found = await check_password(login, password)
    token = secrets.token_urlsafe(32)
    now = clock.now()
    await db.execute(_OPEN, found.id, _hash(token), now, now + lifetime)
    return Session(token, now + lifetime, found)


async def check_password(login: str, password: str) -> Operator:
    """The active operator of this login and password.

    Raises:
        WrongLogin: no such operator, or another password; it does not say which.
    """
    row = await db.fetchrow(_FIND, login)
    good = await asyncio.to_thread(_verified, row["password_hash"] if row else _NOBODY, password)
    if row is None or not good:
        raise WrongLogin
    return Operator(row["id"], row["login"], row["name"])


_SESSION = """
SELECT o.id, o.name,
    (SELECT array_agg(p.role ORDER BY p.id) FROM operator_post p WHERE p.operator_id = o.id) AS roles,
    (SELECT array_agg(p.store ORDER BY p.id) FROM operator_post p WHERE p.operator_id = o.id) AS stores
FROM operator_session s JOIN operator o ON o.id = s.operator_id
WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND o.state = 'active'
"""


async def of_token(token: str) -> OnDuty | None:
    """The operator whose open session this token is, if any, with what they may do now."""
    row = await db.fetchrow(_SESSION, _hash(token), clock.now())
    if row is None:
        return None
    return OnDuty(row["id"], row["name"], duties.posts(row["roles"], row["stores"]))


_NAMES = "SELECT id, name FROM operator WHERE id = ANY ($1::bigint[])"


async def names(operator_ids: Collection[int]) -> dict[int, str]:
    """The names of these operators; who is not known is left out."""
    return {row["id"]: row["name"] for row in await db.fetch(_NAMES, list(operator_ids))}


_END = "UPDATE operator_session SET ended_at = $2 WHERE token_hash = $1 AND ended_at IS NULL"


async def sign_out(token: str) -> None:
    """Ends the session; again is harmless."""
    await db.execute(_END, _hash(token), clock.now())


def _verified(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except argon2.exceptions.Argon2Error:
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
