"""Categories 分类: the catalogue's shelves, one within another. A product may stand in several."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass

from core import clock, db, errors
from ledger import idempotency
from shop import products

MAX_DEPTH = 4
MAX_CATEGORIES = 2_000
MAX_OF_A_PRODUCT = 10
_TREE = 0x63617465
"""The advisory lock of whoever changes the tree: of two who move at once, the second sees where the first has moved to."""


class NoSuchCategory(errors.NotFound):
    """There is no such category."""

    code = "no_such_category"


class CategoryWithinItself(errors.Conflict):
    """A category cannot be moved into itself or what is within it."""

    code = "category_within_itself"


class CategoriesTooDeep(errors.Conflict):
    """Categories stand only so deep within each other."""

    code = "categories_too_deep"


class TooManyCategories(errors.Conflict):
    """The shop has as many categories as it can have."""

    code = "too_many_categories"


class CategoryInUse(errors.Conflict):
    """A category with others within it, or with products, cannot be removed."""

    code = "category_in_use"


KeyReused = idempotency.KeyReused
NoSuchProduct = products.NoSuchProduct


@dataclass(frozen=True, slots=True)
class Terms:
    """What a category is called, within which (None: at the top), where among its siblings (the smallest first), whether customers
    see it with all that is within it, and how much tax its prices include (None: as the one above it says)."""

    name: str
    parent_id: int | None = None
    sort_order: int = 0
    is_shown: bool = True
    tax_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A category; ``depth`` is 1 at the top."""

    id: int
    name: str
    parent_id: int | None
    sort_order: int
    is_shown: bool
    tax_percent: int | None
    depth: int


_ALL = """
WITH RECURSIVE tree AS (
    SELECT id, name, parent_id, sort_order, is_shown, tax_percent, 1 AS depth, ARRAY[sort_order, id] AS place
    FROM category WHERE parent_id IS NULL AND (is_shown OR $1)
    UNION ALL
    SELECT c.id, c.name, c.parent_id, c.sort_order, c.is_shown, c.tax_percent, tree.depth + 1, tree.place || ARRAY[c.sort_order, c.id]
    FROM category c JOIN tree ON c.parent_id = tree.id WHERE c.is_shown OR $1
)
SELECT id, name, parent_id, sort_order, is_shown, tax_percent, depth FROM tree ORDER BY place
"""


async def listing(*, hidden_too: bool = False) -> list[Category]:
    """All categories in the order of a table of contents: each before what is within it."""
    return [Category(*row) for row in await db.fetch(_ALL, hidden_too)]


_ABOVE = """
WITH RECURSIVE above AS (
    SELECT id AS within, id, parent_id FROM category WHERE id = ANY ($1::bigint[])
    UNION ALL
    SELECT a.within, c.id, c.parent_id FROM above a JOIN category c ON c.id = a.parent_id
)
SELECT within, array_agg(id) FROM above GROUP BY within
"""


async def above(category_ids: Collection[int]) -> dict[int, Sequence[int]]:
    """Of each of these categories, itself and all that it stands within."""
    return dict(map(tuple, await db.fetch(_ABOVE, list(category_ids)))) if category_ids else {}


