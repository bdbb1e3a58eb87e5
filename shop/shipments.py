"""Shipments 发货: an order goes out in one parcel or several; with the last of it the order is shipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing import shipping
from core import clock, db, errors, ids
from ledger import idempotency
from shop import order_review, order_states, order_steps, stock, tracking

NoSuchOrder = order_steps.NoSuchOrder
OrderStateForbids = order_steps.OrderStateForbids
OrderNotReviewed = order_review.OrderNotReviewed
OrderRefunded = order_review.OrderRefunded
By = order_review.By
KeyReused = idempotency.KeyReused


class NotInOrder(errors.Conflict):
    """The parcel has a SKU that nobody ordered."""

    code = "not_in_order"


class NotToBeShipped(errors.Conflict):
    """The parcel has more of a SKU than is left of the order to be shipped."""

    code = "not_to_be_shipped"


class AlreadyShipped(errors.Conflict):
    """The order has a parcel of this number already."""

    code = "already_shipped"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out: by which carrier, under which number, how many of which SKU; None: all that is left."""

    carrier: str
    tracking_no: str
    quantities: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """So many of one SKU."""

    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel of an order."""

    shipment_no: str
    carrier: str
    tracking_no: str
    shipped_at: datetime
    lines: tuple[ShippedLine, ...]
    trail: tracking.Trail | None = None
    """What is known of its way; None: nobody watches it."""


_LINES = "SELECT id, sku_id, reserved FROM order_line WHERE order_id = $1 ORDER BY id"
_THERE = "SELECT EXISTS (SELECT FROM shipment WHERE order_id = $1 AND carrier = $2 AND tracking_no = $3)"
_SHIP = """
WITH made AS (
    INSERT INTO shipment (shipment_no, order_id, carrier, tracking_no, shipped_by, shipped_at)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
), gone AS (
    UPDATE order_line l SET reserved = l.reserved - s.quantity, shipped = l.shipped + s.quantity
    FROM unnest($7::bigint[], $8::int[]) AS s (id, quantity) WHERE l.id = s.id
)
INSERT INTO shipment_line (shipment_id, line_id, quantity)
SELECT made.id, s.id, s.quantity FROM made, unnest($7::bigint[], $8::int[]) AS s (id, quantity)
"""


async def ship(by: order_review.By, order_no: str, parcel: Parcel, *, key: str) -> str:
    """An operator sends out an order, or part of it; its customer is told. Returns the shipment's number.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderNotReviewed, OrderRefunded, NotInOrder, NotToBeShipped, AlreadyShipped, KeyReused.
    """

    async def act() -> str:
        order = await order_steps.lock(order_no, within=by.stores)
        order_states.refuse("ship", order.state, order_no)
        order_review.refuse_unreviewed(order)
        await order_review.refuse_refunded(order)
        return await _ship(order, parcel, by.label)

    content = {
        "order_no": order_no, "carrier": parcel.carrier, "tracking_no": parcel.tracking_no,
        "quantities": None if parcel.quantities is None else sorted(parcel.quantities.items()),
    }  # fmt: skip
    return await idempotency.alone(
        caller=by.label, operation="shipments.ship", key=key, content=content, act=act
    )


async def _ship(order: order_steps.Order, parcel: Parcel, by: str) -> str:
    if await db.fetchval(_THERE, order.id, parcel.carrier, parcel.tracking_no):
        raise AlreadyShipped(order_no=order.order_no, tracking_no=parcel.tracking_no)
    left = {row["sku_id"]: (row["id"], row["reserved"]) for row in await db.fetch(_LINES, order.id)}
    going = parcel.quantities
    if going is None:
        going = {sku_id: reserved for sku_id, (_, reserved) in left.items() if reserved}
    for sku_id, quantity in going.items():
        if sku_id not in left:
            raise NotInOrder(order_no=order.order_no, sku_id=sku_id)
        most = left[sku_id][1]
        if quantity > most:
            raise NotToBeShipped(order_no=order.order_no, sku_id=sku_id, left=most)
    shipment_no = ids.new_no("P")
    await db.execute(
        _SHIP, shipment_no, order.id, parcel.carrier, parcel.tracking_no, by, clock.now(),
        [left[sku_id][0] for sku_id in going], list(going.values()),
    )  # fmt: skip
    await stock.take_reserved(going, store_id=order.store_id, kind="shipped", by=by, order_no=order.order_no)
    is_all = sum(going.values()) == sum(reserved for _, reserved in left.values())
    await order_steps.go(
        order,
        "ship",
        "shipped" if is_all else "shipping",
        by=by,
        note=f"{parcel.carrier} {parcel.tracking_no}",
    )
    if is_all:
        await shipping.look_again(order.bill_no)
    await tracking.watch(parcel.carrier, parcel.tracking_no, phone=(order.address or {}).get("phone"))
    await order_steps.tell(
        order,
        "order_shipped",
        shipment_no=shipment_no,
        carrier=parcel.carrier,
        tracking_no=parcel.tracking_no,
    )
    return shipment_no


_OF = """
SELECT s.shipment_no, s.carrier, s.tracking_no, s.shipped_at, o.sku_id, l.quantity
FROM shipment s JOIN shipment_line l ON l.shipment_id = s.id JOIN order_line o ON o.id = l.line_id
WHERE s.order_id = $1 ORDER BY s.id, l.id
"""


async def of_order(order_id: int) -> list[Shipment]:
    """The order's parcels, the first one first."""
    parcels: dict[str, tuple[str, str, datetime]] = {}
    lines: dict[str, list[ShippedLine]] = {}
    for number, carrier, tracking_no, at, sku_id, quantity in await db.fetch(_OF, order_id):
        parcels[number] = (carrier, tracking_no, at)
        lines.setdefault(number, []).append(ShippedLine(sku_id, quantity))
    trails = await tracking.trails([(carrier, tracking_no) for carrier, tracking_no, _ in parcels.values()])
    return [
        Shipment(number, carrier, tracking_no, at, tuple(lines[number]), trails.get((carrier, tracking_no)))
        for number, (carrier, tracking_no, at) in parcels.items()
    ]
