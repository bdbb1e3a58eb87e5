"""Coupons and points of an order: taken when it is placed, given back when it is not to be."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from members import coupons, points
from shop import orders_shown, quotes


async def take(customer_id: int, priced: quotes.Quote, order_no: str, *, again: int = 0) -> str | None:
    """The order takes the coupons and points it was priced with. Part of the caller's transaction, before stock is locked. Returns
    what is written down of them. ``again``: how often the order was changed, since points are spent under a reference once.

    Raises:
        CouponNotUsable, PointsShort.
    """
    if not priced.discounts:
        return None
    reference = f"order:{order_no}:{again}" if again else f"order:{order_no}"
    await coupons.use(customer_id, priced.coupons, order_no)
    if priced.points:
        await points.spend(customer_id, priced.points, reference, worth_fen=priced.points_fen)
    taken = [one if one.kind == "coupon" else replace(one, reference=reference) for one in priced.discounts]
    return json.dumps([asdict(one) for one in taken], ensure_ascii=False)


async def give_back(order: orders_shown.Order, *, by: str) -> None:
    """A locked order that is not to be, or is priced anew, gives back what it took. Part of the caller's transaction."""
    if any(one.kind == "coupon" for one in order.discounts):
        await coupons.give_back(order.order_no, by=by)
    for one in order.discounts:
        if one.kind == "points":
            await points.give_back(one.reference, operator=by)
