"""Roles 角色: those that always are, and those that a shop composes of duties. What is changed holds from the next request of everybody who
has one. Nobody gives, by whatever way, more than they have themselves."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db, errors, words
from ledger import idempotency
from members import amount_limits, duties, posts
from members.amount_limits import Limits
from members.duties import Duty, Post


class NoSuchRole(errors.NotFound):
    """There is no such role."""

    code = "no_such_role"


class RoleNameTaken(errors.Conflict):
    """Another role is called so."""

    code = "role_name_taken"


class RoleStateForbids(errors.Conflict):
    """The role is one of those that always are, the owner's whose limits are nobody's, or was retired."""

    code = "role_state_forbids"


class RoleHeld(errors.Conflict):
    """Somebody who works for the shop has the role; ``params.holders`` says how many."""

    code = "role_held"


class BeyondYourDuties(errors.Forbidden):
    """Nobody gives duties, stores or amounts that they have not got, nor decides about who has more than they; ``params.duties`` says what is missing."""

    code = "beyond_your_duties"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Role:
    """A role. ``name`` None: one of those that always are. ``unknown_duties``: names that this version has no duty for, and that allow
    nothing. ``holders``: how many who work for the shop have it."""

    id: int
    role: str
    name: str | None
    duties: Sequence[Duty]
    unknown_duties: Sequence[str]
    limits: Limits
    state: str
    holders: int
    changed_by: int | None
    changed_at: datetime | None

    @property
    def is_composed(self) -> bool:
        """Whether the shop has composed it."""
        return self.name is not None


_SHOWN = """
SELECT r.id, r.code, r.name, r.duties, r.limits::text AS limits, r.state, r.changed_by_id, r.changed_at,
    (SELECT count(DISTINCT p.operator_id) FROM operator_post p JOIN operator o ON o.id = p.operator_id
     WHERE p.role = r.code AND o.state = 'active') AS holders
