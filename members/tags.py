"""Tags 标签: words that operators put on customers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core import clock, db, errors
from ledger import idempotency
from members import customers

KeyReused = idempotency.KeyReused
NoSuchCustomer = customers.NoSuchCustomer
CustomerHasLeft = customers.CustomerHasLeft


class NoSuchTag(errors.NotFound):
    """There is no such tag."""

    code = "no_such_tag"


class TagExists(errors.Conflict):
    """There is a tag of this name."""

    code = "tag_exists"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, and how many customers have it."""

    id: int
    name: str
    customers: int


_ADD = "INSERT INTO tag (name, saved_by, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING id"


async def add(operator_id: int, name: str, *, key: str) -> Tag:
    """A new tag.

    Raises:
        TagExists, KeyReused.
    """
    by = f"operator:{operator_id}"

    async def act() -> int:
        made: int | None = await db.fetchval(_ADD, name, by, clock.now())
        if made is None:
            raise TagExists(name=name)
        return made

    made = await idempotency.alone(caller=by, operation="tags.add", key=key, content={"name": name}, act=act)
    return Tag(int(made), name, 0)


_ALL = """
SELECT t.id, t.name, (SELECT count(*) FROM customer_tag c WHERE c.tag_id = t.id) FROM tag t WHERE t.id > $1 ORDER BY t.id LIMIT $2
"""


async def page(*, after: int | None = None, limit: int = 20) -> list[Tag]:
    """All tags, the oldest first."""
    return [Tag(*row) for row in await db.fetch(_ALL, after or 0, limit)]


_OF = "SELECT t.id, t.name FROM customer_tag c JOIN tag t ON t.id = c.tag_id WHERE c.customer_id = $1 ORDER BY t.id"


async def of(customer_id: int) -> list[tuple[int, str]]:
    """The tags of a customer: id and name."""
    return [(row["id"], row["name"]) for row in await db.fetch(_OF, customer_id)]


_KNOWN = "SELECT id, name FROM tag WHERE id = ANY ($1::bigint[])"
_LOCK = "SELECT 1 FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_PUT = """
WITH gone AS (
    DELETE FROM customer_tag WHERE customer_id = $1 AND tag_id <> ALL ($2::bigint[]) RETURNING tag_id
), made AS (
    INSERT INTO customer_tag (customer_id, tag_id, put_by, put_at) SELECT $1, t, $3, $4 FROM unnest($2::bigint[]) t
    ON CONFLICT (customer_id, tag_id) DO NOTHING RETURNING tag_id
)
INSERT INTO setting_change (customer_id, setting, before, after, operator, changed_at)
SELECT $1, 'tag', t.name, NULL, $3, $4 FROM gone JOIN tag t ON t.id = gone.tag_id
UNION ALL SELECT $1, 'tag', NULL, t.name, $3, $4 FROM made JOIN tag t ON t.id = made.tag_id
"""


@db.retried
async def put(operator_id: int, customer_id: int, tag_ids: Collection[int]) -> list[tuple[int, str]]:
    """From now on a customer has these tags and no others; what changed is written down. Returns them.

    Raises:
        NoSuchCustomer, CustomerHasLeft, NoSuchTag.
    """
    wanted = sorted(set(tag_ids))
    async with db.transaction():
        await db.fetchval(_LOCK, customer_id)
        customers.refuse_left(await customers.get(customer_id))
        known = {row["id"] for row in await db.fetch(_KNOWN, wanted)}
        for tag_id in wanted:
            if tag_id not in known:
                raise NoSuchTag(tag_id=tag_id)
        await db.execute(_PUT, customer_id, wanted, f"operator:{operator_id}", clock.now())
    return await of(customer_id)


_HAND_OVER = (
    "INSERT INTO customer_tag (customer_id, tag_id, put_by, put_at) SELECT $2, tag_id, put_by, put_at FROM customer_tag"
    " WHERE customer_id = $1 ON CONFLICT (customer_id, tag_id) DO NOTHING",
    "DELETE FROM customer_tag WHERE customer_id = $1",
)


async def hand_over(gone_id: int, kept_id: int) -> None:
    """The tags of one customer are another's beside their own. Part of the caller's transaction."""
    await db.execute(_HAND_OVER[0], gone_id, kept_id)
    await forget(gone_id)


async def forget(customer_id: int) -> None:
    """Takes all tags off a customer. Part of the caller's transaction."""
    await db.execute(_HAND_OVER[1], customer_id)
