"""What coupons take off an order: arithmetic only.

Amounts go before percentages, the larger before the smaller, each from what the ones before left of the goods it is for. Whether there
is enough of those goods is asked of their prices before any coupon. What a coupon takes is spread over its lines in proportion, to the
fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core import errors

Kind = Literal["amount", "percent"]
Stacks = Literal["alone", "others", "any"]


class CouponNotUsable(errors.Conflict):
    """The coupon was used, or the shop took it back."""

    code = "coupon_not_usable"


class CouponNotInTime(errors.Conflict):
    """The coupon is not good yet, or not any more."""

    code = "coupon_not_in_time"


class CouponNotForThese(errors.Conflict):
    """The coupon is for other goods."""

    code = "coupon_not_for_these"


class CouponTooLittle(errors.Conflict):
    """The goods the coupon is for come to too little."""

    code = "coupon_too_little"


class CouponsDoNotStack(errors.Conflict):
    """These coupons cannot be used on one order."""

    code = "coupons_do_not_stack"


class CouponNotWithPoints(errors.Conflict):
    """The coupon cannot be used together with points."""

    code = "coupon_not_with_points"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order: so many of a SKU, at their prices before coupons."""

    sku_id: int
    product_id: int
    category_ids: Sequence[int]
    quantity: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Coupon:
    """A customer's coupon with the terms of its kind. ``products`` and ``categories`` None: for everything."""

    coupon_no: str
    template_id: int
    name: str
    kind: Kind
    off_fen: int | None
    off_percent: int | None
    most_fen: int | None
    least_fen: int
    products: Sequence[int] | None
    categories: Sequence[int] | None
    stacks: Stacks
    with_points: bool
    state: str
    from_at: datetime
    ends_at: datetime

    def is_for(self, line: Line) -> bool:
        """Whether it takes something off this line."""
        if self.products is None and self.categories is None:
            return True
        return line.product_id in (self.products or ()) or not set(self.categories or ()).isdisjoint(
            line.category_ids
        )


@dataclass(frozen=True, slots=True)
class Discount:
    """What one coupon takes off, in all and of each line in the given order."""

    coupon_no: str
    template_id: int
    name: str
    off_fen: int
    line_fen: tuple[int, ...]


def discounts(
    coupons: Sequence[Coupon], lines: Sequence[Line], *, now: datetime, with_points: bool = False
) -> list[Discount]:
    """What these coupons take off together, in the order they are applied.

    Raises:
        CouponNotUsable, CouponNotInTime, CouponNotForThese, CouponTooLittle, CouponsDoNotStack, CouponNotWithPoints.
    """
    _refuse_together(coupons)
    left = [line.amount_fen for line in lines]
    found = []
    for coupon in sorted(coupons, key=_turn):
        if with_points and not coupon.with_points:
            raise CouponNotWithPoints(name=coupon.name)
        taken = _taken(coupon, lines, left, now)
        left = [fen - off for fen, off in zip(left, taken, strict=True)]
        found.append(Discount(coupon.coupon_no, coupon.template_id, coupon.name, sum(taken), tuple(taken)))
    return found


def _turn(coupon: Coupon) -> tuple[bool, int, str]:
    return coupon.kind == "percent", -(coupon.off_fen or coupon.off_percent or 0), coupon.coupon_no


def _refuse_together(coupons: Sequence[Coupon]) -> None:
    kinds = [coupon.template_id for coupon in coupons]
    for coupon in coupons:
        alone = coupon.stacks == "alone" and len(coupons) > 1
        if alone or (coupon.stacks != "any" and kinds.count(coupon.template_id) > 1):
            raise CouponsDoNotStack(name=coupon.name)


def _taken(coupon: Coupon, lines: Sequence[Line], left: Sequence[int], now: datetime) -> list[int]:
    if coupon.state != "unused":
        raise CouponNotUsable(name=coupon.name)
    if not coupon.from_at <= now < coupon.ends_at:
        raise CouponNotInTime(name=coupon.name, from_at=coupon.from_at, ends_at=coupon.ends_at)
    meant = [coupon.is_for(line) for line in lines]
    if not any(meant):
        raise CouponNotForThese(name=coupon.name)
    goods_fen = sum(line.amount_fen for line, is_meant in zip(lines, meant, strict=True) if is_meant)
    if goods_fen < coupon.least_fen:
        raise CouponTooLittle(name=coupon.name, least_fen=coupon.least_fen, amount_fen=goods_fen)
    weights = [fen if is_meant else 0 for fen, is_meant in zip(left, meant, strict=True)]
    return spread(min(_off(coupon, sum(weights)), sum(weights)), weights)


def _off(coupon: Coupon, goods_fen: int) -> int:
    if coupon.off_fen is not None:
        return coupon.off_fen
    off_fen = goods_fen * (coupon.off_percent or 0) // 100
    return off_fen if coupon.most_fen is None else min(off_fen, coupon.most_fen)


def spread(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts in proportion to the weights, none above its weight where the amount is not above their sum; the fen that are
    left go to the largest remainders, of equals to the first."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount_fen * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda at: (-(amount_fen * weights[at] % whole), at))
    for at in by_rest[: amount_fen - sum(parts)]:
        parts[at] += 1
    return parts
