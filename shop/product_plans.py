"""What an import of products comes to: which are there already, which are new, and what stands in the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from core import db
from shop import categories, product_rows, products, specs
from shop.product_rows import Fault


@dataclass(slots=True)
class ProductPlan:
    """A product as it is to be; ``id`` where it is there already."""

    rows: product_rows.ProductRows
    id: int
    axes: list[specs.Axis]
    category_ids: list[int] | None = None


@dataclass(slots=True)
class Plan:
    """Products to add and to change, SKUs to add (with their product's code) and to change (with their ids), and faults."""

    new: list[ProductPlan] = field(default_factory=list)
    old: list[ProductPlan] = field(default_factory=list)
    new_skus: list[tuple[str, products.NewSku]] = field(default_factory=list)
    old_skus: list[tuple[int, product_rows.SkuRow]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sku:
    id: int
    name: str
    specs: tuple[str, ...]
    code: str | None


_OLD = """
SELECT id, coalesce(code, '#' || id) AS code, axes::text AS axes FROM product
WHERE code = ANY ($1::text[]) OR (code IS NULL AND id = ANY ($2::bigint[])) ORDER BY id FOR NO KEY UPDATE
"""
_SKUS = "SELECT product_id, id, name, specs, code FROM sku WHERE product_id = ANY ($1::bigint[]) AND state = 'on_sale' ORDER BY id"
_NUMBERS = """
SELECT 'sku_code' AS column, code AS number, id FROM sku WHERE code = ANY ($1::text[])
UNION ALL SELECT 'barcode', barcode, id FROM sku WHERE barcode = ANY ($2::text[])
"""


async def made(wanted: Sequence[product_rows.ProductRows]) -> Plan:
    """The plan of an import, in its transaction; what is there already is locked."""
    plan = Plan()
    numbered = [int(one.code[1:]) for one in wanted if one.is_by_id]
    found = {row["code"]: row for row in await db.fetch(_OLD, [one.code for one in wanted], numbered)}
    there: defaultdict[int, list[_Sku]] = defaultdict(list)
    for row in await db.fetch(_SKUS, [row["id"] for row in found.values()]):
        there[row["product_id"]].append(_Sku(row["id"], row["name"], tuple(row["specs"]), row["code"]))
    known = categories.names(await categories.listing(hidden_too=True))
    for rows in wanted:
        row = found.get(rows.code)
        product = ProductPlan(rows, row["id"] if row else 0, list(specs.read(row["axes"])) if row else [])
        (plan.old if row else plan.new).append(product)
        if row is None and rows.is_by_id:
            plan.faults.append(Fault(rows.row, "product_code", "unknown"))
        elif row is None and rows.name is None:
            plan.faults.append(Fault(rows.row, "name", "needed"))
        product.category_ids = _stands(rows, known, plan)
        _skus(product, there[product.id] if row else [], plan)
    await _check_numbers(wanted, plan)
    return plan


def _stands(rows: product_rows.ProductRows, known: dict[str, int], plan: Plan) -> list[int] | None:
    if rows.categories is None:
        return None
    for name in rows.categories:
        if name not in known:
            plan.faults.append(Fault(rows.row, "categories", "category", {"name": name}))
    if len(rows.categories) > categories.MAX_OF_A_PRODUCT:
        plan.faults.append(Fault(rows.row, "categories", "too_many", {"limit": categories.MAX_OF_A_PRODUCT}))
    return [known[name] for name in rows.categories if name in known]


def _skus(product: ProductPlan, there: list[_Sku], plan: Plan) -> None:
    is_plain = bool(there) and not product.axes
    new, said = 0, dict[int, int]()
    for row in product.rows.skus:
        values = _values(product, row, is_plain=is_plain)
        old = _match(row, values, there)
        if row.specs and (values is None or (old is not None and old.specs != values)):
            plan.faults.append(Fault(row.row, "specs", "axes" if values is None else "specs_differ"))
        elif old is not None and (other := said.setdefault(old.id, row.row)) != row.row:
            plan.faults.append(Fault(row.row, "sku_name", "twice", {"other": other}))
        elif old is not None:
            plan.old_skus.append((old.id, row))
        elif product.axes and not row.specs:
            plan.faults.append(Fault(row.row, "specs", "axes"))
        elif row.price_fen is None:
            plan.faults.append(Fault(row.row, "price", "needed"))
        elif not row.specs and row.name is None:
            plan.faults.append(Fault(row.row, "sku_name", "needed"))
        else:
            new += 1
            more = (values or (), row.code, row.barcode, row.weight_g or 0)
            sku = products.NewSku(row.name or "", row.price_fen, row.stock or 0, *more)
            plan.new_skus.append((product.rows.code, sku))
    if len(there) + new > specs.MAX_SKUS:
        plan.faults.append(Fault(product.rows.row, "sku_name", "too_many", {"limit": specs.MAX_SKUS}))


def _values(product: ProductPlan, row: product_rows.SkuRow, *, is_plain: bool) -> tuple[str, ...] | None:
    """A row's specs in the order of its product's axes, which learn values they do not know. None: they do not fit."""
    if not row.specs:
        return ()
    if not product.axes and not is_plain and len(row.specs) <= specs.MAX_AXES:
        product.axes = [specs.Axis(name, ()) for name in row.specs]
    if {axis.name for axis in product.axes} != row.specs.keys():
        return None
    axes = [
        axis
        if row.specs[axis.name] in axis.values
        else specs.Axis(axis.name, (*axis.values, row.specs[axis.name]))
        for axis in product.axes
    ]
    if max(len(axis.values) for axis in axes) > specs.MAX_VALUES:
        return None
    product.axes = axes
    return tuple(row.specs[axis.name] for axis in axes)


def _match(row: product_rows.SkuRow, values: tuple[str, ...] | None, there: list[_Sku]) -> _Sku | None:
    for sku in there:
        if row.code is not None and sku.code == row.code:
            return sku
    for sku in there:
        if row.code is not None and sku.code is not None:
            continue  # another of the shop's numbers is another SKU
        if (sku.specs == values) if values else (not sku.specs and sku.name == row.name):
            return sku
    return None


async def _check_numbers(wanted: Sequence[product_rows.ProductRows], plan: Plan) -> None:
    """Codes and barcodes that others have."""
    mine = {row.row: sku_id for sku_id, row in plan.old_skus}
    skus = [sku for one in wanted for sku in one.skus]
    codes, barcodes = [sku.code for sku in skus if sku.code], [sku.barcode for sku in skus if sku.barcode]
    holders = {(row["column"], row["number"]): row["id"] for row in await db.fetch(_NUMBERS, codes, barcodes)}
    for sku in skus:
        for column, number in (("sku_code", sku.code), ("barcode", sku.barcode)):
            holder = holders.get((column, number)) if number else None
            if holder is not None and holder != mine.get(sku.row):
                plan.faults.append(Fault(sku.row, column, "taken", {"number": number}))
