"""Orders placed and paid from the balances as a set: the fast lane of ``shop.orders.place_and_pay``.

All who ask at once are priced by one statement and then written by another (``migrations/sql/orders_buy.sql``). The lane does the plain
case only and leaves everything else as it was, without a word: ``shop.orders`` places and pays those alone and says why they cannot
be. Whoever adds a reason not to place an order, or not to pay it from the balance, adds it there *and* to the lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import batches, clock, db, errors, ids
from ledger import idempotency
from shop import orders_shown, paying, placing, quotes

Order = orders_shown.Order

_BUY = f"SELECT outcome, n, order_id FROM orders_buy({', '.join(f'${n}' for n in range(1, 27))})"
_MOST_ID = 2**63 - 1
_REMARK_LENGTH = 200
_PATIENCE_S = 0.05
"""A set costs as much again as eight of its orders: few wait for the one before."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """``priced``: None where the set prices it, with others."""

    customer_id: int
    quantities: dict[int, int]
    how: placing.How
    key: str
    fingerprint: bytes
    priced: quotes.Quote | None


async def at_once(
    customer_id: int, wanted: Sequence[placing.Wanted], how: placing.How, *, key: str
) -> Order | None:
    """Places and pays the order together with those of others. None: it is to be done alone."""
    quantities = placing.merged(wanted)
    if not _is_plain(quantities, how, key):
        return None
    priced = None
    if how.store is not None or how.address_id is not None:
        try:
            priced = await quotes.quote(customer_id, quantities, how)
        except (
            errors.DomainError
        ):  # who may not come in is not told why, and a key used before has its answer
            return None
    asked = idempotency.fingerprint(placing.content_of(quantities, how))
    return await _orders.done(_Asked(customer_id, quantities, how, key, asked, priced))


def _is_plain(quantities: dict[int, int], how: placing.How, key: str) -> bool:
    """Whether it takes nothing but stock and money; and what the database would refuse would be refused to all of the set."""
    return (
        not how.takes_more_than_stock
        and paying.is_plain(key, paying.KEY_LENGTH)
        and "\0" not in how.remark
        and len(how.remark) <= _REMARK_LENGTH
        and all(0 < sku_id <= _MOST_ID for sku_id in quantities)
        and all(0 < quantity <= quotes.MAX_QUANTITY for quantity in quantities.values())
    )


@dataclass(frozen=True, slots=True)
class _Bought:
    """One that is written with the set."""

    asked: _Asked
    priced: quotes.Quote
    order_no: str
    bill_no: str

    def order(self, order_id: int, now: datetime) -> Order:
        return placing.as_placed(
            self.asked.customer_id, self.priced, self.asked.how, order_id, self.order_no, self.bill_no, now, state="paid"
        )  # fmt: skip


async def _buy(asked: Sequence[_Asked]) -> list[Any]:
    answers: list[Any] = [None] * len(asked)
    going = _in_stock(await _priced(asked))
    if not going:
        return answers
    now = clock.now()
    numbers = zip(ids.new_run_of_nos("S", len(going)), ids.new_run_of_nos("B", len(going)), strict=True)
    bought = [_Bought(asked[at], going[at], *both) for at, both in zip(going, numbers, strict=True)]
    places = list(going)
    try:
        rows = await db.fetch(_BUY, *_columns(bought, now))
    except db.RETRIED:  # all of it was undone: somebody else took what was left of a SKU
        for at in places:  # the set does not price these anew, so they would undo the next one too
            answers[at] = batches.AGAIN if asked[at].priced is None else None
        return answers
    for outcome, n, order_id in rows:
        answers[places[n - 1]] = batches.AGAIN if outcome == "busy" else bought[n - 1].order(order_id, now)
    return answers


async def _priced(asked: Sequence[_Asked]) -> list[quotes.Quote | None]:
    """What each comes to; None where it cannot be had, or not for what the customer was shown."""
    priced = [one.priced for one in asked]
    missing = [at for at, one in enumerate(priced) if one is None]
    carts = [quotes.Cart(asked[at].customer_id, asked[at].quantities) for at in missing]
    for at, quoted in zip(missing, await quotes.plain(carts) if carts else (), strict=True):
        priced[at] = quoted
    return [
        None if quoted is None or one.how.total_fen not in (None, quoted.total_fen) else quoted
        for one, quoted in zip(asked, priced, strict=True)
    ]


def _in_stock(priced: Sequence[quotes.Quote | None]) -> dict[int, quotes.Quote]:
    """Those that stock lasts for if they come in this order, by their places."""
    promised: dict[tuple[int, int], int] = {}
    lasting = {}
    for at, quoted in enumerate(priced):
        if quoted is None:
            continue
        wanted = [((quoted.store_id, line.sku_id), line) for line in quoted.lines]
        if all(promised.get(where, 0) + line.quantity <= line.available for where, line in wanted):
            promised |= {where: promised.get(where, 0) + line.quantity for where, line in wanted}
            lasting[at] = quoted
    return lasting


def _columns(bought: Sequence[_Bought], now: datetime) -> tuple[Any, ...]:
    """What ``orders_buy`` is given: of the orders, then of their lines, a list a column."""
    lines = [(n, line) for n, one in enumerate(bought, 1) for line in one.priced.lines]
    return (
        now,
        now.isoformat(),
        now + placing.UNPAID_LIFETIME,
        [one.asked.customer_id for one in bought],
        [one.asked.key for one in bought],
        [one.asked.fingerprint for one in bought],
        [one.order_no for one in bought],
        [one.bill_no for one in bought],
        [one.priced.title for one in bought],
        [one.priced.store_id for one in bought],
        [one.priced.goods_fen for one in bought],
        [one.priced.freight_fen for one in bought],
        [one.priced.total_fen for one in bought],
        [one.priced.tax_fen for one in bought],
        [placing.written(one.priced.address) for one in bought],
        [one.asked.how.remark for one in bought],
        [n for n, _ in lines],
        [line.sku_id for _, line in lines],
        [line.product_name for _, line in lines],
        [line.sku_name for _, line in lines],
        [line.list_fen for _, line in lines],
        [line.price_fen for _, line in lines],
        [line.quantity for _, line in lines],
        [line.amount_fen for _, line in lines],
        [line.tax_percent for _, line in lines],
        [line.tax_fen for _, line in lines],
    )


_orders: batches.Batches[_Asked, Order] = batches.Batches(
    _buy, of=lambda asked: asked.customer_id, patience_s=_PATIENCE_S
)
