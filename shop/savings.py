"""Savings 可用优惠: which coupons and how many points a customer could use for some SKUs, before they choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core import errors
from members import coupon_rules, coupons, points
from shop import quotes


@dataclass(frozen=True, slots=True)
class Fitting:
    """A coupon the customer has, what it alone would take off, or why it would not."""

    coupon: coupon_rules.Coupon
    off_fen: int
    refusal: errors.DomainError | None


@dataclass(frozen=True, slots=True)
class Savings:
    """What could be used: coupons, the best first, and the most points without any coupon."""

    coupons: tuple[Fitting, ...]
    points: points.Off


async def of(customer_id: int, quantities: Mapping[int, int], *, store: str | None = None) -> Savings:
    """What could be used for so many of these, at a store (its code) or from the shop.

    Raises:
        SkuNotForSale, QuantityTooLarge, OrderTooLarge, NoSuchStore.
    """
    plain = await quotes.quote(customer_id, quantities, quotes.Wish(store))
    lines = await quotes.coupon_lines(plain.lines)
    found = [Fitting(*one) for one in await coupons.fitting(customer_id, lines)]
    return Savings(tuple(found), await points.redeemable(customer_id, plain.goods_fen))
