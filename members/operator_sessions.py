"""Sessions of operators: opened by signing in, seen, renewed when somebody shows again who they are, ended."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clock, db, errors
from members import sign_in_challenges, sign_in_rules
from members.sign_in_attempts import Origin

_SEEN_TO = timedelta(minutes=1)
"""A session is marked as used no more often than this."""


class NoSuchSession(errors.NotFound):
    """The operator has no open session of this number."""

    code = "no_such_session"


class SessionOver(errors.Unauthenticated):
    """The session ended, or got another token, while it was asked for something."""

    code = "session_over"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session's token, shown once and kept only as a hash."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that has not ended."""

    id: int
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
    address: str
    user_agent: str


_OPEN = """
INSERT INTO operator_session (operator_id, token_hash, created_at, expires_at, address, place, user_agent, seen_at, fresh_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $3, $3)
"""


async def open_for(operator_id: int, origin: Origin) -> Opened:
    """Opens a session for somebody who has just shown who they are."""
    token, now = secrets.token_urlsafe(32), clock.now()
    ends_at = now + sign_in_rules.current().session_lifetime
    said = origin.user_agent[:200].replace("\0", "")
    await db.execute(
        _OPEN, operator_id, hash_of(token), now, ends_at, origin.address[:64], origin.place, said
    )
    return Opened(token, ends_at)


_SEEN = "UPDATE operator_session SET seen_at = $2 WHERE id = $1 AND (seen_at IS NULL OR seen_at < $2)"


async def seen(session_id: int, seen_at: datetime | None) -> None:
    """The session is used; ``seen_at`` is when it was before, as it is written down."""
    now = clock.now()
    if seen_at is None or seen_at < now - _SEEN_TO:
        await db.execute(_SEEN, session_id, now)


_RENEW = """
UPDATE operator_session SET token_hash = $3, fresh_at = $4, seen_at = $4 WHERE id = $1 AND token_hash = $2 AND ended_at IS NULL
    AND expires_at > $4
RETURNING expires_at
"""


async def renew(session_id: int, token: str) -> Opened:
    """Somebody has shown again who they are: the session is fresh, and has another token. Its end stays.

    Raises:
        SessionOver: it has ended, or has another token already.
    """
    fresh, now = secrets.token_urlsafe(32), clock.now()
    ends_at = await db.fetchval(_RENEW, session_id, hash_of(token), hash_of(fresh), now)
    if ends_at is None:
        raise SessionOver
    return Opened(fresh, ends_at)


_LISTED = """
SELECT id, created_at, expires_at, seen_at, address, user_agent FROM operator_session
WHERE operator_id = $1 AND ended_at IS NULL AND expires_at > $2 AND ($3::timestamptz IS NULL OR coalesce(seen_at, created_at) > $3)
ORDER BY id DESC LIMIT 200
"""


async def of_operator(operator_id: int) -> list[OpenSession]:
    """The open sessions of an operator, the latest first."""
    rows = await db.fetch(_LISTED, operator_id, clock.now(), idle_since())
    return [OpenSession(**row) for row in rows]


_END = "UPDATE operator_session SET ended_at = $3 WHERE id = $1 AND operator_id = $2 AND ended_at IS NULL"


async def end(operator_id: int, session_id: int) -> None:
    """Ends one session at once, whatever token it has by now.

    Raises:
        NoSuchSession.
    """
    if not await db.execute(_END, session_id, operator_id, clock.now()):
        raise NoSuchSession


_END_ALL = """
UPDATE operator_session SET ended_at = $2 WHERE operator_id = $1 AND ended_at IS NULL AND ($3::bigint IS NULL OR id <> $3)
"""


async def end_all(operator_id: int, *, but: int | None = None) -> int:
    """Ends all sessions of an operator at once, or all but one, and what is under way to another. Returns how many sessions."""
    async with db.transaction():
        await sign_in_challenges.end_all(operator_id)
        return await db.execute(_END_ALL, operator_id, clock.now(), but)


def idle_since() -> datetime | None:
    """What has not been used since then has ended; None: nothing has."""
    idle = sign_in_rules.current().idle
    return None if idle is None else clock.now() - idle


def hash_of(token: str) -> str:
    """What is kept of a token of 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
