"""Stock 库存 by store: what there is of a SKU, what of it is promised to orders, and who changed it.

An order reserves what it is for when it is placed; shipping and handing over take it out; cancelling frees it. One statement
(``migrations/sql/stock_move.sql``) does all of it, so that nothing is ever promised twice; a constraint stands behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billing import stores
from core import clock, db, errors
from ledger import idempotency
from members import duties

SHOP = 0
"""Stands where a store's number would: the shop itself, which is all there is of a shop without stores."""
MOST = 1_000_000_000

Kind = Literal["opened", "adjusted", "counted", "shipped", "handed_over", "returned"]


class OutOfStock(errors.Conflict):
    """There is less left of a SKU than was ordered."""

    code = "out_of_stock"


class NoSuchSku(errors.NotFound):
    """There is no such SKU."""

    code = "no_such_sku"


class StockReserved(errors.Conflict):
    """Stock cannot fall below what is promised to orders."""

    code = "stock_reserved"


class StockOutOfRange(errors.Conflict):
    """There is never less than nothing of a SKU, nor more than ``MOST``."""

    code = "stock_out_of_range"


NotYourStore = duties.NotYourStore
KeyReused = idempotency.KeyReused
NoSuchStore = stores.NoSuchStore


@dataclass(frozen=True, slots=True)
class Level:
    """How much a store has of a SKU; ``reserved`` of it is promised to orders. ``low_at``: the shop's people are told when no more
    than so much can be ordered."""

    sku_id: int
    store_id: int
    on_hand: int
    reserved: int
    low_at: int | None

    @property
    def available(self) -> int:
        """What can still be ordered."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class Movement:
    """What came to stock, or left it: by whom, why, and what there was then."""

    id: int
    sku_id: int
    store_id: int
    kind: str
    change: int
    on_hand_after: int
    by: str
    reason: str
    reference: str | None
    created_at: datetime


def merged(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """So many of each SKU, of pairs of SKU and quantity."""
    quantities: dict[int, int] = {}
    for sku_id, quantity in lines:
        quantities[sku_id] = quantities.get(sku_id, 0) + quantity
    return quantities


def left(sku: str, store: str = str(SHOP)) -> str:
    """SQL of what can be ordered of a SKU (its table's name in the statement) at a store."""
    return f"coalesce((SELECT t.on_hand - t.reserved FROM stock t WHERE t.sku_id = {sku}.id AND t.store_id = {store}), 0)"


_LEVELS = "SELECT sku_id, store_id, on_hand, reserved, low_at FROM stock WHERE sku_id = ANY ($1::bigint[]) ORDER BY sku_id, store_id"


async def levels(sku_ids: Sequence[int]) -> list[Level]:
    """What every store has of these SKUs."""
    return [Level(*row) for row in await db.fetch(_LEVELS, list(sku_ids))]


_OF_PRODUCT = """
SELECT t.sku_id, t.store_id, t.on_hand, t.reserved, t.low_at, st.code
FROM stock t JOIN sku s ON s.id = t.sku_id LEFT JOIN store st ON st.id = t.store_id
WHERE s.product_id = $1 AND s.state = 'on_sale' ORDER BY t.sku_id, t.store_id
"""


async def of_product(product_id: int) -> list[tuple[Level, str | None]]:
    """What every store has of the SKUs of a product that are on sale, with the store's code; None: the shop's own."""
    return [(Level(*row), store) for *row, store in await db.fetch(_OF_PRODUCT, product_id)]


_OPEN = """
WITH had AS (
    INSERT INTO stock (sku_id, store_id, on_hand, reserved, low_at)
    SELECT s.sku_id, $3, s.on_hand, 0, NULL FROM unnest($1::bigint[], $2::int[]) AS s (sku_id, on_hand)
    ON CONFLICT (sku_id, store_id) DO NOTHING RETURNING sku_id, on_hand
)
INSERT INTO stock_movement (sku_id, store_id, kind, change, on_hand_after, by, reason, created_at)
SELECT sku_id, $3, 'opened', on_hand, on_hand, $4, '', $5 FROM had WHERE on_hand <> 0
"""


async def open_with(quantities: Mapping[int, int], *, store_id: int = SHOP, by: str) -> None:
    """The first stock of new SKUs at a store; where there is some already it stays. Part of the caller's transaction."""
    await db.execute(_OPEN, list(quantities), list(quantities.values()), store_id, by, clock.now())


_MOVE = "SELECT sku_id, available FROM stock_move($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def _move(
    store_id: int,
    on_hand: Mapping[int, int],
    reserved: Mapping[int, int],
    *,
    kind: Kind | None = None,
    by: str | None = None,
    reason: str = "",
    reference: str | None = None,
) -> dict[int, int]:
    """Returns what there is too little of, with what can be ordered of it; empty: it is done."""
    skus = sorted({*on_hand, *reserved})
    rows = await db.fetch(
        _MOVE, clock.now(), store_id, skus, [on_hand.get(one, 0) for one in skus],
        [reserved.get(one, 0) for one in skus], kind, by, reason, reference,
    )  # fmt: skip
    return {row["sku_id"]: row["available"] for row in rows}


async def change_reserved(changes: Mapping[int, int], *, store_id: int) -> None:
    """Promises so much more of each SKU to an order, or less. Part of the caller's transaction.

    Raises:
        OutOfStock: there is too little of one; nothing was done.
    """
    short = await _move(store_id, {}, changes) if changes else {}
    for sku_id, left in short.items():
        raise OutOfStock(sku_id=sku_id, stock=left, quantity=changes[sku_id])


