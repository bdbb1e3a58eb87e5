"""Quotes 报价: what so many of some SKUs cost a customer now. The preview and placing an order ask here, so both come to the same.

Prices first, then coupons, then points on what is left of the goods, then freight by what the goods come to after that. At least one
fen is left to pay.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing import instalments_of_orders, stores, terms
from core import clock, db, errors, money
from members import addresses, coupon_rules, coupons, points, points_rules
from shop import categories, freight, orders_shown, prices, stock, taxes

Discount = orders_shown.Discount


class SkuNotForSale(errors.Conflict):
    """A SKU of the order does not exist or its product is off the shelf."""

    code = "sku_not_for_sale"


class OrderTooLarge(errors.Invalid):
    """The order comes to more than a single amount may be."""

    code = "order_too_large"


class QuantityTooLarge(errors.Invalid):
    """More of one SKU than an order may have, all its lines taken together."""

    code = "quantity_too_large"


MAX_QUANTITY = 999


class CouponForNothing(errors.Conflict):
    """The coupon would be used up and take nothing off this order."""

    code = "coupon_for_nothing"


class PointsForNothing(errors.Conflict):
    """So few points would be spent and take nothing off this order."""

    code = "points_for_nothing"


REFUSALS: tuple[type[errors.DomainError], ...] = (
    SkuNotForSale, QuantityTooLarge, OrderTooLarge, stores.NoSuchStore, addresses.NoSuchAddress, coupons.NoSuchCoupon, *coupons.REFUSALS, points_rules.NoPoints, points.PointsShort,
    points.TooManyPoints, CouponForNothing, PointsForNothing, freight.RegionInvalid, freight.NotDeliveredThere,
)  # fmt: skip
"""What ``quote`` may answer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an order is priced by besides its lines: from which store (its code), to which of the customer's addresses (None: it is fetched), which coupons, how many points."""

    store: str | None = None
    address_id: int | None = None
    coupon_nos: tuple[str, ...] = ()
    points: int = 0


PLAIN = Wish()


@dataclass(frozen=True, slots=True)
class Cart:
    """So many of some SKUs, and who wants them."""

    customer_id: int
    quantities: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one SKU, what they cost, and how many can be ordered. ``list_fen`` is what it costs who has no better price."""

    sku_id: int
    product_id: int
    product_name: str
    sku_name: str
    quantity: int
    list_fen: int
    price_fen: int
    available: int
    weight_g: int
    tax_percent: int
    category_ids: tuple[int, ...]
    discount_fen: int = 0

    @property
    def amount_fen(self) -> int:
        return self.price_fen * self.quantity

    @property
    def tax_fen(self) -> int:
        """How much of what is paid for it is tax."""
        return taxes.included(self.amount_fen - self.discount_fen, self.tax_percent)

    @property
    def in_stock(self) -> bool:
        """Whether there are as many as wanted."""
        return self.available >= self.quantity


@dataclass(frozen=True)
class Quote:
    """What an order would come to; added up once."""

    store_id: int
    lines: tuple[Line, ...]
    coupons: tuple[coupon_rules.Discount, ...] = ()
    points: int = 0
    points_fen: int = 0
    freight_fen: int = 0
    address: addresses.Where | None = None
    """Where it goes; None: it is fetched."""

    @property
    def discounts(self) -> tuple[Discount, ...]:
        """Why it costs less, by name."""
        found = [Discount("coupon", one.name, one.off_fen, one.coupon_no) for one in self.coupons]
        if self.points:
            found.append(Discount("points", "", self.points_fen, points=self.points))
        return tuple(found)

    @functools.cached_property
    def goods_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @functools.cached_property
    def discount_fen(self) -> int:
        return sum(line.discount_fen for line in self.lines)

    @functools.cached_property
    def total_fen(self) -> int:
        return self.goods_fen - self.discount_fen + self.freight_fen

    @functools.cached_property
    def tax_fen(self) -> int:
        """How much of the total is tax: what is of each line, and of the freight at the shop's own rate."""
        freight_fen = taxes.included(self.freight_fen, terms.current().included_tax_percent)
        return sum(line.tax_fen for line in self.lines) + freight_fen

    @property
    def instalment_parts(self) -> tuple[int, ...]:
        """In how many parts an order of this total can be paid; none: not by instalments."""
        return tuple(len(offer.parts) for offer in instalments_of_orders.offers(self.total_fen))

    @property
    def title(self) -> str:
        """What the bill says it is for."""
        first = self.lines[0].product_name
        return first if len(self.lines) == 1 else f"{first} 等{len(self.lines)}种"

    def columns(self) -> tuple[list[Any], ...]:
        """Its lines, a list a column: SKU, names, list price, price, quantity, amount, discount, rate of tax, tax."""
        return (
            [line.sku_id for line in self.lines],
            [line.product_name for line in self.lines],
            [line.sku_name for line in self.lines],
            [line.list_fen for line in self.lines],
            [line.price_fen for line in self.lines],
            [line.quantity for line in self.lines],
            [line.amount_fen for line in self.lines],
            [line.discount_fen for line in self.lines],
            [line.tax_percent for line in self.lines],
            [line.tax_fen for line in self.lines],
        )


