"""Tracking 物流: where parcels are, as their carriers tell the aggregator.

A parcel is watched from the moment it is handed over. The aggregator is asked to push what becomes of it; the clock asks by itself where nothing
has come for hours. What is pushed and what is asked come together here, in any order and as often as they like: a step is kept once, and
the state is that of the latest step anybody told of.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import clock, db, errors
from gateways.logistics import NothingYet, Push, Track, Tracker, TrackerError, TrackerRefused, carriers
from gateways.logistics import Parcel as Asked
from gateways.logistics.tracker import ENDED

log = logging.getLogger(__name__)

AT_ONCE = 10
"""So many parcels are asked about in a run, one after the other: the aggregator takes one question a second."""
QUIET = timedelta(hours=6)
"""So long nothing is asked about a parcel that is pushed; the aggregator looks every four hours."""
UNHEARD = timedelta(hours=2)
_LEASE = timedelta(minutes=10)
_AGAIN = timedelta(minutes=35)
"""After the aggregator has given a parcel up it may be subscribed to again in half an hour."""
_SUBSCRIPTIONS_MOST = 3
WATCHED_FOR = timedelta(days=45)


class NoSuchParcel(errors.NotFound):
    """No parcel of this carrier and number is watched."""

    code = "no_such_parcel"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a parcel, in its carrier's words."""

    at: datetime
    text: str
    state: str | None
    area: str | None


@dataclass(frozen=True, slots=True)
class Trail:
    """A parcel and what is known of it, the newest step first. ``state`` None: nothing yet, or nobody can be asked."""

    carrier: str
    tracking_no: str
    state: str | None
    state_at: datetime | None
    ended_at: datetime | None
    steps: tuple[Step, ...]


def key(carrier: str, tracking_no: str) -> tuple[str, str]:
    """What a parcel is known by, however it was written: its carrier's code, if there is one, and its number in capitals."""
    return carriers.code_of(carrier) or carrier.strip(), tracking_no.strip().upper()


_WATCH = """
INSERT INTO parcel (carrier, tracking_no, phone_end, is_subscribed, subscriptions, next_ask_at, created_at)
VALUES ($1, $2, $3, false, 0, $4, $4) ON CONFLICT (carrier, tracking_no) DO NOTHING
"""


async def watch(carrier: str, tracking_no: str, *, phone: str | None = None) -> bool:
    """From now on a parcel is watched, in the open transaction if there is one. Of ``phone``, its receiver's, four digits are kept.
    Returns whether nobody watched it yet."""
    digits = "".join(letter for letter in phone or "" if letter in "0123456789")
    phone_end = digits[-4:] if len(digits) >= 4 else None
    return bool(await db.execute(_WATCH, *key(carrier, tracking_no), phone_end, clock.now()))


_LEAVE = "UPDATE parcel SET ended_at = $3, next_ask_at = NULL WHERE carrier = $1 AND tracking_no = $2 AND ended_at IS NULL"
_RESUME = """
UPDATE parcel SET ended_at = NULL, next_ask_at = $3
WHERE carrier = $1 AND tracking_no = $2 AND ended_at IS NOT NULL AND (state IS NULL OR state <> ALL ($4::text[]))
"""


async def leave(carrier: str, tracking_no: str) -> None:
    """Nobody is to be asked about a parcel any more: it was named by mistake. Part of the caller's transaction."""
    await db.execute(_LEAVE, *key(carrier, tracking_no), clock.now())


async def resume(carrier: str, tracking_no: str) -> None:
    """It is to be asked about again after all, if it is still under way. Part of the caller's transaction."""
    await db.execute(_RESUME, *key(carrier, tracking_no), clock.now(), sorted(ENDED))


_TRAILS = """
SELECT w.carrier, w.tracking_no, p.state, p.state_at, p.ended_at,
       coalesce((SELECT json_agg(json_build_array(e.at, e.text, e.state, e.area) ORDER BY e.at DESC, e.id DESC)
                 FROM parcel_event e WHERE e.parcel_id = p.id), '[]'::json)::text AS steps
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS w (carrier, tracking_no, code, number)
JOIN parcel p ON p.carrier = w.code AND p.tracking_no = w.number
"""


async def trails(parcels: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Trail]:
    """What is known of these parcels, by carrier and tracking number as they are written here, by one statement; nothing of those that nobody
    watches."""
    keys = [key(*parcel) for parcel in parcels]
    rows = await db.fetch(
        _TRAILS,
        [carrier for carrier, _ in parcels],
        [number for _, number in parcels],
        [code for code, _ in keys],
        [number for _, number in keys],
    )
    return {(row["carrier"], row["tracking_no"]): _trail(row) for row in rows}


async def trail(carrier: str, tracking_no: str) -> Trail:
    """What is known of one parcel.

    Raises:
        NoSuchParcel: nobody watches it.
    """
    found = await trails([(carrier, tracking_no)])
    if not found:
        raise NoSuchParcel(tracking_no=tracking_no)
    return found[carrier, tracking_no]


def _trail(row: Mapping[str, Any]) -> Trail:
    steps = tuple(
        Step(datetime.fromisoformat(at), text, state, area)
        for at, text, state, area in json.loads(row["steps"])
    )
    return Trail(**{**dict(row), "steps": steps})