_ADD = """
INSERT INTO category (name, parent_id, sort_order, is_shown, tax_percent, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""


async def add(operator_id: int, terms: Terms, *, key: str) -> Category:
    """Adds a category. The same key gives the same one.

    Raises:
        NoSuchCategory: there is none to stand within. CategoriesTooDeep, TooManyCategories, KeyReused.
    """

    async def act() -> int:
        tree = await _locked()
        if len(tree) >= MAX_CATEGORIES:
            raise TooManyCategories(limit=MAX_CATEGORIES)
        _check_place(tree, terms.parent_id, height=1)
        made: int = await db.fetchval(_ADD, *astuple(terms), clock.now())
        return made

    made = await idempotency.alone(
        caller=f"operator:{operator_id}",
        operation="categories.add",
        key=key,
        content={"name": terms.name, "rest": list(astuple(terms))[1:]},
        act=act,
    )
    return await get(int(made))


async def get(category_id: int) -> Category:
    """One category.

    Raises:
        NoSuchCategory.
    """
    for one in await listing(hidden_too=True):
        if one.id == category_id:
            return one
    raise NoSuchCategory(category_id=category_id)


_PUT = "UPDATE category SET name = $2, parent_id = $3, sort_order = $4, is_shown = $5, tax_percent = $6 WHERE id = $1"


async def put(category_id: int, terms: Terms) -> Category:
    """Sets everything about a category; another ``parent_id`` moves it with all that is within it.

    Raises:
        NoSuchCategory, CategoryWithinItself, CategoriesTooDeep.
    """
    async with db.transaction():
        tree = await _locked()
        if category_id not in tree:
            raise NoSuchCategory(category_id=category_id)
        within = _within(tree, category_id)
        if terms.parent_id in within:
            raise CategoryWithinItself(category_id=category_id)
        height = max(tree[one].depth for one in within) - tree[category_id].depth + 1
        _check_place(tree, terms.parent_id, height=height)
        await db.execute(_PUT, category_id, *astuple(terms))
    return await get(category_id)


_USED = """
SELECT EXISTS (SELECT FROM category WHERE parent_id = $1) OR EXISTS (SELECT FROM product_category WHERE category_id = $1)
"""
_REMOVE = "DELETE FROM category WHERE id = $1"


async def remove(category_id: int) -> None:
    """Removes a category that nothing stands in.

    Raises:
        NoSuchCategory, CategoryInUse.
    """
    async with db.transaction():
        if category_id not in await _locked():
            raise NoSuchCategory(category_id=category_id)
        if await db.fetchval(_USED, category_id):
            raise CategoryInUse(category_id=category_id)
        await db.execute(_REMOVE, category_id)


_FORGET = """
DELETE FROM product_category c WHERE c.product_id = ANY ($1::bigint[])
  AND NOT EXISTS (SELECT FROM unnest($2::bigint[], $3::bigint[]) AS w (product_id, category_id)
                  WHERE w.product_id = c.product_id AND w.category_id = c.category_id)
"""
_STAND = """
INSERT INTO product_category (product_id, category_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])
ON CONFLICT (category_id, product_id) DO NOTHING
"""


async def put_product(product_id: int, category_ids: Collection[int]) -> products.Product:
    """Sets in which categories a product stands.

    Raises:
        NoSuchProduct, NoSuchCategory.
    """
    async with db.transaction():
        await products.lock(product_id)
        tree = await _locked()
        for one in category_ids:
            if one not in tree:
                raise NoSuchCategory(category_id=one)
        await stand_all({product_id: category_ids})
    return await products.get(product_id)


async def stand_all(wanted: Mapping[int, Collection[int]]) -> None:
    """The same for many products in the caller's transaction, which has locked them and knows that the categories are there."""
    pairs = [(product_id, one) for product_id, ids in wanted.items() for one in sorted(set(ids))]
    product_ids, category_ids = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    await db.execute(_FORGET, list(wanted), product_ids, category_ids)
    await db.execute(_STAND, product_ids, category_ids)


_LOCK_TREE = "SELECT pg_advisory_xact_lock($1)"


async def _locked() -> dict[int, Category]:
    await db.execute(_LOCK_TREE, _TREE)
    return {one.id: one for one in await listing(hidden_too=True)}


def _within(tree: dict[int, Category], category_id: int) -> set[int]:
    """A category with all that is within it; ``tree`` has each before those."""
    found = {category_id}
    for one in tree.values():
        if one.parent_id in found:
            found.add(one.id)
    return found


def _check_place(tree: dict[int, Category], parent_id: int | None, *, height: int) -> None:
    if parent_id is not None and parent_id not in tree:
        raise NoSuchCategory(category_id=parent_id)
    above = tree[parent_id].depth if parent_id is not None else 0
    if above + height > MAX_DEPTH:
        raise CategoriesTooDeep(limit=MAX_DEPTH)


def names(tree: Sequence[Category]) -> dict[str, int]:
    """Categories by their whole names from the top, ``茶叶/绿茶``; of several of one name the first."""
    by_id: dict[int, str] = {}
    found: dict[str, int] = {}
    for one in tree:
        above = f"{by_id[one.parent_id]}/" if one.parent_id is not None else ""
        by_id[one.id] = f"{above}{one.name}"
        found.setdefault(by_id[one.id], one.id)
    return found