async def quote(
    customer_id: int,
    quantities: Mapping[int, int],
    wish: Wish = PLAIN,
    *,
    kept: addresses.Where | None = None,
) -> Quote:
    """What these would cost the customer now. Too little in stock is no refusal here: the line says how many can be ordered. ``kept``:
    where an order goes that names no other address.

    Raises:
        SkuNotForSale, QuantityTooLarge, OrderTooLarge, and of coupons, points and freight: ``REFUSALS``.
    """
    _refuse_too_many(quantities)
    store_id = await stores.id_of(wish.store)
    priced = _of_lines(store_id, quantities, await seen(customer_id, quantities, store_id=store_id))
    if wish.coupon_nos:
        priced = await _with_coupons(customer_id, priced, wish)
    if wish.points:
        priced = await _with_points(customer_id, priced, wish.points)
    if wish.address_id is not None:
        kept = (await addresses.get(customer_id, wish.address_id)).where
    if kept is not None:
        priced = await _with_freight(priced, kept)
        _refuse_too_large(priced)
    return priced


async def plain(carts: Sequence[Cart]) -> list[Quote | None]:
    """What ``quote`` says to each of these, of the shop's own stock, with no wish; None where it refuses. One statement for all."""
    wanted = [
        (at, sku_id, quantity)
        for at, cart in enumerate(carts)
        for sku_id, quantity in cart.quantities.items()
    ]
    rows = await _seen(
        [sku_id for _, sku_id, _ in wanted],
        [quantity for _, _, quantity in wanted],
        [carts[at].customer_id for at, _, _ in wanted],
        store_id=stock.SHOP,
    )
    there: list[dict[int, tuple[Line, bool]]] = [{} for _ in carts]
    for (at, sku_id, _), found in zip(wanted, rows, strict=True):
        if found is not None:
            there[at][sku_id] = found
    quoted: list[Quote | None] = []
    for cart, lines in zip(carts, there, strict=True):
        try:
            _refuse_too_many(cart.quantities)
            quoted.append(_of_lines(stock.SHOP, cart.quantities, lines))
        except errors.DomainError:
            quoted.append(None)
    return quoted


def _refuse_too_many(quantities: Mapping[int, int]) -> None:
    for sku_id, quantity in quantities.items():
        if quantity > MAX_QUANTITY:
            raise QuantityTooLarge(sku_id=sku_id, most=MAX_QUANTITY)


def _of_lines(store_id: int, quantities: Mapping[int, int], there: Mapping[int, tuple[Line, bool]]) -> Quote:
    for sku_id in quantities:
        if sku_id not in there or not there[sku_id][1]:
            raise SkuNotForSale(sku_id=sku_id)
    priced = Quote(store_id, tuple(there[sku_id][0] for sku_id in quantities))
    _refuse_too_large(priced)
    return priced


def _refuse_too_large(priced: Quote) -> None:
    if priced.total_fen > money.MAX_FEN:
        raise OrderTooLarge(limit_fen=money.MAX_FEN)


async def _with_coupons(customer_id: int, priced: Quote, wish: Wish) -> Quote:
    judged = await coupons.judge(
        customer_id,
        wish.coupon_nos,
        await coupon_lines(priced.lines),
        with_points=wish.points > 0,
    )
    kept, left_fen = [], priced.goods_fen - 1
    for one in judged:
        fits = _at_most(one.line_fen, left_fen)
        if not sum(fits):
            raise CouponForNothing(name=one.name)
        left_fen -= sum(fits)
        kept.append(replace(one, off_fen=sum(fits), line_fen=fits))
    return replace(_less(priced, [one.line_fen for one in kept]), coupons=tuple(kept))