FROM operator_role r
"""


async def page(*, after: int = 0, limit: int = 50) -> list[Role]:
    """All roles, those that always are first; ``after`` is the id the last page ended at."""
    rows = await db.fetch(f"{_SHOWN} WHERE r.id > $1 ORDER BY r.id LIMIT $2", after, limit)
    return [_role(row) for row in rows]


async def get(role: str) -> Role:
    """One role.

    Raises:
        NoSuchRole.
    """
    row = await db.fetchrow(f"{_SHOWN} WHERE r.code = $1", role)
    if row is None:
        raise NoSuchRole(role=role)
    return _role(row)


def _role(row: Mapping[str, Any]) -> Role:
    granted, unknown = posts.known(row["duties"] or ())
    if row["name"] is None:
        granted = duties.ROLES.get(row["code"], frozenset())
    return Role(
        row["id"], row["code"], row["name"], _in_order(granted), unknown, amount_limits.of_plain(json.loads(row["limits"])),
        row["state"], row["holders"], row["changed_by_id"], row["changed_at"],
    )  # fmt: skip


def _in_order(granted: Collection[Duty]) -> tuple[Duty, ...]:
    return tuple(duty for duty in duties.IN_ORDER if duty in granted)


_ADD = """
WITH next AS (SELECT nextval(pg_get_serial_sequence('operator_role', 'id')) AS id)
INSERT INTO operator_role (id, code, name, duties, limits, state, changed_by_id, changed_at)
SELECT id, 'r' || id, $1, $2, $3::jsonb, 'active', $4, $5 FROM next RETURNING code
"""


async def compose(operator_id: int, *, name: str, duties: Collection[Duty], limits: Limits, key: str) -> Role:
    """A new role of these duties; nobody has it yet. The same key gives the same one again.

    Raises:
        RoleNameTaken, BeyondYourDuties, KeyReused.
    """
    name, wanted = name.strip(), _in_order(duties)

    async def act() -> str:
        await in_turn()
        await _refuse_taken(name)
        await refuse_beyond(await theirs(operator_id), [_given(wanted, limits)])
        return str(await db.fetchval(_ADD, name, list(wanted), _kept(limits), operator_id, clock.now()))

    content = {"name": name, "duties": wanted, "limits": amount_limits.plain(limits)}
    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="roles.compose", key=key, content=content, act=act
    )
    return await get(made)


_CHANGE = """
UPDATE operator_role SET name = $2, duties = $3, limits = limits - $7::text[] || $4::jsonb, changed_by_id = $5, changed_at = $6 WHERE code = $1
"""
"""Limits of kinds that are not known here stay, or they would be none where they are."""


async def change(operator_id: int, role: str, *, name: str, duties: Collection[Duty], limits: Limits) -> Role:
    """Makes a role exactly this, for all who have it. Names of duties that are not known here go.

    Raises:
        NoSuchRole, RoleStateForbids, RoleNameTaken, BeyondYourDuties.
    """
    name, wanted = name.strip(), _in_order(duties)
    async with db.transaction():
        found = await _locked(role, composed=True)
        await _refuse_taken(name, but=found.role)
        await refuse_beyond(
            await theirs(operator_id), [_given(found.duties, found.limits), _given(wanted, limits)]
        )
        await db.execute(
            _CHANGE, role, name, list(wanted), _kept(limits), operator_id, clock.now(), amount_limits.KINDS
        )
    return await get(role)


_LIMIT = "UPDATE operator_role SET limits = limits - $5::text[] || $2::jsonb, changed_by_id = $3, changed_at = $4 WHERE code = $1"


async def set_limits(operator_id: int, role: str, limits: Limits) -> Role:
    """How much those may move on their own who have a role; an owner's has no limits, so that somebody can always agree.

    Raises:
        NoSuchRole, RoleStateForbids, BeyondYourDuties.
    """
    async with db.transaction():
        found = await _locked(role)
        if role == "owner":
            raise RoleStateForbids(role=role, state="owner")
        await refuse_beyond(
            await theirs(operator_id), [_given(found.duties, found.limits), _given(found.duties, limits)]
        )
        await db.execute(_LIMIT, role, _kept(limits), operator_id, clock.now(), amount_limits.KINDS)
    return await get(role)


_RETIRE = "UPDATE operator_role SET state = 'retired', changed_by_id = $2, changed_at = $3 WHERE code = $1"


async def retire(operator_id: int, role: str) -> Role:
    """Nobody is given the role any more, and who was let go and has it still is allowed nothing by it. Again is harmless.

    Raises:
        NoSuchRole, RoleStateForbids, RoleHeld, BeyondYourDuties.
    """
    async with db.transaction():
        found = await _locked(role, composed=True, retired=True)
        if found.state == "active":
            if found.holders:
                raise RoleHeld(role=found.name, holders=found.holders)
            await refuse_beyond(await theirs(operator_id), [_given(found.duties, found.limits)])
            await db.execute(_RETIRE, role, operator_id, clock.now())
    return await get(role)


_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(0x59750003)"


async def in_turn() -> None:
    """Lets what is done to roles and to who has them wait for each other until the transaction ends; before all other locks."""
    await db.execute(_ONE_BY_ONE)


async def theirs(operator_id: int) -> tuple[Post, ...]:
    """What an operator holds now, as they are about to give of it. The caller is ``in_turn``: who was let go, or lost the duty, while they
    waited, gives nothing.

    Raises:
        BeyondYourDuties.
    """
    held = await posts.of(operator_id, active=True) or ()
    if not duties.allowed(held, "people.change"):
        raise BeyondYourDuties(duties="people.change")
    return held


async def refuse_beyond(mine: Sequence[Post], given: Collection[Post]) -> None:
    """Refuses posts that allow more than these.

    Raises:
        BeyondYourDuties.
    """
    beyond = [post for post in given if not duties.covers(mine, post)]
    if beyond:
        missing = sorted({duty for post in beyond for duty in post.duties if not duties.allowed(mine, duty)})
        raise BeyondYourDuties(duties=", ".join(missing))


async def refuse_giving(mine: Sequence[Post], several: Collection[Post]) -> None:
    """Refuses posts, which name only role and store, that allow more than these, or will where a version knows duties that this one does
    not: who has those cannot be said here, but of owners.

    Raises:
        NoSuchPostRole, BeyondYourDuties.
    """
    rows = await db.fetch(f"{_SHOWN} WHERE r.code = ANY ($1::text[])", [post.role for post in several])
    found = {row["code"]: _role(row) for row in rows}
    if missing := sorted({post.role for post in several if post.role not in found}):
        raise posts.NoSuchPostRole(roles=", ".join(missing))
    unknown = sorted({duty for role in found.values() for duty in role.unknown_duties})
    if unknown and not any(post.role == "owner" for post in mine):
        raise BeyondYourDuties(duties=", ".join(unknown))
    await refuse_beyond(mine, [_complete(post, found[post.role]) for post in several])


def _complete(post: Post, role: Role) -> Post:
    return Post(post.role, post.store, role.name, frozenset(role.duties), role.limits)


def _given(granted: Collection[Duty], limits: Limits) -> Post:
    return Post("", None, None, frozenset(granted), limits)


def _kept(limits: Limits) -> str:
    return json.dumps(amount_limits.plain(limits))


async def _locked(role: str, *, composed: bool = False, retired: bool = False) -> Role:
    await in_turn()
    await db.execute("SELECT FROM operator_role WHERE code = $1 FOR NO KEY UPDATE", role)
    found = await get(role)
    if composed and not found.is_composed:
        raise RoleStateForbids(role=role, state="fixed")
    if found.state == "retired" and not retired:
        raise RoleStateForbids(role=found.name, state=found.state)
    return found


_TAKEN = "SELECT EXISTS (SELECT FROM operator_role WHERE lower(name) = lower($1) AND state = 'active' AND code <> $2)"


async def _refuse_taken(name: str, *, but: str = "") -> None:
    """Nor may it be called as one of those that always are."""
    fixed = {
        words.say(f"values.role.{role}", locale).casefold()
        for role in duties.FIXED
        for locale in words.LOCALES
    }
    is_fixed = name.casefold() in fixed | set(duties.FIXED)
    if not name or is_fixed or await db.fetchval(_TAKEN, name, but):
        raise RoleNameTaken(name=name)
