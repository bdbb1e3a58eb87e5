"""Posts as the database has them: what somebody's roles are, with the duties and limits of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core import clock, db, errors
from members import amount_limits, duties
from members.duties import Post


class NoSuchPostStore(errors.Invalid):
    """A post names a store that the shop does not have, or an owner is held to one store."""

    code = "no_such_post_store"


class NoSuchPostRole(errors.Invalid):
    """A post names a role that the shop does not have, or has retired."""

    code = "no_such_post_role"


_ONE = "json_build_object('role', p.role, 'store', p.store, 'name', r.name, 'duties', r.duties, 'limits', r.limits, 'state', r.state)"
OF_OPERATOR = f"""
(SELECT json_agg({_ONE} ORDER BY p.id)::text FROM operator_post p JOIN operator_role r ON r.code = p.role WHERE p.operator_id = o.id) AS posts
"""
"""A column of a query over ``operator o``, for ``read``."""


def read(column: str | None) -> tuple[Post, ...]:
    """Posts from the column ``OF_OPERATOR``."""
    return tuple(_post(row) for row in json.loads(column or "[]"))


def _post(row: Mapping[str, Any]) -> Post:
    granted, _ = known(row["duties"] or ())
    return Post(
        row["role"],
        row["store"],
        row["name"],
        granted if row["state"] == "active" else frozenset(),
        amount_limits.of_plain(row["limits"]),
    )


def known(names: Iterable[str]) -> tuple[frozenset[duties.Duty], tuple[str, ...]]:
    """Duties by their names, and the names that this version has no duty for: they allow nothing."""
    several = list(names)
    granted = frozenset(name for name in several if name in duties.DUTIES)
    return granted, tuple(name for name in several if name not in duties.DUTIES)


_OF = f"SELECT {OF_OPERATOR} FROM operator o WHERE o.id = $1 AND (o.state = 'active' OR NOT $2)"


async def of(operator_id: int, *, active: bool = False) -> tuple[Post, ...] | None:
    """The posts of an operator now; None: there is no such operator, or with ``active`` none who has not been let go."""
    row = await db.fetchrow(_OF, operator_id, active)
    return None if row is None else read(row["posts"])


_ALL_STORES_KNOWN = """
SELECT NOT EXISTS (SELECT FROM unnest($1::text[]) AS wanted (code) WHERE NOT EXISTS (SELECT FROM store WHERE store.code = wanted.code))
"""
_ROLES = "SELECT code FROM operator_role WHERE code = ANY ($1::text[]) AND state = 'active' ORDER BY code FOR SHARE"
_GIVE = """
INSERT INTO operator_post (operator_id, role, store, given_at)
SELECT $1, p.role, p.store, $4 FROM unnest($2::text[], $3::text[]) AS p (role, store)
"""


async def give(operator_id: int, wanted: Iterable[Post]) -> None:
    """Gives posts to who has none. Part of the caller's transaction: who retires one of the roles meanwhile waits for it.

    Raises:
        NoSuchPostStore, NoSuchPostRole.
    """
    several = list(dict.fromkeys(wanted))
    stores = [post.store for post in several if post.store is not None]
    one_store_owner = any(post.role == "owner" and post.store is not None for post in several)
    if one_store_owner or not await db.fetchval(_ALL_STORES_KNOWN, stores):
        raise NoSuchPostStore(stores=stores)
    await _refuse_unknown_roles(sorted({post.role for post in several}))
    await db.execute(
        _GIVE, operator_id, [post.role for post in several], [post.store for post in several], clock.now()
    )


async def _refuse_unknown_roles(roles: Sequence[str]) -> None:
    found = {row["code"] for row in await db.fetch(_ROLES, list(roles))}
    if missing := [role for role in roles if role not in found]:
        raise NoSuchPostRole(roles=", ".join(missing))
