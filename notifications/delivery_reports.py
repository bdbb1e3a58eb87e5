"""Delivery reports: a short message that its provider had taken is said not to have arrived.

Whoever says so has proven nothing. What is said only names messages to ask the provider about, and few of them: those that went out by
short message lately, under the number and to the phone that are named, each eight times at most however often it is said, about the day
of our own record and ever less often, so that nobody uses up for others what there is to ask. What
the provider answers is believed: one that failed is told by the next channel.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Protocol

from core import clock, db, sealed
from notifications import addresses, letterbox

ASKS_MOST = 8
ASKED_AT_ONCE = 50
SAID_WITHIN = timedelta(days=3)
"""Networks report within three days; what is said later is not listened to."""
_PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 360, 1440, 1440, 1440))
_REFERENCE = re.compile(r"yucun-(\d{1,18})", re.ASCII)

Arrival = Literal["arrived", "failed", "waiting", "unheard"]


@dataclass(frozen=True, slots=True)
class Said:
    """One message that is said not to have arrived: our reference, the provider's number, and whom it went to. On which day it went is ours
    to know."""

    reference: str
    number: str
    phone: str
    code: str


# a number is compared with what the provider called the last one it took; one that was only found again has none
_HEAR = """
INSERT INTO delivery_report (message_id, said, sent_on, asks, next_ask_at, created_at)
SELECT DISTINCT ON (m.id) m.id, s.code,
    (coalesce(CASE WHEN m.state = 'queued' THEN m.trying_at ELSE t.at END, m.ended_at, m.created_at) AT TIME ZONE 'Asia/Shanghai')::date,
    0, CASE WHEN m.state = 'sent' THEN $5::timestamptz ELSE $5::timestamptz + interval '1 minute' END, $5
FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[]) AS s (id, number, phone, code)
JOIN outbox_message m ON m.id = s.id AND coalesce(m.ended_at, m.created_at) > $6
    AND ((m.state = 'sent' AND m.channel = 'sms') OR (m.state = 'queued' AND m.trying = 'sms'))
JOIN message_address a ON a.customer_id = m.customer_id AND a.channel = 'sms' AND a.address_index = s.phone
LEFT JOIN LATERAL (
    SELECT code, at FROM message_attempt WHERE message_id = m.id AND channel = 'sms' AND result = 'sent' ORDER BY id DESC LIMIT 1
) t ON true
WHERE coalesce(t.code, '') IN (s.number, '', 'waiting')
ON CONFLICT (message_id) DO UPDATE SET outcome = NULL, next_ask_at = excluded.next_ask_at + ($8::interval[])[delivery_report.asks]
    WHERE delivery_report.outcome = 'unheard' AND delivery_report.asks < $7
RETURNING message_id
"""


async def hear(reports: Sequence[Said]) -> int:
    """Writes down which messages are to be asked about. Returns how many; of what nobody sent nothing is written."""
    said = [(int(found[1]), one) for one in reports if (found := _REFERENCE.fullmatch(one.reference))]
    if not said:
        return 0
    now = clock.now()
    rows = await db.fetch(
        _HEAR,
        [number for number, _ in said],
        [one.number for _, one in said],
        [addresses.index("sms", _as_kept(one.phone)) for _, one in said],
        [one.code for _, one in said],
        now,
        now - SAID_WITHIN,
        ASKS_MOST,
        list(_PAUSES),
    )
    return len(rows)


def _as_kept(phone: str) -> str:
    try:
        return addresses.usable("sms", phone)
    except addresses.AddressNotUsable:
        return f"+{phone}"  # abroad, as the provider writes it


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider says of a message, with the network's code where it failed."""

    arrival: Arrival
    code: str = ""
    is_address: bool = False


class Askable(Protocol):
    """A channel whose provider can be asked; ``channels.sms.ShortMessages`` is one."""

    async def whether_arrived(self, message_id: int, phone: str, on: date) -> Answer: ...


_CLAIM = """
WITH due AS (
    SELECT id FROM delivery_report WHERE next_ask_at <= $1 ORDER BY next_ask_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
), asked AS (
    UPDATE delivery_report r SET asks = r.asks + 1, next_ask_at = $1 + ($3::interval[])[least(r.asks + 1, $4)]
    FROM due WHERE r.id = due.id RETURNING r.*
)
SELECT r.id, r.message_id, r.asks, m.customer_id, m.state, m.channel, m.trying, a.address AS phone,
    coalesce((SELECT (t.at AT TIME ZONE 'Asia/Shanghai')::date FROM message_attempt t
              WHERE t.message_id = m.id AND t.channel = 'sms' AND t.result = 'sent' ORDER BY t.id DESC LIMIT 1), r.sent_on) AS sent_on
FROM asked r JOIN outbox_message m ON m.id = r.message_id
LEFT JOIN message_address a ON a.customer_id = m.customer_id AND a.channel = 'sms' ORDER BY r.id
"""


async def ask(channel: Askable | None) -> Counter[str]:
    """Asks the provider about what was said, some of it in a run. Run by the clock; several may run at once. Returns how many have which
    outcome; ``waiting`` are asked about again."""
    if channel is None:
        return Counter()
    rows = await db.fetch(_CLAIM, clock.now(), ASKED_AT_ONCE, list(_PAUSES), len(_PAUSES))
    ends = await asyncio.gather(*(_one(channel, row) for row in rows))
    return Counter(ends)


async def _one(channel: Askable, row: Mapping[str, Any]) -> str:
    by_sms = row["channel"] == "sms" if row["state"] == "sent" else row["trying"] == "sms"
    if not by_sms or row["phone"] is None:
        return await _end(row["id"], "moot")
    phone = sealed.readable(row["phone"], addresses.COLUMN)
    if phone is None and row["asks"] < ASKS_MOST:
        return "waiting"  # until its key is there again
    if phone is None:
        return await _end(row["id"], "unheard")
    answer = await channel.whether_arrived(row["message_id"], phone, row["sent_on"])
    if answer.arrival == "arrived":
        return await _end(row["id"], "arrived")
    if answer.arrival == "failed" and row["state"] == "sent":
        return await _failed(row, phone, answer)
    if row["asks"] >= ASKS_MOST or answer.arrival == "unheard":
        return await _end(row["id"], "unheard")
    return "waiting"


async def _failed(row: Mapping[str, Any], phone: str, answer: Answer) -> str:
    async with db.transaction():
        is_told_again = await letterbox.sms_not_arrived(row["message_id"], answer.code)
        if answer.is_address:
            await addresses.refused(row["customer_id"], "sms", phone, answer.code)
        return await _end(row["id"], "failed" if is_told_again else "moot")


async def _end(report_id: int, outcome: str) -> str:
    await db.execute(
        "UPDATE delivery_report SET outcome = $2, next_ask_at = NULL WHERE id = $1 AND outcome IS NULL",
        report_id,
        outcome,
    )
    return outcome
