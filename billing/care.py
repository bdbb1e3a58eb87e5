"""Care 关怀: birthday wishes, and a word to who has not been seen for a while. Marketing, so only to who has agreed to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from billing import terms
from core import clock, db
from ledger import accounts
from notifications import outbox, truth

PAGE = 1_000
_SEEN = "seen"

_BORN = """
SELECT p.customer_id FROM message_preference p JOIN customer c ON c.id = p.customer_id
WHERE p.marketing AND c.state = 'active' AND to_char(c.birthday, 'MMDD') = ANY ($1::text[]) AND p.customer_id > $2
    AND NOT EXISTS (SELECT 1 FROM outbox_message m WHERE m.dedup_key = 'birthday:' || p.customer_id || ':' || $3::text)
ORDER BY p.customer_id LIMIT $4
"""


async def congratulate() -> int:
    """Wishes everybody whose birthday is today, once a year. Run by the clock. Returns how many."""
    if not terms.current().birthday_messages:
        return 0
    today, after, told = clock.today(), 0, 0
    ends_at = clock.start_of(today + timedelta(days=1))
    while ids := [row[0] for row in await db.fetch(_BORN, _birthdays(today), after, str(today.year), PAGE)]:
        await _wish({number: f"birthday:{number}:{today.year}" for number in ids}, ends_at)
        told += len(ids)
        after = ids[-1]
    return told


async def _wish(keys: Mapping[int, str], stale_after: datetime) -> None:
    params = {"at": clock.now()}
    async with db.transaction():
        await outbox.tell(
            [
                outbox.Message(number, "birthday", key, params, stale_after=stale_after)
                for number, key in keys.items()
            ]
        )


# when a customer was last seen: their last paid bill or top-up, or when they came
_LAST_SEEN = """greatest(c.created_at,
    (SELECT max(b.paid_at) FROM bill b WHERE b.customer_id = c.id), (SELECT max(t.credited_at) FROM top_up t WHERE t.customer_id = c.id))"""
_UNSEEN = f"""
SELECT * FROM (
    SELECT c.id, {_LAST_SEEN} AS seen_at FROM message_preference p JOIN customer c ON c.id = p.customer_id
    WHERE p.marketing AND c.state = 'active' AND c.id > $2
) who
WHERE who.seen_at <= $1 AND NOT EXISTS (
    SELECT 1 FROM outbox_message m
    WHERE m.dedup_key = 'missed:' || who.id || ':' || to_char(who.seen_at AT TIME ZONE 'UTC', 'YYYYMMDD'))
ORDER BY who.id LIMIT $3
"""


async def ask_after() -> int:
    """A word to everybody who has not been seen for the days of the terms and has a balance, once for each absence. Run by the
    clock. Returns how many."""
    days = terms.current().missed_after_days
    if days == 0:
        return 0
    before, after, told = clock.now() - timedelta(days=days), 0, 0
    while rows := await db.fetch(_UNSEEN, before, after, PAGE):
        keys = {row["id"]: f"missed:{row['id']}:{row['seen_at']:%Y%m%d}" for row in rows}
        told += await _tell(keys, clock.now() + timedelta(days=7))
        after = rows[-1]["id"]
    return told


async def _tell(keys: Mapping[int, str], stale_after: datetime) -> int:
    async with db.transaction():
        held = await accounts.balances([accounts.of_customer(number) for number in keys])
        now, messages = clock.now(), []
        for number, key in keys.items():
            balance = held.get(accounts.of_customer(number))
            if balance is not None and balance.available_fen > 0:
                params = {"available_fen": balance.available_fen, "at": now}
                messages.append(outbox.Message(number, "missed", key, params, stale_after=stale_after))
        await outbox.tell(messages)
    return len(messages)


def _birthdays(today: date) -> list[str]:
    """Who was born on 29 February has their birthday on the 28th in other years."""
    days = [f"{today:%m%d}"]
    is_leap = (today.year % 4 == 0 and today.year % 100 != 0) or today.year % 400 == 0
    return [*days, "0229"] if days == ["0228"] and not is_leap else days


_STILL_UNSEEN = f"SELECT c.id, {_LAST_SEEN} AS seen_at FROM customer c WHERE c.id = ANY ($1::bigint[])"


async def _seen(waiting: Sequence[truth.Waiting]) -> Mapping[int, str]:
    rows = await db.fetch(_STILL_UNSEEN, [one.customer_id for one in waiting])
    seen_at = {row["id"]: row["seen_at"] for row in rows}
    return {
        one.id: _SEEN
        for one in waiting
        if (at := seen_at.get(one.customer_id)) is None or f"{at:%Y%m%d}" != one.dedup_key.rsplit(":", 1)[-1]
    }


truth.register("missed", _seen)
