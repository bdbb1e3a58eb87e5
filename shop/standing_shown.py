"""Standing orders as they are looked at: what is agreed, what comes, what became of deliveries; and what a forecast counts of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from billing import forecast, schedule
from core import clock, db, errors
from ledger import accounts
from members import addresses
from shop import standing_rows

State = Literal["active", "paused", "cancelled", "ended"]
DeliveryState = Literal["upcoming", "waiting", "ordered", "waived", "missed"]
NoSuchStandingOrder = standing_rows.NoSuchStandingOrder


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one SKU at each delivery."""

    sku_id: int
    product_name: str
    sku_name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """What is agreed. ``expected_fen`` is what a delivery came to when it was last priced."""

    id: int
    customer_id: int
    store: str | None
    name: str
    lines: tuple[Line, ...]
    address: dict[str, Any] | None
    remark: str
    cycle: str
    rule: schedule.Schedule
    most_fen: int
    expected_fen: int
    hours_ahead: int
    state: State
    started_on: date
    ends_on: date | None
    next_day: date | None
    paused_on: date | None
    resume_on: date | None
    consent_version: str
    consented_at: datetime
    consent_door: str
    consent_by: str | None
    consent_proof: str | None
    created_at: datetime
    ended_at: datetime | None


_COLUMNS = """
s.id, s.customer_id, (SELECT code FROM store WHERE store.id = s.store_id) AS store, s.name,
(SELECT json_agg(json_build_array(l.sku_id, p.name, k.name, l.quantity) ORDER BY l.id) FROM standing_line l
 JOIN sku k ON k.id = l.sku_id JOIN product p ON p.id = k.product_id WHERE l.standing_order_id = s.id)::text AS lines,
s.address::text AS address, s.remark, s.cycle, s.schedule::text AS schedule, s.most_fen, s.expected_fen, s.hours_ahead, s.state, s.started_on,
s.ends_on, s.next_day, s.paused_on, s.resume_on, s.consent_version, s.consented_at, s.consent_door, s.consent_by, s.consent_proof,
s.created_at, s.ended_at
"""
_GET = (
    f"SELECT {_COLUMNS} FROM standing_order s WHERE s.id = $1 AND ($2::bigint IS NULL OR s.customer_id = $2)"
)
_PAGE = f"""
SELECT {_COLUMNS} FROM standing_order s
WHERE ($1::bigint IS NULL OR s.customer_id = $1) AND ($2::text IS NULL OR s.state = $2) AND s.id < $3 ORDER BY s.id DESC LIMIT $4
"""


async def get(standing_id: int, *, customer_id: int | None = None) -> StandingOrder:
    """One, of that customer where one is named.

    Raises:
        NoSuchStandingOrder: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, standing_id, customer_id)
    if row is None:
        raise NoSuchStandingOrder(standing_id=standing_id)
    return _of(tuple(row))


async def page(
    *,
    customer_id: int | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[StandingOrder]:
    """Standing orders, newest first; of one customer or state only where asked."""
    rows = await db.fetch(_PAGE, customer_id, state, 2**62 if before is None else before, limit)
    return [_of(tuple(row)) for row in rows]


def _of(row: Sequence[Any]) -> StandingOrder:
    values = list(row)
    values[4] = tuple(Line(*line) for line in json.loads(values[4] or "[]"))
    values[5] = addresses.shown(values[5], standing_rows.ADDRESS)
    values[8] = schedule.read(values[8])
    return StandingOrder(*values)


@dataclass(frozen=True, slots=True)
class Coming:
    """A delivery ahead: when its order is placed, what it would come to today, and whether the balance, after those before it, covers it.
    ``reason``: why it waits, or was left out."""

    day: date
    deliver_on: date
    place_at: datetime
    state: DeliveryState
    reason: str | None
    amount_fen: int
    covered: bool


_ROW = f"SELECT {standing_rows.COLUMNS} FROM standing_order WHERE id = $1 AND ($2::bigint IS NULL OR customer_id = $2)"
_MADE_AHEAD = """
SELECT day, state, reason FROM standing_delivery
WHERE standing_order_id = $1 AND (state IN ('upcoming', 'waiting') OR state = 'waived' AND deliver_on >= $2) ORDER BY day
"""
MOST_AHEAD = 60


async def ahead(standing_id: int, *, customer_id: int | None = None, most: int = 14) -> list[Coming]:
    """What is delivered next, at today's prices, the nearest first. Nothing of one that is paused until its customer resumes it, or over.

    Raises:
        NoSuchStandingOrder.
    """
    row = await db.fetchrow(_ROW, standing_id, customer_id)
    if row is None:
        raise NoSuchStandingOrder(standing_id=standing_id)
    standing = standing_rows.of(tuple(row))
    amount_fen = await _amount(standing)
    made = {one["day"]: one for one in await db.fetch(_MADE_AHEAD, standing_id, clock.today())}
    days = sorted({*made, *_days(standing, most=most)})[:most]
    left_fen = (await accounts.balance(standing.customer_id)).available_fen
    found = []
    for day in days:
        state: DeliveryState = made[day]["state"] if day in made else "upcoming"
        reason = made[day]["reason"] if day in made else None
        takes_fen = 0 if state == "waived" else amount_fen
        left_fen -= takes_fen
        covered = takes_fen == 0 or left_fen >= 0
        when = (day, standing.deliver_on(day), standing.place_at(day))
        found.append(Coming(*when, state, reason, takes_fen, covered))
    return found


async def _amount(standing: standing_rows.Row) -> int:
    try:
        priced = await standing_rows.priced(standing, await standing_rows.quantities(standing.id))
    except errors.DomainError:  # what cannot be had today may be had then
        return standing.expected_fen
    return priced.total_fen


def _days(standing: standing_rows.Row, *, most: int = 10_000, last: date = date.max) -> list[date]:
    """The days of the schedule that have no delivery yet."""
    if standing.state == "paused" and standing.resume_on is None:
        return []
    day, found = standing.next_day, list[date]()
    while day is not None and day <= last and len(found) < most:
        if standing.resume_on is None or standing.deliver_on(day) >= standing.resume_on:
            found.append(day)
        day = standing.after(day)
    return found


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery and what became of it. ``order_state``: of its order."""

    id: int
    standing_id: int
    customer_id: int
    name: str
    store: str | None
    day: date
    deliver_on: date
    state: DeliveryState
    reason: str | None
    order_no: str | None
    order_state: str | None
    amount_fen: int | None
    agreed_fen: int | None


