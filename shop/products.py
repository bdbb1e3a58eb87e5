"""Products 商品 and their SKUs, as operators keep them. What customers see of them is ``shop.shelf``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core import clock, db, errors, sorting
from ledger import idempotency
from shop import search_index, search_words, specs
from shop import stock as stocks


class NoSuchProduct(errors.NotFound):
    """There is no such product, or it is off the shelf."""

    code = "no_such_product"


class CodeTaken(errors.Conflict):
    """Another product or SKU has this code or barcode."""

    code = "code_taken"


NoSuchSku = stocks.NoSuchSku
KeyReused = idempotency.KeyReused
SpecsDoNotFit = specs.SpecsDoNotFit
SpecsTwice = specs.SpecsTwice
Axis = specs.Axis


@dataclass(frozen=True, slots=True)
class Sku:
    """A product in one specification. ``price_fen`` is the list price, ``stock`` what can still be ordered, ``specs`` one value of
    each of the product's axes."""

    id: int
    name: str
    price_fen: int
    stock: int
    specs: tuple[str, ...] = ()
    code: str | None = None
    barcode: str | None = None
    weight_g: int = 0
    state: str = "on_sale"


@dataclass(frozen=True, slots=True)
class Product:
    """Something the shop sells. ``sold``: pieces lately paid for. ``lowest_fen``: the lowest list price of its SKUs on sale, whose stock at all
    stores is ``available``; ``is_low``: of one of them no more is left at a store than its people want to be told of. ``picture``: the key
    of the first."""

    id: int
    name: str
    description: str
    state: str
    code: str | None = None
    axes: tuple[Axis, ...] = ()
    sold: int = 0
    category_ids: tuple[int, ...] = ()
    lowest_fen: int | None = None
    available: int = 0
    is_low: bool = False
    picture: str | None = None
    skus: tuple[Sku, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSku:
    """A SKU to be added. One without a name is called by its values."""

    name: str
    price_fen: int
    stock: int
    specs: tuple[str, ...] = ()
    code: str | None = None
    barcode: str | None = None
    weight_g: int = 0

    def called(self) -> str:
        """Its name."""
        return self.name or specs.name_of(self.specs)


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be added."""

    name: str
    description: str
    skus: Sequence[NewSku]
    code: str | None = None
    axes: Sequence[Axis] = ()


async def add(*, name: str, description: str, skus: Sequence[NewSku], by: str = "setup") -> Product:
    """Adds a product with its SKUs and puts it on the shelf; ``by`` is who is written down to have brought its stock."""
    async with db.transaction():
        product_id = await add_new(NewProduct(name, description, skus), by=by)
    return await get(product_id)


@db.retried
async def add_once(operator_id: int, new: NewProduct, *, key: str) -> Product:
    """Adds a product for an operator and puts it on the shelf. The same key gives the same product.

    Raises:
        SpecsDoNotFit, SpecsTwice, CodeTaken, KeyReused.
    """

    caller = f"operator:{operator_id}"

    async def act() -> int:
        return await add_new(new, by=caller)

    async with db.transaction():
        product_id = await idempotency.once(
            caller=caller,
            operation="products.add",
            key=key,
            content=asdict(new),
            act=act,
        )
    return await get(int(product_id))


_ADD = """
INSERT INTO product (name, description, state, code, axes, created_at)
VALUES ($1, $2, 'on_shelf', $3, $4::jsonb, $5) RETURNING id
"""


async def add_new(new: NewProduct, *, by: str) -> int:
    """Adds a product in the caller's transaction; ``by`` brought its stock. Returns its id.

    Raises:
        SpecsDoNotFit, SpecsTwice, CodeTaken.
    """
    specs.check(new.axes, [sku.specs for sku in new.skus])
    await check_codes([new.code], of="product")
    product_id: int = await db.fetchval(
        _ADD,
        new.name,
        new.description,
        new.code,
        specs.written(new.axes),
        clock.now(),
    )
    await add_skus(product_id, new.skus, by=by)
    await count_lowest([product_id])
    await search_index.index([product_id])
    return product_id


_ADD_SKUS = """
INSERT INTO sku (product_id, name, price_fen, code, barcode, weight_g, specs, created_at)
SELECT s.product_id, s.name, s.price_fen, s.code, s.barcode, s.weight_g, ARRAY(SELECT jsonb_array_elements_text(s.specs::jsonb)), $8
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::text[]) WITH ORDINALITY
     AS s (product_id, name, price_fen, code, barcode, weight_g, specs, n)
