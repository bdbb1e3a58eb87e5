"""How the shop stands at this moment: what came in today, what is owed either way, what waits for somebody, whether the clock runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from billing import job_record
from core import clock, db
from reports import channel_health, liability, takings


@dataclass(frozen=True, slots=True)
class Money:
    """``yesterday_fen``: what had come in yesterday by the same time of day. ``liability_fen``: what the shop owes its customers.

    What is due today and what is overdue leaves out orders that wait for their payment; of a bill in instalments it is its parts of today and
    of before. A bill that has both counts among the bills of both."""

    taken: takings.Takings
    yesterday_fen: int
    liability_fen: int
    liability_customers: int
    due_today_fen: int
    due_today_bills: int
    overdue_fen: int
    overdue_bills: int


_BILLS = """
WITH whole AS (  -- from the index alone
    SELECT coalesce(sum(listed_fen) FILTER (WHERE due_at >= $1), 0) AS due_fen, count(*) FILTER (WHERE due_at >= $1) AS due_bills,
           coalesce(sum(listed_fen) FILTER (WHERE due_at < $1), 0) AS overdue_fen, count(*) FILTER (WHERE due_at < $1) AS overdue_bills
    FROM bill WHERE listed_fen IS NOT NULL AND due_at < $2
), later AS (  -- parts that are not overdue, of bills that are due
    SELECT b.id, b.due_at < $1 AS is_late, i.due_at < $2 AS is_of_today, least(i.amount_fen, i.cumulative_fen - b.paid_fen) AS fen
    FROM bill b JOIN arrangement a ON a.bill_id = b.id AND a.state = 'running' JOIN instalment i ON i.arrangement_id = a.id
    WHERE b.listed_fen IS NOT NULL AND b.due_at < $2 AND i.cumulative_fen > b.paid_fen AND i.due_at >= $1
), parts AS (
    SELECT coalesce(sum(fen) FILTER (WHERE is_late), 0) AS not_overdue_fen, coalesce(sum(fen) FILTER (WHERE NOT is_late AND NOT is_of_today), 0) AS not_due_fen,
           coalesce(sum(fen) FILTER (WHERE is_late AND is_of_today), 0) AS also_due_fen,
           count(DISTINCT id) FILTER (WHERE is_late AND is_of_today) AS also_due_bills
    FROM later
)
SELECT (due_fen - not_due_fen + also_due_fen)::bigint AS due_fen, due_bills + also_due_bills AS due_bills,
       (overdue_fen - not_overdue_fen)::bigint AS overdue_fen, overdue_bills
FROM whole, parts
"""


async def of_money() -> Money:
    """The shop's money today."""
    now, today = clock.now(), clock.today()
    owed = await liability.now()
    bills = await db.fetchrow(_BILLS, clock.start_of(today), clock.start_of(today + timedelta(days=1)))
    assert bills is not None, "sums have one row"
    before = await takings.of(today - timedelta(days=1), until=now - timedelta(days=1))
    return Money(
        taken=await takings.of(today, until=now),
        yesterday_fen=before.total_fen,
        liability_fen=owed.total_fen,
        liability_customers=owed.customers,
        due_today_fen=bills["due_fen"],
        due_today_bills=bills["due_bills"],
        overdue_fen=bills["overdue_fen"],
        overdue_bills=bills["overdue_bills"],
    )


WAITING: Mapping[str, str] = {
    "orders": "shop_order WHERE stage = 'new' AND state = 'paid'",
    "shipments": "shop_order WHERE stage IN ('confirmed', 'shipping')",
    "after_sales": "after_sale WHERE ended_at IS NULL AND state IN ('asked', 'sent_back', 'received')",
    "approvals": "approval WHERE state = 'waiting'",
    "vouchers": "voucher WHERE state = 'submitted'",
    "refunds": "refund WHERE state = 'requested'",
    "reviews": "deduction_review WHERE state = 'waiting'",
    "differences": "difference WHERE state = 'open'",
    "quarantine": "quarantine WHERE state IN ('open', 'stuck')",
    "invoices": "invoice_request WHERE state = 'requested'",
    "parked_periods": "plan_period WHERE state = 'parked'",
    "conversations": "conversation WHERE state = 'waiting'",
    "tickets": "ticket WHERE state IN ('open', 'in_progress')",
    "dead_messages": "outbox_message WHERE state = 'dead'",
    "alerts": "staff_alert WHERE resolved_at IS NULL",
}
"""What waits for somebody, and where it lies."""
_OF_STORES = {
    "orders": "store_id = ANY (SELECT id FROM store WHERE code = ANY ($1::text[]))",
    "shipments": "store_id = ANY (SELECT id FROM store WHERE code = ANY ($1::text[]))",
}
"""What belongs to a store, and how it is found out which."""


async def waiting(names: Collection[str], *, stores: Collection[str] | None = None) -> dict[str, int]:
    """How much waits of each of these kinds; with ``stores`` only of those that belong to one of them, and what belongs to none is left
    out."""
    wanted = [name for name in WAITING if name in names and (stores is None or name in _OF_STORES)]
    if not wanted:
        return {}
    asked = ", ".join(f"(SELECT count(*) FROM {_limited(name, stores)}) AS {name}" for name in wanted)
    row = await db.fetchrow(f"SELECT {asked}", *([] if stores is None else [list(stores)]))
    assert row is not None, "counts have one row"
    return {name: row[name] for name in wanted}


def _limited(name: str, stores: Collection[str] | None) -> str:
    return WAITING[name] if stores is None else f"{WAITING[name]} AND {_OF_STORES[name]}"


@dataclass(frozen=True, slots=True)
class Health:
    """How the clock and the channels are: jobs that are late or failed last, payments whose outcome is asked for, channel days of which
    the bill has not come, and when the books were proven last without a violation."""

    late_jobs: list[str]
    failing_jobs: list[str]
    payments_asked: int
    bills_missing: int
    unexplained_days: int


_HEALTH = f"""
SELECT (SELECT count(*) FROM {channel_health.ASKED}) AS payments_asked, (SELECT count(*) FROM {channel_health.MISSING}) AS bills_missing,
       (SELECT count(*) FROM {channel_health.UNEXPLAINED}) AS unexplained_days
"""


async def health() -> Health:
    """How the clock and the channels are now."""
    row = await db.fetchrow(_HEALTH)
    assert row is not None, "a SELECT without FROM has one row"
    jobs = await job_record.page()
    late = [job.id for job in jobs if job.is_late]
    return Health(late, [job.id for job in jobs if job.failed_in_a_row], **row)