_DELIVERY = """
SELECT d.id, d.standing_order_id, s.customer_id, s.name, (SELECT code FROM store WHERE store.id = s.store_id), d.day, d.deliver_on, d.state,
       d.reason, d.order_no, o.state, d.amount_fen, d.agreed_fen
FROM standing_delivery d JOIN standing_order s ON s.id = d.standing_order_id LEFT JOIN shop_order o ON o.order_no = d.order_no
"""
_DELIVERIES = f"{_DELIVERY} WHERE d.standing_order_id = $1 AND d.day < $2 ORDER BY d.day DESC LIMIT $3"
_OF_DAY = f"""
{_DELIVERY} WHERE d.deliver_on = $1 AND d.id > $2 AND ($3::text IS NULL OR d.state = $3)
  AND ($5::text[] IS NULL OR s.store_id IN (SELECT id FROM store WHERE code = ANY ($5)))
ORDER BY d.id LIMIT $4
"""


async def deliveries(standing_id: int, *, before: date | None = None, limit: int = 20) -> list[Delivery]:
    """What became of its deliveries, the latest first."""
    rows = await db.fetch(_DELIVERIES, standing_id, date.max if before is None else before, limit)
    return [Delivery(*row) for row in rows]


async def of_day(
    day: date,
    *,
    state: DeliveryState | None = None,
    within: Collection[str] | None = None,
    after: int | None = None,
    limit: int = 20,
) -> list[Delivery]:
    """What is to be delivered on a day, of all customers, or of the stores ``within``."""
    stores = None if within is None else list(within)
    rows = await db.fetch(_OF_DAY, day, 0 if after is None else after, state, limit, stores)
    return [Delivery(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a standing order, by whom."""

    kind: str
    detail: dict[str, Any]
    by: str
    at: datetime


_EVENTS = 'SELECT kind, detail::text, by, "at" FROM standing_event WHERE standing_order_id = $1 ORDER BY id'


async def events(standing_id: int) -> list[Event]:
    """Everything that was done to it, in order."""
    return [Event(row[0], json.loads(row[1]), row[2], row[3]) for row in await db.fetch(_EVENTS, standing_id)]


_OF_CUSTOMERS = f"""
SELECT {standing_rows.COLUMNS} FROM standing_order
WHERE customer_id = ANY ($1::bigint[]) AND (state = 'active' OR state = 'paused' AND resume_on IS NOT NULL)
"""
_MADE = """
SELECT standing_order_id, day, state FROM standing_delivery
WHERE standing_order_id = ANY ($1::bigint[]) AND (state IN ('upcoming', 'waiting') OR state = 'waived' AND deliver_on >= $2)
"""


async def dues(customer_ids: Sequence[int], last: date) -> list[tuple[int, str, int | None, date]]:
    """What standing orders will take of these customers by a day, as ``billing.forecast`` counts it."""
    rows = await db.fetch(_OF_CUSTOMERS, list(customer_ids))
    if not rows:
        return []
    all_of_them = [standing_rows.of(tuple(row)) for row in rows]
    made: dict[int, dict[date, str]] = {one.id: {} for one in all_of_them}
    for row in await db.fetch(_MADE, list(made), clock.today()):
        made[row["standing_order_id"]][row["day"]] = row["state"]
    found: list[tuple[int, str, int | None, date]] = []
    for one in all_of_them:
        for day in {*made[one.id], *_days(one, last=last)}:
            if made[one.id].get(day) != "waived":
                placed_on = clock.day_of(one.place_at(day))
                found.append((one.customer_id, one.name, one.expected_fen, placed_on))
    return found


_DELIVERED = "SELECT order_no FROM standing_delivery WHERE order_no = ANY ($1::text[])"


async def _seen_ahead(order_nos: Sequence[str]) -> list[str]:
    return [row["order_no"] for row in await db.fetch(_DELIVERED, order_nos)]


forecast.also_count(dues, issuer="order", seen_ahead=_seen_ahead)
