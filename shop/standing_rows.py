"""Standing orders as they stand in their table, the days they have, and what is written down of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from billing import plan_actors, schedule, staff_alerts, stores
from core import clock, db, errors
from members import addresses
from notifications import outbox
from shop import quotes

Actor = plan_actors.Actor


class NoSuchStandingOrder(errors.NotFound):
    """The customer has no such standing order."""

    code = "no_such_standing_order"


class MostTooLow(errors.Conflict):
    """A delivery comes to more now than it may at most."""

    code = "standing_most_too_low"


@dataclass(frozen=True, slots=True)
class Row:
    """A standing order with all that decides when and how it is delivered."""

    id: int
    customer_id: int
    store_id: int
    name: str
    address: addresses.Where | None
    remark: str
    rule: schedule.Schedule
    most_fen: int
    expected_fen: int
    hours_ahead: int
    state: str
    started_on: date
    ends_on: date | None
    next_day: date | None
    paused_on: date | None
    resume_on: date | None

    def deliver_on(self, day: date) -> date:
        """When what falls on a day of the schedule is delivered: closed days may move it, never before the start."""
        return max(schedule.due_on(self.rule, day), self.started_on)

    def place_at(self, day: date) -> datetime:
        """When the order for a day of the schedule is placed."""
        return clock.start_of(self.deliver_on(day)) - timedelta(hours=self.hours_ahead)

    def after(self, day: date) -> date | None:
        """The schedule's next day; None: there is none any more."""
        return self.within(schedule.after(self.rule, day))

    def within(self, day: date | None) -> date | None:
        """The day, if the standing order lasts so long."""
        return None if day is None or (self.ends_on is not None and day > self.ends_on) else day


ADDRESS = "standing_order.address"
"""As which the phone in it is sealed."""
COLUMNS = """
id, customer_id, store_id, name, address::text AS address, remark, schedule::text AS schedule, most_fen, expected_fen, hours_ahead, state,
started_on, ends_on, next_day, paused_on, resume_on
"""
_LOCK = f"SELECT {COLUMNS} FROM standing_order WHERE id = $1 FOR NO KEY UPDATE"


def of(row: Sequence[Any]) -> Row:
    """A standing order from the columns of ``COLUMNS``."""
    values = list(row)
    values[4] = addresses.read(values[4], ADDRESS)
    values[6] = schedule.read(values[6])
    return Row(*values)


async def locked(standing_id: int, customer_id: int | None = None) -> Row:
    """Locks one, of that customer where one is named.

    Raises:
        NoSuchStandingOrder: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_LOCK, standing_id)
    found = None if row is None else of(tuple(row))
    if found is None or customer_id not in (None, found.customer_id):
        raise NoSuchStandingOrder(standing_id=standing_id)
    return found


_LINES = "SELECT sku_id, quantity FROM standing_line WHERE standing_order_id = $1 ORDER BY id"


async def quantities(standing_id: int) -> dict[int, int]:
    """How many of each SKU."""
    return {row["sku_id"]: row["quantity"] for row in await db.fetch(_LINES, standing_id)}


_REMOVE = "DELETE FROM standing_line WHERE standing_order_id = $1"
_ADD = """
INSERT INTO standing_line (standing_order_id, sku_id, quantity)
SELECT $1, l.sku_id, l.quantity FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS l (sku_id, quantity, n) ORDER BY n
"""


async def put_lines(standing_id: int, wanted: Mapping[int, int]) -> None:
    """From now on these are delivered. Of a locked standing order."""
    await db.execute(_REMOVE, standing_id)
    await db.execute(_ADD, standing_id, list(wanted), list(wanted.values()))


async def priced(standing: Row, wanted: Mapping[int, int]) -> quotes.Quote:
    """What a delivery of these comes to now, by the code that prices orders.

    Raises:
        ``quotes.REFUSALS``.
    """
    wish = quotes.Wish(await stores.code_of(standing.store_id))
    return await quotes.quote(standing.customer_id, wanted, wish, kept=standing.address)


def refuse_above(total_fen: int, most_fen: int) -> None:
    """Refuses a most that does not cover what it costs now.

    Raises:
        MostTooLow: the refusal names the amount.
    """
    if total_fen > most_fen:
        raise MostTooLow(total_fen=total_fen, most_fen=most_fen)


_NEXT = "UPDATE standing_order SET next_day = $2, place_at = $3 WHERE id = $1"


async def stand(standing: Row, next_day: date | None) -> Row:
    """A locked standing order goes on from this day of its schedule."""
    place_at = None if next_day is None else standing.place_at(next_day)
    await db.execute(_NEXT, standing.id, next_day, place_at)
    return replace(standing, next_day=next_day)


_PUT = """
INSERT INTO standing_delivery (standing_order_id, day, deliver_on, state, reason, try_at, created_at, ended_at)
SELECT $1, d.*, $6, CASE WHEN d.try_at IS NULL THEN $6::timestamptz END
FROM unnest($2::date[], $3::date[], $4::text[], $5::text[], $7::timestamptz[]) AS d (day, deliver_on, state, reason, try_at)
ON CONFLICT (standing_order_id, day) DO NOTHING
"""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the schedule that gets its delivery."""

    day: date
    state: Literal["upcoming", "waived", "missed"]
    reason: str | None = None


async def put_days(standing: Row, days: Sequence[Day]) -> None:
    """Writes deliveries down; one that is there (it was skipped ahead) stays as it is."""
    now = clock.now()
    for at in range(0, len(days), _AT_ONCE):
        part = days[at : at + _AT_ONCE]
        await db.execute(
            _PUT, standing.id, [one.day for one in part], [standing.deliver_on(one.day) for one in part],
            [one.state for one in part], [one.reason for one in part], now,
            [now if one.state == "upcoming" else None for one in part],
        )  # fmt: skip


async def unstick(delivery_ids: Collection[int]) -> None:
    """What was told the shop of these deliveries is over: they are ordered, or nobody tries them any more."""
    await staff_alerts.resolve("standing_stuck", [str(one) for one in delivery_ids])


Kind = Literal["started", "changed", "paused", "resumed", "skipped", "accepted", "cancelled", "ended"]
_NOTE = 'INSERT INTO standing_event (standing_order_id, kind, detail, by, "at") VALUES ($1, $2, $3::jsonb, $4, $5)'


async def note(standing_id: int, kind: Kind, by: str, detail: Mapping[str, Any] | None = None) -> None:
    """Writes down what was done. Part of the caller's transaction."""
    await db.execute(_NOTE, standing_id, kind, json.dumps(detail or {}, default=str), by, clock.now())


async def tell_change(actor: Actor, standing: Row) -> None:
    """Tells the customer that the shop did something to their standing order."""
    if actor.customer_id is None:
        now = clock.now()
        key = f"standing_changed:{standing.id}:{now.timestamp():.6f}"
        params = {"title": standing.name, "standing_id": standing.id, "at": now}
        await outbox.tell([outbox.Message(standing.customer_id, "standing_changed", key, params)])
