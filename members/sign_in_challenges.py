"""What is asked of somebody who is signing in as an operator: answered once, within minutes, from the same place, after few wrong tries."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from core import clock, db, errors
from members.sign_in_attempts import Origin

LIFE = timedelta(minutes=5)
TRIES = 5

Kind = Literal["second_factor", "passkey_new", "passkey", "single_sign_on"]


class SignInOver(errors.Unauthenticated):
    """There is no such sign-in under way: it was finished, took too long, was tried too often, or began elsewhere. Begin again."""

    code = "sign_in_over"


@dataclass(frozen=True, slots=True)
class Made:
    """What the caller brings back with the answer."""

    token: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A challenge that may be answered."""

    id: int
    operator_id: int | None
    login: str | None
    asked: Mapping[str, Any]


_MAKE = """
INSERT INTO operator_challenge (kind, operator_id, token_hash, asked, place, tries, created_at, ends_at)
VALUES ($1, $2, $3, $4::jsonb, $5, 0, $6, $7)
"""


async def make(
    kind: Kind, operator_id: int | None, origin: Origin, asked: Mapping[str, Any] | None = None
) -> Made:
    """Asks for something."""
    token, now = secrets.token_urlsafe(32), clock.now()
    await db.execute(
        _MAKE, kind, operator_id, _hash(token), json.dumps(asked or {}), origin.place, now, now + LIFE
    )
    return Made(token, now + LIFE)


_TRY = """
UPDATE operator_challenge c SET tries = c.tries + 1
WHERE c.token_hash = $1 AND c.kind = $2 AND c.place = $3 AND c.used_at IS NULL AND c.ends_at > $4 AND c.tries < $5
    AND NOT EXISTS (SELECT FROM operator o WHERE o.id = c.operator_id AND o.state <> 'active')
RETURNING c.id, c.operator_id, c.asked::text AS asked, (SELECT o.login FROM operator o WHERE o.id = c.operator_id) AS login
"""


async def tried(kind: Kind, token: str, origin: Origin) -> Open:
    """Counts a try to answer. Not part of a transaction: it stays counted whatever comes of it.

    Raises:
        SignInOver.
    """
    row = await db.fetchrow(_TRY, _hash(token), kind, origin.place, clock.now(), TRIES)
    if row is None:
        raise SignInOver
    return Open(row["id"], row["operator_id"], row["login"], json.loads(row["asked"]))


_WHOSE = """
SELECT c.operator_id FROM operator_challenge c JOIN operator o ON o.id = c.operator_id
WHERE c.token_hash = $1 AND c.kind = $2 AND c.place = $3 AND c.used_at IS NULL AND c.ends_at > $4 AND o.state = 'active'
"""


async def whose(kind: Kind, token: str, origin: Origin) -> int:
    """Of whom something was asked, without answering it.

    Raises:
        SignInOver.
    """
    found = await db.fetchval(_WHOSE, _hash(token), kind, origin.place, clock.now())
    if found is None:
        raise SignInOver
    return int(found)


_USE = "UPDATE operator_challenge SET used_at = $2 WHERE id = $1 AND used_at IS NULL"


async def use(found: Open) -> None:
    """It is answered: of two answers at the same moment one is the first. Part of the caller's transaction.

    Raises:
        SignInOver.
    """
    if not await db.execute(_USE, found.id, clock.now()):
        raise SignInOver


_END = "UPDATE operator_challenge SET used_at = $2 WHERE operator_id = $1 AND used_at IS NULL"


async def end_all(operator_id: int) -> None:
    """What is under way for this operator can be answered no more. Part of the caller's transaction."""
    await db.execute(_END, operator_id, clock.now())


_FORGET = "DELETE FROM operator_challenge WHERE created_at < $1"


async def forget() -> int:
    """Drops those that are over. Run by the clock. Returns how many."""
    return await db.execute(_FORGET, clock.now() - timedelta(days=1))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
