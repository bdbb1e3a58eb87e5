"""An order with all that is known of it: its history, its parcels, and what is still owed for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

from billing import bills, parts, stores
from shop import orders_history, orders_shown, shipments

NoSuchOrder = orders_shown.NoSuchOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(orders_shown.Order):
    """An order with its history and its parcels. ``owed_fen`` is still to be paid; ``instalments`` are the parts of one paid in parts."""

    owed_fen: int
    instalments: tuple[parts.Part, ...]
    history: tuple[orders_history.Event, ...]
    shipments: tuple[shipments.Shipment, ...]


async def read(
    order_no: str, *, customer_id: int | None = None, within: Collection[str] | None = None
) -> Record:
    """One order, of the customer where one is named, at one of the stores ``within``.

    Raises:
        NoSuchOrder: there is none of this number, or it is not theirs, or not there.
    """
    order = await (
        orders_shown.find(order_no) if customer_id is None else orders_shown.get(customer_id, order_no)
    )
    if not await stores.is_within(order.store_id, within):
        raise NoSuchOrder(order_no=order_no)
    own = {field.name: getattr(order, field.name) for field in fields(orders_shown.Order)}
    bill = await bills.find(order.bill_no)
    in_parts = await parts.running([bill.id]) if bill.collect_mode == "instalments" else {}
    return Record(
        **own,
        history=tuple(await orders_history.of_order(order.id)),
        shipments=tuple(await shipments.of_order(order.id)),
        owed_fen=bill.owed_fen if bill.state in bills.OWED else 0,
        instalments=tuple(in_parts.get(bill.id, ())),
    )
