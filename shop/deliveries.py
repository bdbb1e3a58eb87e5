"""Deliveries, as the mini-program's platform is told of them (``billing.shipping``): which orders are still to be sent, and in what parcels the
others went."""

from __future__ import annotations

from collections.abc import Sequence

from billing import shipping
from core import db, sealed
from gateways.logistics import carriers
from gateways.wechat.shipping import EXPRESS_COMPANIES, Parcel
from members import addresses
from shop import orders_shown

_OF = """
SELECT o.order_no, o.state, o.address, s.carriers, s.numbers,
    o.state = 'cancelled' OR EXISTS (SELECT FROM order_event e WHERE e.order_id = o.id AND e.step = 'close') AS is_over
FROM shop_order o
LEFT JOIN LATERAL (
    SELECT array_agg(carrier ORDER BY id) AS carriers, array_agg(tracking_no ORDER BY id) AS numbers FROM shipment WHERE order_id = o.id
) s ON true
WHERE o.order_no = ANY ($1::text[])
"""


async def of(order_nos: Sequence[str]) -> dict[str, shipping.Delivery]:
    """Where each of these orders is. It is over for one that is cancelled, or was paid back and closed. One with an address, or of which a
    parcel has gone, is to come until the last of it has gone or was handed over; one without is fetched."""
    return {
        order_no: shipping.Delivery(is_over=True)
        if is_over
        else _delivery(state, address, list(zip(names or (), numbers or (), strict=True)))
        for order_no, state, address, names, numbers, is_over in await db.fetch(_OF, list(order_nos))
    }


def _delivery(state: str, address: str | None, sent: list[tuple[str, str]]) -> shipping.Delivery:
    if state not in ("shipped", "completed") and (address is not None or sent):
        return shipping.Delivery(to_come=True)
    where = addresses.read(address, orders_shown.ADDRESS)
    phone = None if where is None or where.phone == sealed.HIDDEN else where.phone
    parcels = []
    for carrier, number in sent:
        company = EXPRESS_COMPANIES.get(carriers.code_of(carrier) or "")
        if company is None:
            return shipping.Delivery(unknown_carrier=carrier)
        parcels.append(Parcel(company, number, phone))
    return shipping.Delivery(parcels=tuple(parcels))
