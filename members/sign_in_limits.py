"""How often signing in as an operator may fail, counted in PostgreSQL for all processes together.

Three things are counted: one login from one place, one place, and one login from wherever. Each may fail some times a day; after that it rests,
twice as long with every further failure. The last is slow to rest, rests shortly, and never keeps out who comes from a place where this
operator has signed in lately: a stranger who tries a login from everywhere does not lock its owner out. A try is counted before the password
is looked at, so that many at once are no more than one after another. Logins that nobody has are counted the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from core import clock, db, errors
from members.sign_in_attempts import Origin

FORGOTTEN_AFTER = timedelta(hours=24)
"""So long after the first of some failures none of them counts: those of weeks do not add up, at a place where people work."""
_KNOWN_PLACE_FOR = timedelta(days=90)


class SignInRests(errors.Unavailable):
    """Signing in has failed too often; ``Retry-After`` says when it may be tried again."""

    code = "sign_in_rests"
    http_status: ClassVar[int] = 429


@dataclass(frozen=True, slots=True)
class Bound:
    """``tries`` failures; from the last of them on it rests for ``rest``, doubled with every further one up to ``most``."""

    tries: int
    rest: timedelta
    most: timedelta


PAIR = Bound(10, timedelta(minutes=1), timedelta(hours=1))
PLACE = Bound(50, timedelta(minutes=1), timedelta(hours=1))
LOGIN = Bound(50, timedelta(minutes=1), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was let through and counted as a failure until it is known to be none."""

    pair: str
    place: str
    login: str


_COUNT = """
INSERT INTO sign_in_limit AS l (subject, failures, began_at) VALUES ($1, 1, $2)
ON CONFLICT (subject) DO UPDATE SET
    failures = CASE WHEN l.began_at < $3 THEN 1 ELSE l.failures + 1 END,
    began_at = CASE WHEN l.began_at < $3 THEN $2 ELSE l.began_at END,
    locked_until = CASE WHEN l.began_at >= $3 AND l.failures + 1 >= $4
        THEN $2 + least($5::interval * 2 ^ least(l.failures + 1 - $4, 20), $6::interval) END
WHERE $7 OR l.locked_until IS NULL OR l.locked_until <= $2
RETURNING failures
"""
_LOCKED = "SELECT locked_until FROM sign_in_limit WHERE subject = $1"
_KNOWN = """
SELECT EXISTS (SELECT FROM operator_session s JOIN operator o ON o.id = s.operator_id
    WHERE o.login = $1 AND s.place = $2 AND s.place <> '' AND s.created_at > $3)
"""


async def spend(login: str, origin: Origin) -> Try:
    """Counts one try.

    Raises:
        SignInRests: it failed too often; this try is not counted.
    """
    place = origin.place
    spent = Try(_subject("pair", login, place), _subject("place", place), _subject("login", login))
    async with db.transaction():
        known = await db.fetchval(_KNOWN, login, place, clock.now() - _KNOWN_PLACE_FOR)
        for subject, bound, regardless in _each(spent, known):
            await _count(subject, bound, regardless=regardless)
    return spent


def _each(spent: Try, known: bool) -> Iterator[tuple[str, Bound, bool]]:
    """In one order, so that no two wait for each other."""
    yield spent.login, LOGIN, known
    yield spent.place, PLACE, False
    yield spent.pair, PAIR, False


async def _count(subject: str, bound: Bound, *, regardless: bool) -> None:
    now = clock.now()
    counted = await db.fetchval(
        _COUNT, subject, now, now - FORGOTTEN_AFTER, bound.tries, bound.rest, bound.most, regardless
    )
    if counted is None:
        until = await db.fetchval(_LOCKED, subject)
        left = max(1, round((until - now).total_seconds())) if until is not None else 1
        raise SignInRests(retry_after_s=left)


_GIVE_BACK = """
UPDATE sign_in_limit SET failures = greatest(failures - 1, 0), locked_until = NULL WHERE subject = ANY ($1)
"""
_CLEAR = "DELETE FROM sign_in_limit WHERE subject = $1"


async def give_back(spent: Try) -> None:
    """The try was no failure, and it is not over yet: what failed before it stays counted."""
    await _give_back(spent.login, spent.place, spent.pair)


async def succeed(spent: Try) -> None:
    """The try was one that succeeded: nothing of this login from this place has failed."""
    await _give_back(spent.login, spent.place)
    await db.execute(_CLEAR, spent.pair)


async def _give_back(*subjects: str) -> None:
    for subject in subjects:
        await db.execute(_GIVE_BACK, [subject])


_FORGET = "DELETE FROM sign_in_limit WHERE began_at < $1 AND (locked_until IS NULL OR locked_until <= $2)"


async def forget() -> int:
    """Drops what no longer counts. Run by the clock. Returns how many."""
    return await db.execute(_FORGET, clock.now() - FORGOTTEN_AFTER, clock.now())


def _subject(kind: str, *parts: str) -> str:
    return hashlib.sha256("\0".join((kind, *parts)).encode()).hexdigest()
