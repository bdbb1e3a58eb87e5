"""What the clock does for standing orders: each day's order is placed ahead by the shop's own code and paid from the balance.

A delivery's row is its guard: it is made once, and the order, its payment and the row's end are one transaction. What cannot be ordered
now (too little in stock, a balance that is short, a price above what was agreed) waits with its reason, is told once, and is tried again
until its day is over; then it is missed. Days that went by while the clock was down are missed, never delivered afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from billing import collecting, halving, staff_alerts
from core import clock, db, errors
from members import customers
from notifications import outbox
from shop import order_steps, placing, standing_pauses, standing_rows

log = logging.getLogger(__name__)

BATCH = 200
AGAIN_AFTER = timedelta(minutes=10)
"""So long after a try that failed it is tried again."""
_AT_ONCE = 100
FAULT = "fault"
"""Why one waits that failed for a reason that is ours."""


class AboveMost(errors.Conflict):
    """The delivery comes to more than its customer has agreed to."""

    code = "above_most"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to."""

    ordered: int = 0
    waiting: int = 0
    missed: int = 0


async def run(*, batch: int = BATCH) -> Run:
    """Makes the deliveries whose time has come, and orders them. Several may run at once and share the work."""
    await standing_pauses.resume_due()
    await _make(batch)
    done = await _order(batch)
    await db.execute(_ENDED, clock.now())
    return done


_TO_MAKE = (
    "SELECT id FROM standing_order WHERE state = 'active' AND place_at <= $1 AND id > $2 ORDER BY id LIMIT $3"
)


async def _make(batch: int) -> None:
    after = 0
    while rows := await db.fetch(_TO_MAKE, clock.now(), after, batch):
        for row in rows:
            after = row["id"]
            try:
                while await _make_of(after):
                    pass
            except Exception as error:  # one whose days make no sense keeps no others waiting
                if not db.is_of_the_rows(error):
                    raise
                log.exception("the deliveries of standing order %s cannot be made", after)


@db.retried
async def _make_of(standing_id: int) -> bool:
    """Makes so many of one at most; whether there are more."""
    async with db.transaction():
        standing = await standing_rows.locked(standing_id)
        if standing.state != "active":
            return False
        now, today = clock.now(), clock.today()
        day, days = standing.next_day, list[standing_rows.Day]()
        while day is not None and standing.place_at(day) <= now and len(days) < _AT_ONCE:
            is_over = standing.deliver_on(day) < today
            days.append(
                standing_rows.Day(day, "missed", "late") if is_over else standing_rows.Day(day, "upcoming")
            )
            day = standing.after(day)
        await standing_rows.put_days(standing, days)
        await standing_rows.stand(standing, day)
        await _tell_late(standing, [standing.deliver_on(one.day) for one in days if one.state == "missed"])
        return len(days) == _AT_ONCE


async def _tell_late(standing: standing_rows.Row, days: list[date]) -> None:
    if days:
        params = {
            "title": standing.name,
            "standing_id": standing.id,
            "count": len(days),
            "at": clock.start_of(days[0]),
        }
        key = f"standing_missed:{standing.id}:{days[0]}"
        await outbox.tell([outbox.Message(standing.customer_id, "standing_missed", key, params)])


_TO_ORDER = """
SELECT id, try_at FROM standing_delivery WHERE try_at <= $1 AND (try_at, id) > ($2, $3) ORDER BY try_at, id LIMIT $4
"""


async def _order(batch: int) -> Run:
    now, total, at = clock.now(), Run(), (datetime.min.replace(tzinfo=UTC), 0)
    while rows := await db.fetch(_TO_ORDER, now, *at, batch):
        for row in rows:
            at = (row["try_at"], row["id"])
            what = await _try(row["id"])
            total = total if what is None else replace(total, **{what: getattr(total, what) + 1})
    return total


Outcome = Literal["ordered", "waiting", "missed"]