async def coupon_lines(lines: Sequence[Line]) -> list[coupon_rules.Line]:
    """The lines as coupons are judged by: a product stands in its categories and in all that those are within."""
    above = await categories.above({one for line in lines for one in line.category_ids})
    return [
        coupon_rules.Line(
            line.sku_id,
            line.product_id,
            [one for within in line.category_ids for one in above.get(within, ())],
            line.quantity,
            line.amount_fen,
        )
        for line in lines
    ]


async def _with_points(customer_id: int, priced: Quote, wanted: int) -> Quote:
    left = [line.amount_fen - line.discount_fen for line in priced.lines]
    off = await points.redeemable(customer_id, sum(left), wanted)
    off_fen = min(off.off_fen, sum(left) - 1)
    if off_fen <= 0:
        raise PointsForNothing(points=wanted)
    shares = tuple(coupon_rules.spread(off_fen, left))
    return replace(_less(priced, [shares]), points=off.points, points_fen=off_fen)


async def _with_freight(priced: Quote, address: addresses.Where) -> Quote:
    lines = [freight.Line(line.sku_id, line.quantity, line.weight_g) for line in priced.lines]
    fee_fen = await freight.fee(address.region_code, lines, priced.goods_fen - priced.discount_fen)
    return replace(priced, freight_fen=fee_fen, address=address)


def _less(priced: Quote, off: Sequence[Sequence[int]]) -> Quote:
    return replace(
        priced,
        lines=tuple(
            replace(line, discount_fen=line.discount_fen + sum(one[at] for one in off))
            for at, line in enumerate(priced.lines)
        ),
    )


def _at_most(line_fen: Sequence[int], most_fen: int) -> tuple[int, ...]:
    """The same of each line, but no more in all."""
    kept = []
    for fen in line_fen:
        kept.append(min(fen, most_fen))
        most_fen -= kept[-1]
    return tuple(kept)


FOR_SALE = "p.state = 'on_shelf' AND s.state = 'on_sale'"
"""Whether a SKU (s) of a product (p) can be had at all, as SQL."""
_LINES = f"""
SELECT w.sku_id, p.id AS product_id, p.name AS product_name, s.name AS sku_name, w.quantity, s.price_fen AS list_fen,
       {prices.fen("s")} AS price_fen, {stock.left("s", "$4::bigint")} AS available, s.weight_g,
       coalesce({taxes.percent_of("p")}, $6::int) AS tax_percent,
       ARRAY(SELECT c.category_id FROM product_category c WHERE c.product_id = p.id) AS category_ids,
       {FOR_SALE} AS for_sale
FROM unnest((SELECT $1::bigint[]), (SELECT $2::int[]), (SELECT $3::bigint[])) WITH ORDINALITY AS w (sku_id, quantity, customer_id, n)
LEFT JOIN LATERAL (SELECT * FROM sku WHERE sku.id = w.sku_id OFFSET 0) s ON true
LEFT JOIN LATERAL (SELECT * FROM product WHERE product.id = s.product_id OFFSET 0) p ON true
{prices.joined(sku="s", customer="w.customer_id", store="$4::bigint", now="$5::timestamptz")}
ORDER BY w.n
"""
"""Row by row: a cart is small, whatever the planner thinks of a list, and whole tables are not to be read for it. Sub-selects hide how many
are asked for: it would plan anew for every number of them."""


async def seen(
    customer_id: int, quantities: Mapping[int, int], *, store_id: int
) -> dict[int, tuple[Line, bool]]:
    """What so many of each SKU cost the customer now, and whether it is for sale; a SKU that does not exist is left out."""
    skus = list(quantities)
    rows = await _seen(skus, list(quantities.values()), [customer_id] * len(skus), store_id=store_id)
    return {sku_id: found for sku_id, found in zip(skus, rows, strict=True) if found is not None}


async def _seen(
    sku_ids: Sequence[int], quantities: Sequence[int], customer_ids: Sequence[int], *, store_id: int
) -> list[tuple[Line, bool] | None]:
    tax_percent = terms.current().included_tax_percent
    rows = await db.fetch(_LINES, sku_ids, quantities, customer_ids, store_id, clock.now(), tax_percent)
    return [
        None
        if row["product_id"] is None
        else (Line(*[*tuple(row)[:-2], tuple(row["category_ids"])]), row["for_sale"])
        for row in rows
    ]
