"""Who works for the shop: adding operators, giving them posts, letting them go. An owner there always is, and nobody decides about who
has more duties, stores or amounts than they (``by``: who asks)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db, errors
from ledger import idempotency
from members import (
    duties,
    operator_sessions,
    operator_sign_in,
    operators,
    passwords,
    roles,
    second_factors,
    sign_in_attempts,
    single_sign_on,
)
from members import posts as held
from members.operator_sessions import OpenSession
from members.sign_in_attempts import Origin


class NoSuchOperator(errors.NotFound):
    """There is no operator of this number."""

    code = "no_such_operator"


class LoginTaken(errors.Conflict):
    """Another operator has this login."""

    code = "login_taken"


class LastOwner(errors.Conflict):
    """The shop would have nobody left who may manage its operators."""

    code = "last_owner"


NoSuchPostStore = operators.NoSuchPostStore
NoSuchPostRole = operators.NoSuchPostRole
BeyondYourDuties = roles.BeyondYourDuties
PasswordTooShort = passwords.PasswordTooShort
PasswordTooEasy = passwords.PasswordTooEasy
PasswordNamesOperator = passwords.PasswordNamesOperator
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Member:
    """An operator as those see them who manage operators."""

    id: int
    login: str
    name: str
    email: str | None
    """By which the identity provider knows them."""
    state: str
    created_at: datetime
    last_seen_at: datetime | None
    posts: tuple[duties.Post, ...]


_SHOWN = f"""
SELECT o.id, o.login, o.name, o.email, o.state, o.created_at,
    (SELECT max(coalesce(s.seen_at, s.created_at)) FROM operator_session s WHERE s.operator_id = o.id) AS last_seen_at,
    {held.OF_OPERATOR}