async def take_reserved(
    quantities: Mapping[int, int],
    *,
    store_id: int,
    kind: Literal["shipped", "handed_over"],
    by: str,
    order_no: str,
) -> None:
    """What was promised to an order leaves. Part of the caller's transaction."""
    gone = {sku_id: -quantity for sku_id, quantity in quantities.items()}
    short = await _move(store_id, gone, gone, kind=kind, by=by, reference=order_no)
    assert not short, f"order {order_no} had reserved what there was not"


async def put_back(
    quantities: Mapping[int, int], *, store_id: int, by: str, reason: str, reference: str
) -> None:
    """What had left comes back and can be sold again. Part of the caller's transaction."""
    await open_with(dict.fromkeys(quantities, 0), store_id=store_id, by=by)
    short = await _move(store_id, quantities, {}, kind="returned", by=by, reason=reason, reference=reference)
    assert not short


_LOCK = "SELECT sku_id, store_id, on_hand, reserved, low_at FROM stock WHERE sku_id = $1 AND store_id = $2 FOR NO KEY UPDATE"
_EXISTS = "SELECT EXISTS (SELECT FROM sku WHERE id = $1)"
_LOW_AT = "UPDATE stock SET low_at = $3 WHERE sku_id = $1 AND store_id = $2"
_ALERT = """
INSERT INTO staff_alert (kind, dedup_key, params, raised_at)
SELECT 'stock_low', 'stock_low:' || s.sku_id || ':' || s.store_id,
       jsonb_build_object('sku_id', s.sku_id, 'name', p.name || ' ' || k.name, 'left', s.on_hand - s.reserved), $3
FROM stock s JOIN sku k ON k.id = s.sku_id JOIN product p ON p.id = k.product_id
WHERE s.sku_id = $1 AND s.store_id = $2 AND s.on_hand - s.reserved <= s.low_at
ON CONFLICT (dedup_key) WHERE resolved_at IS NULL DO NOTHING
"""
_NO_ALERT = """
UPDATE staff_alert a SET resolved_at = $3 FROM stock s
WHERE a.resolved_at IS NULL AND a.dedup_key = 'stock_low:' || s.sku_id || ':' || s.store_id AND s.sku_id = $1 AND s.store_id = $2
  AND (s.low_at IS NULL OR s.on_hand - s.reserved > s.low_at)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator does to stock: sets what was counted, or adds or takes away so many; one of the two, or neither where only
    ``low_at`` is set (-1: no alert any more)."""

    counted: int | None = None
    change: int | None = None
    low_at: int | None = None
    reason: str = ""


class CountedOrChanged(errors.Invalid):
    """Stock is either counted or changed by an amount."""

    code = "stock_counted_or_changed"


async def change(
    operator_id: int,
    sku_id: int,
    wish: Change,
    *,
    store: str | None = None,
    within: Collection[str] | None = None,
    key: str,
) -> Level:
    """An operator sets what a store (None: the shop itself) has of a SKU, or changes it, and says why. What that was is written down.
    ``within``: the codes of the stores whose stock is theirs; None: all.

    Raises:
        NoSuchSku, NoSuchStore, NotYourStore, StockReserved, StockOutOfRange, CountedOrChanged, KeyReused.
    """
    if within is not None and store not in within:
        raise NotYourStore(store=store or "")
    store_id = await stores.id_of(store)
    if wish.counted is not None and wish.change is not None:
        raise CountedOrChanged
    by = f"operator:{operator_id}"

    async def act() -> str:
        await _change(sku_id, store_id, wish, by)
        return str(sku_id)

    content = {"sku_id": sku_id, "store_id": store_id, "wish": repr(wish)}
    await idempotency.alone(
        caller=by, operation="stock.change", key=key, content=content, act=act, answer=str(sku_id)
    )
    return await level(sku_id, store_id)


async def _change(sku_id: int, store_id: int, wish: Change, by: str) -> None:
    if not await db.fetchval(_EXISTS, sku_id):
        raise NoSuchSku(sku_id=sku_id)
    await open_with({sku_id: 0}, store_id=store_id, by=by)
    row = await db.fetchrow(_LOCK, sku_id, store_id)
    assert row is not None
    there = Level(*row)
    by_much = wish.counted - there.on_hand if wish.counted is not None else wish.change or 0
    if not 0 <= there.on_hand + by_much <= MOST:
        raise StockOutOfRange(sku_id=sku_id, on_hand=there.on_hand, most=MOST)
    if there.on_hand + by_much < there.reserved:
        raise StockReserved(sku_id=sku_id, on_hand=there.on_hand, reserved=there.reserved)
    kind: Kind = "adjusted" if wish.counted is None else "counted"
    await _move(store_id, {sku_id: by_much}, {}, kind=kind, by=by, reason=wish.reason)
    if wish.low_at is not None:
        await db.execute(_LOW_AT, sku_id, store_id, None if wish.low_at < 0 else wish.low_at)
        await db.execute(_ALERT, sku_id, store_id, clock.now())
        await db.execute(_NO_ALERT, sku_id, store_id, clock.now())


async def level(sku_id: int, store_id: int = SHOP) -> Level:
    """What a store has of a SKU.

    Raises:
        NoSuchSku.
    """
    for one in await levels([sku_id]):
        if one.store_id == store_id:
            return one
    if not await db.fetchval(_EXISTS, sku_id):
        raise NoSuchSku(sku_id=sku_id)
    return Level(sku_id, store_id, 0, 0, None)


_MOVEMENTS = """
SELECT id, sku_id, store_id, kind, change, on_hand_after, by, reason, reference, created_at FROM stock_movement
WHERE sku_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""


async def movements(sku_id: int, *, before: int | None = None, limit: int = 20) -> list[Movement]:
    """What came to a SKU's stock and left it, the newest first."""
    rows = await db.fetch(_MOVEMENTS, sku_id, before if before is not None else 2**62, limit)
    return [Movement(*row) for row in rows]
