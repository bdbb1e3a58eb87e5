"""After-sales as they are looked at, with their lines and what happened to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from billing import stores
from core import db, errors
from shop import after_sale_states, tracking


class NoSuchAfterSale(errors.NotFound):
    """There is no after-sale of this number, or it is not theirs."""

    code = "no_such_after_sale"


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a SKU. ``most_fen`` may go back for them at most, ``refund_fen`` did; of those that came back ``restocked`` can be sold
    again and ``written_off`` cannot."""

    sku_id: int
    product_name: str
    sku_name: str
    quantity: int
    most_fen: int
    refund_fen: int | None
    restocked: int
    written_off: int


@dataclass(frozen=True, slots=True)
class Event:
    """One step, by ``customer:…`` or ``operator:…``."""

    step: str
    was: str | None
    became: str
    by: str
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AfterSale:
    """What a customer wants done about goods of an order. ``carrier`` and ``tracking_no`` are of the parcel that comes back,
    ``new_carrier`` and ``new_tracking_no`` of the one that goes out instead; ``approval_no``: its refund was given to a second person;
    ``reduced_fen`` was taken off what is still owed for an order by instalments."""

    id: int
    return_no: str
    order_id: int
    order_no: str
    store_id: int
    customer_id: int
    kind: str
    state: str
    reason: str
    photos: int
    carrier: str | None
    tracking_no: str | None
    new_carrier: str | None
    new_tracking_no: str | None
    reject_reason: str | None
    approval_no: str | None
    refund_no: str | None
    refund_fen: int | None
    reduced_fen: int
    created_at: datetime
    ended_at: datetime | None
    lines: tuple[Line, ...] = ()

    @property
    def next_steps(self) -> tuple[after_sale_states.Step, ...]:
        """What an operator can do with it as it stands."""
        return after_sale_states.of_operator(self.state, self.kind)

    @property
    def most_fen(self) -> int:
        """What may go back at most."""
        return sum(line.most_fen for line in self.lines)


_OWN = {field.name: f"a.{field.name}" for field in fields(AfterSale) if field.name != "lines"}
_OWN["order_no"] = "o.order_no"
_OWN["store_id"] = "o.store_id"
_OWN["photos"] = "(SELECT count(*) FROM after_sale_photo p WHERE p.after_sale_id = a.id)::int AS photos"
_FROM = f"SELECT {', '.join(_OWN.values())} FROM after_sale a JOIN shop_order o ON o.id = a.order_id"
_GET = f"{_FROM} WHERE a.return_no = $1 AND ($2::bigint IS NULL OR a.customer_id = $2)"
_PAGE = f"""
{_FROM} WHERE a.id < $1 AND ($2::text[] IS NULL OR a.state = ANY ($2)) AND ($3::bigint IS NULL OR a.customer_id = $3)
    AND ($4::text IS NULL OR o.order_no = $4)
    AND ($6::text[] IS NULL OR EXISTS (SELECT FROM store s WHERE s.id = o.store_id AND s.code = ANY ($6)))
ORDER BY a.id DESC LIMIT $5
"""
_PAGE_OF_STATE = _PAGE.replace("($2::text[] IS NULL OR a.state = ANY ($2))", "a.state = ($2::text[])[1]")
"""Of one state: read from the end of the index of that state, however many there are of others."""
_LINES = """
SELECT l.after_sale_id, o.sku_id, o.product_name, o.sku_name, l.quantity, l.most_fen, l.refund_fen, l.restocked, l.written_off
FROM after_sale_line l JOIN order_line o ON o.id = l.line_id WHERE l.after_sale_id = ANY ($1::bigint[]) ORDER BY l.id
"""


async def get(
    return_no: str, *, customer_id: int | None = None, within: Collection[str] | None = None
) -> AfterSale:
    """One after-sale, of this customer if one is named, at one of the stores ``within``.

    Raises:
        NoSuchAfterSale.
    """
    row = await db.fetchrow(_GET, return_no, customer_id)
    if row is None or not await stores.is_within(row["store_id"], within):
        raise NoSuchAfterSale(return_no=return_no)
    (found,) = await _with_lines([AfterSale(*row)])
    return found


async def page(
    *,
    states: Collection[str] | None = None,
    customer_id: int | None = None,
    order_no: str | None = None,
    within: Collection[str] | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[AfterSale]:
    """After-sales, the newest first: all, or those in some states, of a customer, of an order, of some
    stores."""
    rows = await db.fetch(
        _PAGE_OF_STATE if states and len(states) == 1 else _PAGE,
        before if before is not None else 2**62,
        list(states) if states else None,
        customer_id,
        order_no,
        limit,
        None if within is None else list(within),
    )
    return await _with_lines([AfterSale(*row) for row in rows])


async def _with_lines(found: Sequence[AfterSale]) -> list[AfterSale]:
    lines: dict[int, list[Line]] = {one.id: [] for one in found}
    for of, *line in await db.fetch(_LINES, list(lines)):
        lines[of].append(Line(*line))
    return [replace(one, lines=tuple(lines[one.id])) for one in found]


_EVENTS = "SELECT step, was, became, by, note, at FROM after_sale_event WHERE after_sale_id = $1 ORDER BY id"


async def events(after_sale: AfterSale) -> list[Event]:
    """What happened to it, the first step first."""
    return [Event(*row) for row in await db.fetch(_EVENTS, after_sale.id)]


async def trails(after_sale: AfterSale) -> list[tracking.Trail]:
    """Where its parcels are, the one that comes back and the one that goes out instead."""
    parcels = [
        (carrier, number)
        for carrier, number in (
            (after_sale.carrier, after_sale.tracking_no),
            (after_sale.new_carrier, after_sale.new_tracking_no),
        )
        if carrier is not None and number is not None
    ]
    found = await tracking.trails(parcels) if parcels else {}
    return [found[parcel] for parcel in parcels if parcel in found]
