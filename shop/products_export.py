"""The catalogue as a table: what ``products_import`` reads, row by row, so that it can be changed and brought back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, BinaryIO

from core import db, sheets, words
from shop import categories, product_rows, specs, stock

WorkbooksBusy = sheets.WorkbooksBusy
_BATCH = 500
_PRODUCTS = """
SELECT id, coalesce(code, '#' || id) AS code, name, description, axes::text AS axes, state,
       ARRAY(SELECT c.category_id FROM product_category c WHERE c.product_id = product.id) AS category_ids
FROM product WHERE id > $1 ORDER BY id LIMIT $2
"""
_SKUS = f"""
SELECT s.product_id, s.name, s.specs, s.code, s.barcode, s.price_fen, s.weight_g, {stock.left("s")} AS stock
FROM sku s WHERE s.product_id = ANY ($1::bigint[]) AND s.state = 'on_sale' ORDER BY s.product_id, s.id
"""
_CELLS = {"price": "yuan", "weight": "count", "stock": "count"}


def name(locale: str) -> str:
    """What the file is called, without its ending."""
    return words.say("catalogue.sheet", locale)


def as_csv(locale: str) -> AsyncIterator[bytes]:
    """All products as CSV, to be sent piece by piece."""
    return sheets.as_csv(_sheet(locale))


async def as_xlsx(locale: str) -> BinaryIO:
    """All products as an Excel workbook, open for reading.

    Raises:
        WorkbooksBusy.
    """
    return await sheets.as_xlsx([_sheet(locale)])


def _sheet(locale: str) -> sheets.Sheet:
    columns = [
        sheets.Column(words.say(f"catalogue.column.{name}", locale), _CELLS.get(name, "text"))  # type: ignore[arg-type]
        for name in product_rows.COLUMNS
    ]
    return sheets.Sheet(name(locale), columns, _batches(locale))


async def _batches(locale: str) -> AsyncIterator[Sequence[sheets.Row]]:
    called = {
        number: path for path, number in categories.names(await categories.listing(hidden_too=True)).items()
    }
    after = 0
    while products := await db.fetch(_PRODUCTS, after, _BATCH):
        after = products[-1]["id"]
        by_id = {row["id"]: row for row in products}
        yield [
            _row(by_id[sku["product_id"]], sku, called, locale) for sku in await db.fetch(_SKUS, list(by_id))
        ]


def _row(product: Any, sku: Any, called: dict[int, str], locale: str) -> sheets.Row:
    axes = specs.read(product["axes"])
    between = f"{product_rows.BETWEEN} "
    return (
        product["code"],
        product["name"],
        product["description"] or None,
        between.join(sorted(called[one] for one in product["category_ids"] if one in called)) or None,
        words.say(f"catalogue.state.{product['state']}", locale),
        None if sku["specs"] and sku["name"] == specs.name_of(sku["specs"]) else sku["name"],
        between.join(f"{axis.name}={value}" for axis, value in zip(axes, sku["specs"], strict=False)) or None,
        sku["code"],
        sku["barcode"],
        sku["price_fen"],
        sku["weight_g"],
        sku["stock"],
    )
