"""Products from a table: read, judged as a whole, and then taken as a whole or not at all.

A row that is wrong keeps everything out, and is said with its number; a dry run says the same and takes nothing. What an import does not
say stays as it is: it adds and changes, and withdraws nothing. The stock of a SKU that is there already is not touched, because people
buy it meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from core import clock, db, errors
from core.sheets import reading
from ledger import idempotency
from shop import categories, product_plans, product_rows, products, search_index, specs

MAX_ROWS = 5_000
MAX_BYTES = reading.MAX_BYTES
MAX_FAULTS = 200
_LOCK = 0x696D70
_INDEXED_AT_ONCE = 500


class ImportUnderWay(errors.Conflict):
    """Another import is under way."""

    code = "import_under_way"


SheetUnreadable = reading.SheetUnreadable
SheetTooLarge = reading.SheetTooLarge
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do. ``faults``: what is wrong, by row, the first of it; then nothing was taken."""

    rows: int
    products_added: int
    products_changed: int
    skus_added: int
    skus_changed: int
    is_taken: bool
    faults: Sequence[product_rows.Fault] = ()


class _NotTaken(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


async def take(operator_id: int, file: bytes, *, is_dry: bool, key: str) -> Outcome:
    """Adds and changes products as a table says. The same key and file give the outcome of the first time; a dry run, or one with
    faults, leaves the key free.

    Raises:
        SheetUnreadable, SheetTooLarge, ImportUnderWay, KeyReused.
    """
    found, rows = await reading.rows(file, list(product_rows.titles()), most_rows=MAX_ROWS)
    if "product_code" not in {product_rows.titles()[title] for title in found}:
        raise SheetUnreadable(reason="no_product_code")
    wanted, faults = product_rows.read(rows)
    try:
        said = await _taken(operator_id, file, wanted, faults, len(rows), is_dry, key)
    except _NotTaken as ended:
        return ended.outcome
    return Outcome(**json.loads(said))


@db.retried
async def _taken(
    operator_id: int,
    file: bytes,
    wanted: Sequence[product_rows.ProductRows],
    faults: Sequence[product_rows.Fault],
    rows: int,
    is_dry: bool,
    key: str,
) -> str:
    caller = f"operator:{operator_id}"

    async def act() -> str:
        if not await db.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            raise ImportUnderWay
        plan = await product_plans.made(wanted)
        unread = {(fault.row, fault.column) for fault in faults}  # filled in, so not missing
        missing = [one for one in plan.faults if one.kind != "needed" or (one.row, one.column) not in unread]
        wrong = sorted([*faults, *missing], key=lambda fault: fault.row)[:MAX_FAULTS]
        outcome = Outcome(
            rows,
            len(plan.new),
            len(plan.old),
            len(plan.new_skus),
            len(plan.old_skus),
            not (wrong or is_dry),
            wrong,
        )
        if not outcome.is_taken:
            raise _NotTaken(outcome)
        await _write(plan, by=caller)
        return json.dumps(asdict(outcome))

    async with db.transaction():
        return await idempotency.once(
            caller=caller,
            operation="products.import",
            key=key,
            content={"file": idempotency.fingerprint({"file": file.hex()}).hex()},
            act=act,
        )


_ADD = """
INSERT INTO product (code, name, description, state, axes, created_at)
SELECT n.code, n.name, n.description, n.state, n.axes::jsonb, $6
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS n (code, name, description, state, axes, n)
ORDER BY n.n RETURNING id, code
"""
_CHANGE = """
UPDATE product SET name = coalesce(n.name, product.name), description = coalesce(n.description, product.description),
       state = coalesce(n.state, product.state), axes = n.axes::jsonb
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS n (id, name, description, state, axes)
WHERE product.id = n.id
"""
_CHANGE_SKUS = """
UPDATE sku SET name = coalesce(n.name, sku.name), code = coalesce(n.code, sku.code), barcode = coalesce(n.barcode, sku.barcode),
       price_fen = coalesce(n.price_fen, sku.price_fen), weight_g = coalesce(n.weight_g, sku.weight_g)
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[]) AS n (id, name, code, barcode, price_fen, weight_g)
WHERE sku.id = n.id
"""


async def _write(plan: product_plans.Plan, *, by: str) -> None:
    new, old = plan.new, plan.old
    made = await db.fetch(
        _ADD,
        [one.rows.code for one in new],
        [one.rows.name for one in new],
        [one.rows.description or "" for one in new],
        [one.rows.state or "on_shelf" for one in new],
        [specs.written(one.axes) for one in new],
        clock.now(),
    )
    ids = {row["code"]: row["id"] for row in made} | {one.rows.code: one.id for one in old}
    await db.execute(
        _CHANGE,
        [one.id for one in old],
        [one.rows.name for one in old],
        [one.rows.description for one in old],
        [one.rows.state for one in old],
        [specs.written(one.axes) for one in old],
    )
    await products.insert_skus(
        [ids[code] for code, _ in plan.new_skus], [sku for _, sku in plan.new_skus], by=by
    )
    await db.execute(
        _CHANGE_SKUS,
        [sku_id for sku_id, _ in plan.old_skus],
        [row.name for _, row in plan.old_skus],
        [row.code for _, row in plan.old_skus],
        [row.barcode for _, row in plan.old_skus],
        [row.price_fen for _, row in plan.old_skus],
        [row.weight_g for _, row in plan.old_skus],
    )
    await categories.stand_all(
        {ids[one.rows.code]: one.category_ids for one in (*new, *old) if one.category_ids is not None}
    )
    every = sorted(ids.values())
    await products.count_lowest(every)
    for at in range(0, len(every), _INDEXED_AT_ONCE):
        await search_index.index(every[at : at + _INDEXED_AT_ONCE])