ORDER BY s.n RETURNING id
"""


async def add_skus(product_id: int, skus: Sequence[NewSku], *, by: str) -> None:
    """Adds SKUs to a product, in the caller's transaction; ``by`` brought their stock.

    Raises:
        CodeTaken.
    """
    await check_codes([sku.code for sku in skus], of="sku")
    await check_codes([sku.barcode for sku in skus], of="barcode")
    await insert_skus([product_id] * len(skus), skus, by=by)


async def insert_skus(product_ids: Sequence[int], skus: Sequence[NewSku], *, by: str) -> None:
    """Adds SKUs to products, each to the one at the same place, in the caller's transaction, which has checked their numbers."""
    added = await db.fetch(
        _ADD_SKUS,
        product_ids,
        [sku.called() for sku in skus],
        [sku.price_fen for sku in skus],
        [sku.code for sku in skus],
        [sku.barcode for sku in skus],
        [sku.weight_g for sku in skus],
        [specs.kept(sku.specs) for sku in skus],
        clock.now(),
    )
    had = zip(sorted(row["id"] for row in added), skus, strict=True)
    await stocks.open_with({sku_id: sku.stock for sku_id, sku in had}, by=by)


_TAKEN = {
    "product": "SELECT code FROM product WHERE code = ANY ($1::text[]) AND id <> ALL ($2::bigint[]) LIMIT 1",
    "sku": "SELECT code FROM sku WHERE code = ANY ($1::text[]) AND id <> ALL ($2::bigint[]) LIMIT 1",
    "barcode": "SELECT barcode FROM sku WHERE barcode = ANY ($1::text[]) AND id <> ALL ($2::bigint[]) LIMIT 1",
}


async def check_codes(codes: Sequence[str | None], *, of: str, but: Collection[int] = ()) -> None:
    """Refuses codes that others than the rows ``but`` have, or that are given twice. A race ends at the unique index, and who lost
    it is tried again and finds the other here.

    Raises:
        CodeTaken.
    """
    given = [code for code in codes if code is not None]
    for code in given:
        if given.count(code) > 1:
            raise CodeTaken(number=code)
    if given and (taken := await db.fetchval(_TAKEN[of], given, list(but))):
        raise CodeTaken(number=taken)


_COLUMNS = """
id, name, description, state, code, axes::text AS axes, sold,
ARRAY(SELECT c.category_id FROM product_category c WHERE c.product_id = product.id ORDER BY c.category_id) AS category_ids,
lowest_fen,
(SELECT coalesce(sum(t.on_hand - t.reserved), 0) FROM sku s JOIN stock t ON t.sku_id = s.id
 WHERE s.product_id = product.id AND s.state = 'on_sale') AS available,
EXISTS (SELECT FROM sku s JOIN stock t ON t.sku_id = s.id
        WHERE s.product_id = product.id AND s.state = 'on_sale' AND t.on_hand - t.reserved <= t.low_at) AS is_low,
(SELECT i.key FROM product_image i WHERE i.product_id = product.id ORDER BY i.position LIMIT 1) AS picture
"""
_PAGE = f"""
SELECT {_COLUMNS} FROM product
WHERE id > $1 AND (state = 'on_shelf' OR $2) AND ($4::text IS NULL OR words @@ $4::text::tsquery) ORDER BY id LIMIT $3
"""
_SORTED = f"SELECT {_COLUMNS} FROM product"
_SORTS = {"sold": "sold", "lowest_fen": "lowest_fen"}
"""What products can be sorted by, and the columns: ``product_all_by_sales`` and ``product_all_by_price`` serve it."""
_SKU_COLUMNS = f"id, name, price_fen, {stocks.left('sku')} AS stock, specs, code, barcode, weight_g, state"
_SKUS = f"""
SELECT product_id, {_SKU_COLUMNS} FROM sku WHERE product_id = ANY ($1::bigint[]) AND state = 'on_sale' ORDER BY id
"""


async def page(
    *,
    after: int = 0,
    limit: int = 20,
    off_shelf_too: bool = False,
    words: str | None = None,
    sort: sorting.Sort | None = None,
) -> list[Product]:
    """Products with their SKUs, oldest first, those found by ``words`` where some are given (``shop.search``); ``after`` is the id
    the last page ended at. ``sort``: by ``sold`` or ``lowest_fen`` instead; by price, only those that have one."""
    asked = None
    if search_words.is_asked(words) and (asked := search_words.asked(words)) is None:
        return []
    if sort is None:
        rows: Sequence[Any] = await db.fetch(_PAGE, after, off_shelf_too, limit, asked)
    else:
        where = {
            "words @@ {0}::text::tsquery": (asked,),
            "state = {0}": (None if off_shelf_too else "on_shelf",),
            "lowest_fen >= {0}": (0 if sort.by == "lowest_fen" else None,),
        }
        text, args = sorting.statement(_SORTED, where, sort, column=_SORTS[sort.by], limit=limit)
        rows = await db.fetch(text, *args)
    return await _with_skus([_product(row) for row in rows])


