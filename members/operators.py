"""Operators: who they are, what they may do, and whose session a token is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import clock, db
from members import duties, operator_sessions, passwords, posts

PasswordTooShort = passwords.PasswordTooShort
PasswordTooEasy = passwords.PasswordTooEasy
PasswordNamesOperator = passwords.PasswordNamesOperator


NoSuchPostStore = posts.NoSuchPostStore
NoSuchPostRole = posts.NoSuchPostRole
give = posts.give


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who works for the shop."""

    id: int
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody signed in, what they may do, and when they have last shown who they are."""

    id: int
    login: str
    name: str
    posts: tuple[duties.Post, ...]
    session_id: int
    fresh_at: datetime | None
    has_totp: bool
    has_passkey: bool

    @property
    def has_second_factor(self) -> bool:
        """Whether the password alone is not enough."""
        return self.has_totp or self.has_passkey


_CREATE = """
INSERT INTO operator (login, name, password_hash, state, created_at) VALUES ($1, $2, $3, 'active', $4)
ON CONFLICT (login) DO UPDATE SET name = $2, password_hash = $3 RETURNING id
"""
_HAS_POSTS = "SELECT EXISTS (SELECT FROM operator_post WHERE operator_id = $1)"


async def create(
    *, login: str, name: str, password: str, posts: Sequence[duties.Post] = (duties.Post("owner"),)
) -> Operator:
    """Adds an operator with these posts, or gives an existing one a new name and password, ends their sessions, and leaves their posts.

    Raises:
        PasswordTooShort: fewer than ten characters.
        PasswordTooEasy, PasswordNamesOperator, NoSuchPostStore, NoSuchPostRole.
    """
    hashed = await passwords.hash_of(password, login=login, name=name)
    async with db.transaction():
        operator_id = await db.fetchval(_CREATE, login, name, hashed, clock.now())
        await operator_sessions.end_all(operator_id)
        if not await db.fetchval(_HAS_POSTS, operator_id):
            await give(operator_id, posts)
    return Operator(operator_id, login, name)


_SESSION = f"""
SELECT o.id, o.login, o.name, s.id AS session_id, s.fresh_at, s.seen_at,
    EXISTS (SELECT FROM operator_totp t WHERE t.operator_id = o.id AND t.confirmed_at IS NOT NULL) AS has_totp,
    EXISTS (SELECT FROM operator_passkey k WHERE k.operator_id = o.id) AS has_passkey,
    {posts.OF_OPERATOR}
FROM operator_session s JOIN operator o ON o.id = s.operator_id
WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND o.state = 'active'
    AND ($3::timestamptz IS NULL OR coalesce(s.seen_at, s.created_at) > $3)
"""


async def of_token(token: str) -> OnDuty | None:
    """The operator whose open session this token is, if any, with what they may do now. The session is marked as used."""
    found = await db.fetchrow(
        _SESSION, operator_sessions.hash_of(token), clock.now(), operator_sessions.idle_since()
    )
    if found is None:
        return None
    row = dict(found)
    await operator_sessions.seen(row["session_id"], row.pop("seen_at"))
    return OnDuty(**{**row, "posts": posts.read(row["posts"])})


_AWAY = f"""
SELECT o.id, o.login, o.name,
    {posts.OF_OPERATOR}
FROM operator o WHERE o.id = $1 AND o.state = 'active'
"""


async def on_duty(operator_id: int) -> OnDuty | None:
    """An operator who has not been let go, with what they may do now; for what is done in their name while they are away, hence of no
    session, and never fresh."""
    found = await db.fetchrow(_AWAY, operator_id)
    if found is None:
        return None
    row = dict(found)
    held = posts.read(row.pop("posts"))
    return OnDuty(**row, posts=held, session_id=0, fresh_at=None, has_totp=True, has_passkey=False)


async def is_open(token: str) -> bool:
    """Whether this token is of an open session. The session is not marked as used: for what goes on without anybody touching it."""
    return (
        await db.fetchrow(
            _SESSION, operator_sessions.hash_of(token), clock.now(), operator_sessions.idle_since()
        )
        is not None
    )


_STILL = """
SELECT id, login, name FROM operator WHERE id = $1 AND state = 'active' AND ($2::text IS NULL OR password_hash = $2) FOR SHARE
"""


async def still(operator_id: int, *, password_hash: str | None = None) -> Operator | None:
    """Somebody who has not been let go, and whose password, where it is given, has not been set anew. Part of the caller's transaction:
    who lets them go or sets their password waits for it, and then ends what it has opened."""
    row = await db.fetchrow(_STILL, operator_id, password_hash)
    return Operator(**row) if row is not None else None


_NAMES = "SELECT id, name FROM operator WHERE id = ANY ($1::bigint[])"


async def names(operator_ids: Collection[int]) -> dict[int, str]:
    """The names of these operators; who is not known is left out."""
    return {row["id"]: row["name"] for row in await db.fetch(_NAMES, list(operator_ids))}
