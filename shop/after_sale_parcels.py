"""The parcels by which goods of after-sales come back, as their customers say.

Every number is a question the shop pays for, and what is answered is somebody's whereabouts: so few numbers are taken for an after-sale, none
that is of somebody else however it is spelled, and the one that is replaced is not asked about any more.
"""

from __future__ import annotations

from core import db, errors
from ledger import accounts, idempotency
from shop import after_sale_steps, after_sales_shown, tracking
from shop.after_sales_shown import AfterSale

MOST = 5
"""So many numbers may be said of one after-sale, one after the other."""


class ParcelOfAnother(errors.Conflict):
    """The parcel is on its way to or from somebody else."""

    code = "parcel_of_another"


class TooManyParcels(errors.Conflict):
    """As many numbers were said of the after-sale as may be."""

    code = "too_many_parcels"


_SAID = """
SELECT DISTINCT e.after_sale_id, e.note FROM after_sale a JOIN after_sale_event e ON e.after_sale_id = a.id AND e.step = 'send_back'
WHERE a.customer_id = $1
"""
_OTHERWISE = """
SELECT carrier, tracking_no FROM shipment WHERE order_id = $1
UNION SELECT carrier, tracking_no FROM after_sale WHERE customer_id = $2 AND id <> $3 AND tracking_no IS NOT NULL
"""
_SENT_BACK = "UPDATE after_sale SET carrier = $2, tracking_no = $3 WHERE id = $1"


async def send_back(
    customer_id: int, return_no: str, carrier: str, tracking_no: str, *, key: str
) -> AfterSale:
    """The customer has sent the goods back by this parcel; said again with another number, that one counts. It may be one that was sent to
    them and comes back, or one of several after-sales; what is sent to somebody else is not theirs to follow.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, ParcelOfAnother, TooManyParcels, KeyReused.
    """
    by = accounts.of_customer(customer_id)

    async def act() -> None:
        found = await after_sale_steps.locked(return_no, "send_back", customer_id=customer_id)
        _, number = await _follow(found, carrier, tracking_no)
        await db.execute(_SENT_BACK, found.id, carrier, number)
        await after_sale_steps.go(found, "send_back", by=by, note=f"{carrier} {number}")

    content = {"return_no": return_no, "carrier": carrier, "tracking_no": tracking_no}
    await idempotency.alone(
        caller=by, operation="after_sales.send_back", key=key, content=content, act=act, answer=return_no
    )
    return await after_sales_shown.get(return_no)


async def _follow(found: AfterSale, carrier: str, tracking_no: str) -> tuple[str, str]:
    parcel = tracking.key(carrier, tracking_no)
    said = [(of, tracking.key(*note.rsplit(" ", 1))) for of, note in await db.fetch(_SAID, found.customer_id)]
    here = {one for of, one in said if of == found.id}
    if parcel not in here and len(here) >= MOST:
        raise TooManyParcels(most=MOST)
    rows = await db.fetch(_OTHERWISE, found.order_id, found.customer_id, found.id)
    otherwise = {tracking.key(*row) for row in rows}
    if not await tracking.watch(*parcel):
        if parcel not in otherwise and all(parcel != one for _, one in said):
            raise ParcelOfAnother(tracking_no=tracking_no)
        await tracking.resume(*parcel)
    if found.carrier is not None and found.tracking_no is not None:
        replaced = tracking.key(found.carrier, found.tracking_no)
        if replaced != parcel and replaced not in otherwise:
            await tracking.leave(*replaced)
    return parcel
