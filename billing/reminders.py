"""Reminders 催缴提醒: a bill will be due soon, or is overdue. Each is said once for each due date, and only while it is true.

What is due today is said by whoever comes for it on its day (``due_bills``, ``deductions``). A part of a bill in instalments is due as a
bill is. Whoever learns of a bill too late for a reminder does not get it: nobody is told that something "will be due" that is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from billing import bills, terms
from core import clock, db
from notifications import outbox, truth
from notifications.kinds import Kind

BATCH = 500
_LOOK_BACK = timedelta(days=30)
"""What became overdue longer ago was said, or has waited so long that saying it helps nobody."""

_OWED = """
SELECT b.id, b.customer_id, b.bill_no, b.title, b.due_at, coalesce(parts.due_fen, b.amount_fen - b.paid_fen) AS amount_fen
FROM bill b LEFT JOIN LATERAL (
    SELECT sum(least(i.amount_fen, i.cumulative_fen - b.paid_fen)) AS due_fen
    FROM arrangement a JOIN instalment i ON i.arrangement_id = a.id
    WHERE a.bill_id = b.id AND a.state = 'running' AND i.cumulative_fen > b.paid_fen AND i.due_at <= b.due_at
) parts ON b.collect_mode = 'instalments'
WHERE b.listed_fen IS NOT NULL AND b.pending_no IS NULL AND b.due_at > $1 AND b.due_at <= $2 AND b.source NOT LIKE 'order:%'
    AND b.id > $3 AND (b.collect_at IS NULL OR b.collect_at > $4) AND {known}
    AND NOT EXISTS (SELECT FROM outbox_message m WHERE m.dedup_key = '{kind}:' || b.bill_no || ':' || extract(epoch FROM b.due_at)::bigint)
ORDER BY b.id LIMIT $5
"""
_KINDS: Mapping[Kind, str] = {
    "bill_due_soon": "b.created_at <= b.due_at - ($2 - $1)",
    "bill_overdue": "b.created_at <= $2",
}
"""The reminders, and who is to get them: those who have known of the bill for as long as a reminder is ahead, or late."""


async def run(*, batch: int = BATCH) -> int:
    """Queues the reminders whose time has come. Returns how many. Run by the clock; several may run at once: a reminder has one key.

    What the clock itself has yet to come for (after a downtime) is not overdue: it may be taken in a moment.
    """
    now, chosen = clock.now(), terms.current()
    said = 0
    if chosen.due_soon_days:
        said += await _say("bill_due_soon", now, now + timedelta(days=chosen.due_soon_days), batch)
    late = now - timedelta(days=chosen.overdue_days)
    return said + await _say("bill_overdue", late - _LOOK_BACK, late, batch)


async def _say(kind: Kind, after: datetime, until: datetime, batch: int) -> int:
    query, said, last = _OWED.format(kind=kind, known=_KINDS[kind]), 0, 0
    while rows := await db.fetch(query, after, until, last, _come_for_since(kind), batch):
        await outbox.tell([_reminder(kind, row) for row in rows])
        said, last = said + len(rows), rows[-1]["id"]
    return said


def _come_for_since(kind: Kind) -> datetime:
    """The clock has not yet to come for a bill whose time to be come for is later than this."""
    return clock.now() if kind == "bill_overdue" else clock.start_of(clock.today() - timedelta(days=36_500))


def _reminder(kind: Kind, row: Mapping[str, Any]) -> outbox.Message:
    return outbox.Message(
        row["customer_id"],
        kind,
        f"{kind}:{row['bill_no']}:{row['due_at'].timestamp():.0f}",
        {
            "title": row["title"],
            "bill_no": row["bill_no"],
            "amount_fen": row["amount_fen"],
            "at": row["due_at"],
        },
        stale_after=row["due_at"] if kind == "bill_due_soon" else None,
    )


_STANDING = "SELECT bill_no, state, due_at FROM bill WHERE bill_no = ANY ($1::text[])"


async def _untrue(messages: Sequence[truth.Waiting]) -> dict[int, str]:
    """Nothing is owed any more; or what was to be paid then is paid, and the next part is due later; or it is due already."""
    now = clock.now()
    rows = await db.fetch(_STANDING, [message.params["bill_no"] for message in messages])
    standing = {row["bill_no"]: row for row in rows}
    found: dict[int, str] = {}
    for message in messages:
        bill = standing[message.params["bill_no"]]
        is_due = bill["due_at"] <= now
        if bill["state"] not in bills.OWED:
            found[message.id] = str(bill["state"])
        elif message.kind == "bill_due_soon" and is_due:
            found[message.id] = "due"
        elif message.kind != "bill_due_soon" and not is_due:
            found[message.id] = "paid"
    return found


for _kind in ("bill_due_soon", "bill_overdue", "payment_due", "bill_due"):
    truth.register(_kind, _untrue)