_CLAIM = """
WITH due AS (
    SELECT id FROM parcel WHERE next_ask_at <= $1 ORDER BY next_ask_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE parcel p SET next_ask_at = $3 FROM due WHERE p.id = due.id
RETURNING p.id, p.carrier, p.tracking_no, p.phone_end, p.is_subscribed, p.subscriptions, p.created_at
"""


async def run(tracker: Tracker | None) -> Counter[str]:
    """Subscribes to parcels that are new, and asks about those of which nothing was heard. Run by the clock; several may run at once. Returns
    how many were ``subscribed``, ``asked``, ``silent``, ``refused`` or ``over``."""
    done: Counter[str] = Counter()
    if tracker is None:
        return done
    now = clock.now()
    for row in await db.fetch(_CLAIM, now, AT_ONCE, now + _LEASE):
        done[await _look(tracker, row)] += 1
    return done


_NEXT = "UPDATE parcel SET next_ask_at = $2, trouble = $3 WHERE id = $1 AND ended_at IS NULL"
_SUBSCRIBED = """
UPDATE parcel SET is_subscribed = $3, subscriptions = subscriptions + 1, next_ask_at = $2, trouble = $4 WHERE id = $1 AND ended_at IS NULL
"""
_OVER = "UPDATE parcel SET ended_at = $2, next_ask_at = NULL, trouble = coalesce($3, trouble) WHERE id = $1 AND ended_at IS NULL"


async def _look(tracker: Tracker, row: Mapping[str, Any]) -> str:
    now = clock.now()
    asked = Asked(row["id"], row["carrier"], row["tracking_no"], row["phone_end"])
    if not tracker.knows(asked.carrier) or now - row["created_at"] > WATCHED_FOR:
        await db.execute(_OVER, asked.id, now, None if tracker.knows(asked.carrier) else "unknown carrier")
        return "over"
    try:
        if not row["is_subscribed"] and row["subscriptions"] < _SUBSCRIPTIONS_MOST:
            return await _subscribe(tracker, asked)
        track = await tracker.query(asked)
    except TrackerRefused as refused:
        log.warning("parcel %s: %s", asked.id, refused)
        await db.execute(_NEXT, asked.id, now + QUIET, str(refused)[:200])
        return "refused"
    except (NothingYet, TrackerError) as silent:
        await db.execute(_NEXT, asked.id, now + UNHEARD, str(silent)[:200])
        return "silent"
    await _keep(asked.id, track, next_ask_at=now + (QUIET if row["is_subscribed"] else UNHEARD))
    return "asked"


async def _subscribe(tracker: Tracker, asked: Asked) -> str:
    """A refusal counts: a parcel that is not to be subscribed to is asked about instead."""
    now = clock.now()
    try:
        await tracker.subscribe(asked)
    except TrackerRefused as refused:
        log.warning("parcel %s is not subscribed to: %s", asked.id, refused)
        await db.execute(_SUBSCRIBED, asked.id, now + _AGAIN, False, str(refused)[:200])
        return "refused"
    await db.execute(_SUBSCRIBED, asked.id, now + QUIET, True, None)
    return "subscribed"


_GIVEN_UP = """
UPDATE parcel SET is_subscribed = false, next_ask_at = $2, trouble = $3 WHERE id = $1 AND ended_at IS NULL
"""
_NUMBER_OF = "SELECT tracking_no FROM parcel WHERE id = $1"


async def take(parcel_id: int, push: Push) -> bool:
    """Keeps what the aggregator pushed of a parcel; again is harmless. Returns whether there is such a parcel."""
    number = await db.fetchval(_NUMBER_OF, parcel_id)
    if number is None or number.upper() != push.tracking_no.upper():
        return False
    now = clock.now()
    if push.track is not None:
        await _keep(parcel_id, push.track, next_ask_at=now + QUIET, is_over=push.is_over)
    if push.is_given_up:
        await db.execute(_GIVEN_UP, parcel_id, now + _AGAIN, push.message or "given up")
    return True


# the state is the latest step's: what comes late, or out of order, adds its steps and turns nothing back
_KEEP = """
WITH kept AS (
    INSERT INTO parcel_event (parcel_id, at, text, state, area)
    SELECT $1, e.at, e.text, e.state, e.area
    FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[]) AS e (at, text, state, area) ORDER BY e.at
    ON CONFLICT (parcel_id, at, text) DO NOTHING
)
UPDATE parcel SET state = CASE WHEN state_at IS NULL OR state_at <= $7 THEN $6 ELSE state END,
    state_at = greatest(state_at, $7::timestamptz), trouble = NULL,
    next_ask_at = CASE WHEN $9 OR ended_at IS NOT NULL THEN NULL ELSE $8::timestamptz END,
    ended_at = CASE WHEN $9 AND ended_at IS NULL THEN $10::timestamptz ELSE ended_at END
WHERE id = $1
"""


@db.retried
async def _keep(parcel_id: int, track: Track, *, next_ask_at: datetime, is_over: bool = False) -> None:
    events = sorted(track.events, key=lambda event: event.at)
    last = events[-1].at if events else clock.now()
    async with db.transaction():
        await db.execute("SELECT FROM parcel WHERE id = $1 FOR NO KEY UPDATE", parcel_id)
        await db.execute(
            _KEEP,
            parcel_id,
            [event.at for event in events],
            [event.text for event in events],
            [event.state for event in events],
            [event.area for event in events],
            track.state,
            last,
            next_ask_at,
            is_over or track.state in ENDED,
            clock.now(),
        )
