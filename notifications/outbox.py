"""The outbox: messages written in the transaction of the event they tell of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db
from notifications.kinds import KINDS, MARKETING, Kind

__all__ = ["ALERT_LINE", "KINDS", "Crossing", "Kind", "Message", "Movement", "Queued", "page", "tell"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one customer. ``dedup_key`` names the event; the same event is told once.

    ``params`` are what the sentences of ``core/words/<locale>/messages.toml`` need; amounts in fen, instants as RFC 3339.
    It does not go out before ``not_before`` (None: at once), nor after ``stale_after`` (None: however late): then it ends
    ``void``, as it does when the kind's check says it is no longer true (``notifications.truth``).
    """

    customer_id: int
    kind: Kind
    dedup_key: str
    params: Mapping[str, Any]
    not_before: datetime | None = None
    stale_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of a customer's available balance by the transfer ``reference``."""

    customer_id: int
    reference: str
    before_fen: int
    after_fen: int


ALERT_LINE = """greatest(c.low_balance_threshold_fen,
    (SELECT max(p.amount_fen * p.warn_periods) FROM plan p
     WHERE p.customer_id = c.id AND p.state = 'active' AND p.warn_periods IS NOT NULL))"""
"""Below this a customer ``c`` is alerted: their own threshold, or what the next periods of a plan will take, as they chose.
``migrations/sql/pays_quietly.sql`` says it to what pays in sets."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A low-balance alert that was queued just now."""

    customer_id: int
    dedup_key: str
    available_fen: int
    threshold_fen: int


_TELL = f"""
WITH queued AS (
INSERT INTO outbox_message (customer_id, kind, dedup_key, params, not_before, stale_after, state, attempts, next_attempt_at,
                            created_at)
SELECT told.*, 'queued', 0, greatest($9, told.not_before), $9 FROM (
    SELECT customer_id, kind, dedup_key, params::jsonb, not_before, stale_after
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $11::timestamptz[], $12::timestamptz[])
         AS m (customer_id, kind, dedup_key, params, not_before, stale_after)
    UNION ALL
    SELECT fall.customer_id, 'low_balance', 'low_balance:' || fall.reference,
           jsonb_build_object('available_fen', fall.after_fen, 'threshold_fen', fall.threshold_fen, 'at', $10::text), NULL, NULL
    FROM (  -- the subquery finds each customer by key; a join would scan them all while the shop is small
        SELECT m.*, (SELECT {ALERT_LINE} FROM customer c WHERE c.id = m.customer_id) AS threshold_fen
        FROM unnest($5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
             AS m (customer_id, reference, before_fen, after_fen)
    ) fall
    WHERE fall.before_fen >= fall.threshold_fen AND fall.after_fen < fall.threshold_fen
) told
ON CONFLICT (dedup_key) DO NOTHING RETURNING customer_id, kind, dedup_key, params
)
SELECT customer_id, dedup_key, (params ->> 'available_fen')::bigint, (params ->> 'threshold_fen')::bigint FROM queued
WHERE kind = 'low_balance'
"""


async def tell(messages: Sequence[Message], movements: Sequence[Movement] = ()) -> list[Crossing]:
    """Queues messages in the open transaction, and a low-balance alert for every movement that crosses its customer's
    alert line downwards; those are returned. What was told before is left out.

    Desks that bring ``movements`` go through ``billing.low_balance.tell``, which also alerts the shop's people."""
    falling = [movement for movement in movements if movement.after_fen < movement.before_fen]
    if not messages and not falling:
        return []
    now = clock.now()
    rows = await db.fetch(
        _TELL,
        [message.customer_id for message in messages],
        [message.kind for message in messages],
        [message.dedup_key for message in messages],
        [json.dumps(message.params, ensure_ascii=False, default=_plain) for message in messages],
        [movement.customer_id for movement in falling],
        [movement.reference for movement in falling],
        [movement.before_fen for movement in falling],
        [movement.after_fen for movement in falling],
        now,
        _plain(now),
        [message.not_before for message in messages],
        [message.stale_after for message in messages],
    )
    return [Crossing(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Queued:
    """A message as its customer may see it."""

    id: int
    kind: str
    params: dict[str, Any]
    state: str
    at: datetime


_PAGE = """
SELECT id, kind, params::text AS params, state, created_at FROM outbox_message
WHERE customer_id = $1 AND id < $2
    AND (state IN ('sent', 'dead') OR (state = 'queued' AND kind <> ALL ($4::text[])
         AND (not_before IS NULL OR not_before <= $5) AND (stale_after IS NULL OR stale_after > $5)))
ORDER BY id DESC LIMIT $3
"""


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Queued]:
    """A customer's messages, newest first; ``before`` is the id the last page ended at.

    What still waits is among them once its time has come, but for marketing, which may yet find nobody who agreed to it.
    """
    rows = await db.fetch(
        _PAGE, customer_id, before if before is not None else 2**62, limit, sorted(MARKETING), clock.now()
    )
    return [
        Queued(row["id"], row["kind"], json.loads(row["params"]), row["state"], row["created_at"])
        for row in rows
    ]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