_GET = f"SELECT {_COLUMNS} FROM product WHERE id = $1"


async def get(product_id: int) -> Product:
    """One product with its SKUs.

    Raises:
        NoSuchProduct: there is none.
    """
    row = await db.fetchrow(_GET, product_id)
    if row is None:
        raise NoSuchProduct(product_id=product_id)
    (product,) = await _with_skus([_product(row)])
    return product


def _product(row: Sequence[Any]) -> Product:
    id, name, description, state, code, axes, sold, category_ids, *more = row
    return Product(id, name, description, state, code, specs.read(axes), sold, tuple(category_ids), *more)


def _sku(row: Sequence[Any]) -> Sku:
    id, name, price_fen, stock, values, *more = row
    return Sku(id, name, price_fen, stock, tuple(values), *more)


async def _with_skus(products: Sequence[Product]) -> list[Product]:
    found: dict[int, list[Sku]] = {product.id: [] for product in products}
    for product_id, *row in await db.fetch(_SKUS, list(found)):
        found[product_id].append(_sku(row))
    return [replace(product, skus=tuple(found[product.id])) for product in products]


_CHANGE = """
UPDATE product SET name = coalesce($2, name), description = coalesce($3, description), state = coalesce($4, state),
       code = coalesce($5, code)
WHERE id = $1
"""


@db.retried
async def change(
    product_id: int,
    *,
    name: str | None = None,
    description: str | None = None,
    state: str | None = None,
    code: str | None = None,
) -> Product:
    """Changes what is given and leaves the rest. ``state`` is ``on_shelf`` or ``off_shelf``.

    Raises:
        NoSuchProduct: there is none of this id.
        CodeTaken.
    """
    async with db.transaction():
        await check_codes([code], of="product", but=[product_id])
        await db.execute(_CHANGE, product_id, name, description, state, code)
        if name is not None or code is not None:
            await search_index.index([product_id])
    return await get(product_id)


_CHANGE_SKU = f"""
UPDATE sku SET price_fen = coalesce($2, price_fen), code = coalesce($3, code), barcode = coalesce($4, barcode),
       weight_g = coalesce($5, weight_g)
WHERE id = $1 RETURNING {_SKU_COLUMNS}
"""
_PRODUCT_OF = "SELECT product_id FROM sku WHERE id = $1"
_LOCK = "SELECT id FROM product WHERE id = $1 FOR NO KEY UPDATE"
_LOWEST = """
UPDATE product p SET lowest_fen = l.fen
FROM (SELECT w.id, min(s.price_fen) AS fen FROM unnest($1::bigint[]) AS w (id)
      LEFT JOIN sku s ON s.product_id = w.id AND s.state = 'on_sale' GROUP BY w.id) l
WHERE p.id = l.id AND p.lowest_fen IS DISTINCT FROM l.fen
"""


@db.retried
async def change_sku(
    sku_id: int,
    *,
    price_fen: int | None = None,
    code: str | None = None,
    barcode: str | None = None,
    weight_g: int | None = None,
) -> Sku:
    """Changes what is given of a SKU and leaves the rest. Orders already placed keep their price; stock is ``shop.stock``'s.

    Raises:
        NoSuchSku: there is none of this id.
        CodeTaken.
    """
    async with db.transaction():
        product_id = await db.fetchval(_PRODUCT_OF, sku_id)
        if product_id is None:
            raise NoSuchSku(sku_id=sku_id)
        await lock(product_id)
        await check_codes([code], of="sku", but=[sku_id])
        await check_codes([barcode], of="barcode", but=[sku_id])
        row = await db.fetchrow(_CHANGE_SKU, sku_id, price_fen, code, barcode, weight_g)
        if price_fen is not None:
            await count_lowest([product_id])
        if code is not None or barcode is not None:
            await search_index.index([product_id])
    assert row is not None, "SKUs are never deleted"
    return _sku(row)


async def lock(product_id: int) -> None:
    """Locks a product, so that its SKUs and its lowest price are changed by one at a time.

    Raises:
        NoSuchProduct.
    """
    if await db.fetchval(_LOCK, product_id) is None:
        raise NoSuchProduct(product_id=product_id)


async def count_lowest(product_ids: Sequence[int]) -> None:
    """Notes the lowest list price of products that the caller has locked."""
    await db.execute(_LOWEST, product_ids)
