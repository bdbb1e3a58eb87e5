"""Allowances: how many reminders and how much marketing a customer gets in a while, counted once for each message."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from core import clock, db
from notifications import policy
from notifications.kinds import Class
from notifications.letters import Letter

_LOCK = """
INSERT INTO message_allowance (customer_id, kind_class, began_at, used)
SELECT customer_id, kind_class, $3, 0 FROM unnest($1::bigint[], $2::text[]) AS w (customer_id, kind_class)
ORDER BY customer_id, kind_class
ON CONFLICT (customer_id, kind_class) DO UPDATE SET kind_class = excluded.kind_class
RETURNING customer_id, kind_class, began_at, used
"""
_USE = """
UPDATE message_allowance a SET began_at = u.began_at, used = u.used
FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::int[]) AS u (customer_id, kind_class, began_at, used)
WHERE a.customer_id = u.customer_id AND a.kind_class = u.kind_class
"""
_COUNTED = "UPDATE outbox_message SET is_counted = true WHERE id = ANY ($1::bigint[]) AND lease_token = $2"


@db.retried
async def take(lease: uuid.UUID, letters: Sequence[Letter]) -> set[int]:
    """Which of these reminders and marketing messages their customers may still get by a channel; those are counted now."""
    wanted: defaultdict[tuple[int, Class], list[Letter]] = defaultdict(list)
    for letter in letters:
        wanted[letter.customer_id, letter.kind_class].append(letter)
    if not wanted:
        return set()
    now = clock.now()
    granted: set[int] = set()
    async with db.transaction():
        keys = sorted(wanted)
        rows = await db.fetch(_LOCK, [number for number, _ in keys], [name for _, name in keys], now)
        used: list[tuple[int, str, object, int]] = []
        for row in rows:
            kind_class: Class = row["kind_class"]
            most, period = _most(kind_class)
            over = row["began_at"] <= now - period
            before = 0 if over else row["used"]
            fit = wanted[row["customer_id"], kind_class][: max(0, most - before)]
            granted |= {letter.id for letter in fit}
            began_at = now if over or before == 0 else row["began_at"]
            used.append((row["customer_id"], kind_class, began_at, before + len(fit)))
        await db.execute(_USE, *(list(column) for column in zip(*used, strict=True)))
        await db.execute(_COUNTED, sorted(granted), lease)
    for letter in letters:
        letter.is_counted = letter.is_counted or letter.id in granted
    return granted


def _most(kind_class: Class) -> tuple[int, timedelta]:
    chosen = policy.current()
    if kind_class == "reminder":
        return chosen.reminders_per_day, timedelta(days=1)
    return chosen.marketing_most, timedelta(days=chosen.marketing_days)