async def _try(delivery_id: int) -> Outcome | None:
    """Orders one, or says why not. None: it is in the hands of others."""
    try:
        return await _place(delivery_id)
    except errors.DomainError as refused:
        return await _wait(delivery_id, refused.code, refused.params)
    except Exception as error:  # one that cannot be ordered must not keep the others waiting
        if not db.is_of_the_rows(error):
            raise
        log.exception("standing delivery %s could not be ordered", delivery_id)
        return await _stuck(delivery_id, halving.reason(error))


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A locked delivery that is still to be ordered."""

    id: int
    deliver_on: date
    reason: str | None
    agreed_fen: int | None


_LOCK_STANDING = f"""
SELECT {standing_rows.COLUMNS} FROM standing_order
WHERE id = (SELECT standing_order_id FROM standing_delivery WHERE id = $1 AND try_at <= $2) FOR NO KEY UPDATE SKIP LOCKED
"""
_LOCK = "SELECT id, deliver_on, reason, agreed_fen FROM standing_delivery WHERE id = $1 AND try_at <= $2 FOR NO KEY UPDATE"
_ORDERED = """
UPDATE standing_delivery SET state = 'ordered', reason = NULL, order_no = $2, amount_fen = $3, most_fen = $4, try_at = NULL, ended_at = $5
WHERE id = $1
"""
_EXPECTED = "UPDATE standing_order SET expected_fen = $2 WHERE id = $1 AND expected_fen <> $2"


async def _locked(delivery_id: int) -> tuple[Sequence[Any], _Delivery] | None:
    """A standing order as it is in its table, and its delivery, if that is still to be ordered and nobody else is at it."""
    row = await db.fetchrow(_LOCK_STANDING, delivery_id, clock.now())
    found = None if row is None else await db.fetchrow(_LOCK, delivery_id, clock.now())
    return None if row is None or found is None else (tuple(row), _Delivery(*found))


async def _claim(delivery_id: int) -> tuple[standing_rows.Row, _Delivery] | None:
    locked = await _locked(delivery_id)
    return None if locked is None else (standing_rows.of(locked[0]), locked[1])


@db.retried
async def _place(delivery_id: int) -> Outcome | None:
    """Standing order, delivery, customer, account, stock: locked in this order; order and bill are new."""
    async with db.transaction():
        claimed = await _claim(delivery_id)
        if claimed is None:
            return None
        standing, delivery = claimed
        if delivery.deliver_on < clock.today():
            await _miss(standing, delivery)
            return "missed"
        customers.admit(await customers.staying(standing.customer_id))
        quote = await standing_rows.priced(standing, await standing_rows.quantities(standing.id))
        most_fen = max(standing.most_fen, delivery.agreed_fen or 0)
        if quote.total_fen > most_fen:
            raise AboveMost(total_fen=quote.total_fen, most_fen=most_fen)
        remark = f"[{delivery.deliver_on}] {standing.remark}".rstrip()
        order = await placing.place_priced(standing.customer_id, quote, placing.How(remark=remark))
        await order_steps.pay(order, by="clock")
        await db.execute(_ORDERED, delivery.id, order.order_no, order.total_fen, most_fen, clock.now())
        await db.execute(_EXPECTED, standing.id, order.total_fen)
        await standing_rows.unstick([delivery.id])
        return "ordered"


_MISSED = "UPDATE standing_delivery SET state = 'missed', reason = coalesce(reason, 'late'), try_at = NULL, ended_at = $2 WHERE id = $1"
_WAITS = "UPDATE standing_delivery SET state = 'waiting', reason = $2, try_at = $3 WHERE id = $1"
_TOLD_AS: dict[str, outbox.Kind] = {
    collecting.InsufficientBalance.code: "standing_short",
    AboveMost.code: "standing_above",
}
"""How a customer is told why one waits; of anything else, that it cannot be had just now."""


async def _miss(standing: standing_rows.Row, delivery: _Delivery) -> None:
    await db.execute(_MISSED, delivery.id, clock.now())
    await standing_rows.unstick([delivery.id])
    await _tell_late(standing, [delivery.deliver_on])


@db.retried
async def _wait(delivery_id: int, reason: str, params: Mapping[str, Any]) -> Outcome | None:
    """It waits for its next try; its customer is told once for each reason."""
    async with db.transaction():
        claimed = await _claim(delivery_id)
        if claimed is None:
            return None
        standing, delivery = claimed
        await db.execute(_WAITS, delivery.id, reason, clock.now() + AGAIN_AFTER)
        if reason != delivery.reason:
            await _tell_waits(standing, delivery, reason, params)
        return "waiting"


@db.retried
async def _stuck(delivery_id: int, why: str) -> Outcome | None:
    """It waits, and the shop is told. What its standing order says is not read here: it may be what is at fault."""
    async with db.transaction():
        locked = await _locked(delivery_id)
        if locked is None:
            return None
        await db.execute(_WAITS, delivery_id, FAULT, clock.now() + AGAIN_AFTER)
        about = {"delivery_id": delivery_id, "standing_id": locked[0][0], "reason": why}
        await staff_alerts.raise_once("standing_stuck", str(delivery_id), about)
        return "waiting"


async def _tell_waits(
    standing: standing_rows.Row, delivery: _Delivery, reason: str, params: Mapping[str, Any]
) -> None:
    kind = _TOLD_AS.get(reason, "standing_waits")
    known = {
        "title": standing.name,
        "standing_id": standing.id,
        "at": clock.start_of(delivery.deliver_on),
        "amount_fen": params.get("total_fen", params.get("amount_fen", standing.expected_fen)),
        "most_fen": standing.most_fen,
    }
    key = f"standing:{delivery.id}:{reason}"
    over_at = clock.start_of(delivery.deliver_on + timedelta(days=1))
    await outbox.tell([outbox.Message(standing.customer_id, kind, key, known, stale_after=over_at)])


_ENDED = """
WITH done AS (
    SELECT id FROM standing_order s WHERE state = 'active' AND next_day IS NULL
        AND NOT EXISTS (SELECT FROM standing_delivery d WHERE d.standing_order_id = s.id AND d.try_at IS NOT NULL)
    ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
), noted AS (
    INSERT INTO standing_event (standing_order_id, kind, detail, by, "at") SELECT id, 'ended', '{}', 'clock', $1 FROM done
)
UPDATE standing_order SET state = 'ended', ended_at = $1 FROM done WHERE standing_order.id = done.id
"""
