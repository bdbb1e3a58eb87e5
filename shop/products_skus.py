"""The axes of a product and all its SKUs, set at once: what stands on other axes tomorrow is another set of SKUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core import db
from shop import products, search_index, specs


@dataclass(frozen=True, slots=True)
class Wanted:
    """A SKU as it is to be: an old one (``id``), whose stock stays as it is, or a new one."""

    new: products.NewSku
    id: int | None = None


_OLD = "SELECT id FROM sku WHERE product_id = $1 AND id = ANY ($2::bigint[])"
_WITHDRAW = """
UPDATE sku SET state = 'withdrawn', code = NULL, barcode = NULL WHERE product_id = $1 AND (state = 'on_sale' OR id = ANY ($2::bigint[]))
"""
"""All of them first: two that change places would meet at a unique index otherwise."""
_AXES = "UPDATE product SET axes = $2::jsonb WHERE id = $1"
_UPDATE = """
UPDATE sku SET state = 'on_sale', name = s.name, price_fen = s.price_fen, code = s.code, barcode = s.barcode, weight_g = s.weight_g,
       specs = ARRAY(SELECT jsonb_array_elements_text(s.specs::jsonb))
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::text[])
     AS s (id, name, price_fen, code, barcode, weight_g, specs)
WHERE sku.id = s.id
"""


@db.retried
async def put(
    operator_id: int, product_id: int, axes: Sequence[specs.Axis], wanted: Sequence[Wanted]
) -> products.Product:
    """Sets the axes of a product and its SKUs. A SKU that is not named any more is withdrawn and its code is free again: it can be
    ordered no longer, and what was ordered keeps it.

    Raises:
        NoSuchProduct, NoSuchSku: one is not of this product. SpecsDoNotFit, SpecsTwice, CodeTaken.
    """
    specs.check(axes, [one.new.specs for one in wanted])
    old = {one.id: one.new for one in wanted if one.id is not None}
    if len(old) < sum(one.id is not None for one in wanted):
        raise products.SpecsTwice(name="id")
    async with db.transaction():
        await products.lock(product_id)
        there = {row["id"] for row in await db.fetch(_OLD, product_id, list(old))}
        for sku_id in old:
            if sku_id not in there:
                raise products.NoSuchSku(sku_id=sku_id)
        await db.execute(_AXES, product_id, specs.written(axes))
        await db.execute(_WITHDRAW, product_id, list(old))
        await _update(old)
        await products.add_skus(
            product_id, [one.new for one in wanted if one.id is None], by=f"operator:{operator_id}"
        )
        await products.count_lowest([product_id])
        await search_index.index([product_id])
    return await products.get(product_id)


async def _update(old: dict[int, products.NewSku]) -> None:
    skus = list(old.values())
    await products.check_codes([sku.code for sku in skus], of="sku", but=old)
    await products.check_codes([sku.barcode for sku in skus], of="barcode", but=old)
    await db.execute(
        _UPDATE,
        list(old),
        [sku.called() for sku in skus],
        [sku.price_fen for sku in skus],
        [sku.code for sku in skus],
        [sku.barcode for sku in skus],
        [sku.weight_g for sku in skus],
        [specs.kept(sku.specs) for sku in skus],
    )