FROM operator o
"""


async def page(*, after: int = 0, limit: int = 50) -> list[Member]:
    """Operators, the oldest first; ``after`` is the id the last page ended at."""
    rows = await db.fetch(f"{_SHOWN} WHERE o.id > $1 ORDER BY o.id LIMIT $2", after, limit)
    return [_member(row) for row in rows]


async def get(operator_id: int) -> Member:
    """One operator.

    Raises:
        NoSuchOperator.
    """
    row = await db.fetchrow(f"{_SHOWN} WHERE o.id = $1", operator_id)
    if row is None:
        raise NoSuchOperator(operator_id=operator_id)
    return _member(row)


def _member(row: Mapping[str, Any]) -> Member:
    return Member(**{**dict(row), "posts": held.read(row["posts"])})


_ADD = """
INSERT INTO operator (login, name, password_hash, state, created_at) VALUES ($1, $2, $3, 'active', $4)
ON CONFLICT (login) DO NOTHING RETURNING id
"""


async def add(
    operator_id: int, *, login: str, name: str, password: str, posts: Sequence[duties.Post], key: str
) -> Member:
    """Adds somebody. The same key gives the same person again.

    Raises:
        LoginTaken, PasswordTooShort, PasswordTooEasy, PasswordNamesOperator, NoSuchPostStore, NoSuchPostRole, BeyondYourDuties, KeyReused.
    """
    hashed = await passwords.hash_of(password, login=login, name=name)

    async def act() -> str:
        await roles.in_turn()
        added = await db.fetchval(_ADD, login, name, hashed, clock.now())
        if added is None:
            raise LoginTaken(login=login)
        await operators.give(added, posts)
        await roles.refuse_giving(await roles.theirs(operator_id), posts)
        return str(added)

    added = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="staff.add", key=key,
        content={"login": login, "name": name, "posts": _plain(posts)}, act=act,
    )  # fmt: skip
    return await get(int(added))


def _plain(posts: Iterable[duties.Post]) -> list[list[str | None]]:
    return [[post.role, post.store] for post in posts]


_OWNERS = """
SELECT count(DISTINCT o.id) FROM operator o JOIN operator_post p ON p.operator_id = o.id WHERE o.state = 'active' AND p.role = 'owner'
"""


async def post(by: int, operator_id: int, posts: Sequence[duties.Post]) -> Member:
    """Gives an operator exactly these posts; they hold from the next request on.

    Raises:
        NoSuchOperator, NoSuchPostStore, NoSuchPostRole, LastOwner, BeyondYourDuties.
    """
    async with _about(by, operator_id) as mine:
        await db.execute("DELETE FROM operator_post WHERE operator_id = $1", operator_id)
        await operators.give(operator_id, posts)
        await _refuse_ownerless()
        await roles.refuse_giving(mine, posts)
    return await get(operator_id)


@asynccontextmanager
async def _about(by: int, operator_id: int) -> AsyncIterator[tuple[duties.Post, ...]]:
    """A transaction in which somebody decides about an operator. Gives what they hold themselves, as it was before.

    Raises:
        NoSuchOperator, BeyondYourDuties: the operator has more than they.
    """
    async with db.transaction():
        await roles.in_turn()
        theirs, mine = (await get(operator_id)).posts, await roles.theirs(by)
        yield mine
        if by != operator_id:
            await roles.refuse_beyond(mine, theirs)


async def _refuse_ownerless() -> None:
    if not await db.fetchval(_OWNERS):
        raise LastOwner


_SWITCH = "UPDATE operator SET state = $2 WHERE id = $1"


async def disable(by: int, operator_id: int) -> Member:
    """Lets somebody go: they cannot sign in, and their sessions end at once. Again is harmless.

    Raises:
        NoSuchOperator, LastOwner, BeyondYourDuties.
    """
    async with _about(by, operator_id):
        await db.execute(_SWITCH, operator_id, "disabled")
        await _refuse_ownerless()
        await operator_sessions.end_all(operator_id)
    return await get(operator_id)


async def enable(by: int, operator_id: int) -> Member:
    """Lets somebody in again, with the posts they had. Again is harmless.

    Raises:
        NoSuchOperator, BeyondYourDuties.
    """
    async with _about(by, operator_id):
        await db.execute(_SWITCH, operator_id, "active")
    return await get(operator_id)


async def sign_out_everywhere(by: int, operator_id: int) -> None:
    """Ends all sessions of an operator at once.

    Raises:
        NoSuchOperator, BeyondYourDuties.
    """
    async with _about(by, operator_id):
        await operator_sessions.end_all(operator_id)


async def sign_out(by: int, operator_id: int, session_id: int) -> None:
    """Ends one session of an operator.

    Raises:
        NoSuchOperator, NoSuchSession, BeyondYourDuties.
    """
    async with _about(by, operator_id):
        await operator_sessions.end(operator_id, session_id)


async def sessions(operator_id: int) -> list[OpenSession]:
    """The open sessions of an operator, the latest first.

    Raises:
        NoSuchOperator.
    """
    await get(operator_id)
    return await operator_sessions.of_operator(operator_id)


_SET_HASH = "UPDATE operator SET password_hash = $2 WHERE id = $1"


async def change_password(by: int, operator_id: int, *, password: str) -> None:
    """Sets somebody's password; all their sessions end.

    Raises:
        NoSuchOperator, PasswordTooShort, PasswordTooEasy, PasswordNamesOperator, BeyondYourDuties.
    """
    hashed = await _hashed(operator_id, password)
    async with _about(by, operator_id):
        await _set_hash(operator_id, hashed, but=None)


async def change_own_password(who: operators.OnDuty, *, old: str, password: str, origin: Origin) -> None:
    """Sets one's own password; all sessions but the one this is asked in end.

    Raises:
        WrongLogin: ``old`` is not the present one.
        SignInRests, PasswordTooShort, PasswordTooEasy, PasswordNamesOperator.
    """
    await operator_sign_in.check_password(who.login, old, origin=origin)
    hashed = await _hashed(who.id, password)
    async with db.transaction():
        await _set_hash(who.id, hashed, but=who.session_id)


async def _hashed(operator_id: int, password: str) -> str:
    member = await get(operator_id)
    return await passwords.hash_of(password, login=member.login, name=member.name)


async def _set_hash(operator_id: int, hashed: str, *, but: int | None) -> None:
    await db.execute(_SET_HASH, operator_id, hashed)
    await operator_sessions.end_all(operator_id, but=but)


async def set_email(by: int, operator_id: int, email: str | None) -> Member:
    """Writes down the e-mail address by which the shop's identity provider knows somebody; None: none.

    Raises:
        NoSuchOperator, EmailTaken, BeyondYourDuties.
    """
    async with _about(by, operator_id):
        await single_sign_on.set_email(operator_id, email)
    return await get(operator_id)


async def reset_second_factor(by: int, operator_id: int) -> None:
    """For who has lost it: all second factors and recovery codes are gone, and all sessions end.

    Raises:
        NoSuchOperator, BeyondYourDuties.
    """
    async with _about(by, operator_id):
        await _reset(operator_id)


async def _reset(operator_id: int) -> None:
    await second_factors.reset(operator_id)
    await operator_sessions.end_all(operator_id)


_OF_LOGIN = "SELECT id FROM operator WHERE login = $1"


async def reset_second_factor_of(login: str) -> None:
    """The same from the command line, where nobody is signed in; it is written down among the tries to sign in.

    Raises:
        NoSuchOperator.
    """
    found = await db.fetchval(_OF_LOGIN, login)
    if found is None:
        raise NoSuchOperator(operator_id=login)
    async with db.transaction():
        await _reset(found)
    await sign_in_attempts.note(found, "command_line", "second_factor_reset", Origin())
