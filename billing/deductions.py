"""The due run: takes what plans owe when it is due. What is due lives in tables; the clock only calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing import abnormal, bills, collecting, horizon, plan_rows
from core import clock, db, ids
from notifications import outbox

BATCH = 500


@dataclass(frozen=True, slots=True)
class DueRun:
    """How many periods fell due in a run, and how many of them were charged at once; the rest is owed."""

    due: int = 0
    charged: int = 0

    @property
    def owed(self) -> int:
        return self.due - self.charged

    def __add__(self, other: DueRun) -> DueRun:
        return DueRun(self.due + other.due, self.charged + other.charged)


@dataclass(frozen=True, slots=True)
class _DuePeriod:
    id: int
    plan_id: int
    customer_id: int
    name: str
    amount_fen: int
    period_no: int
    due_on: date

    @property
    def source(self) -> str:
        return f"plan:{self.plan_id}:{self.period_no}"


_CLAIM = f"""
SELECT o.id, o.plan_id, p.customer_id, p.name, coalesce(o.amount_fen, {plan_rows.BY_USE}), o.period_no, o.due_on
FROM plan_period o JOIN plan p ON p.id = o.plan_id
WHERE o.state = 'upcoming' AND o.due_on <= $1 AND {plan_rows.TAKEN}
  AND NOT (p.catch_up = 'latest' AND p.state = 'active' AND p.next_due_on <= $1) AND NOT ({horizon.MISSED})
ORDER BY o.due_on, o.plan_id, o.period_no LIMIT $2 FOR NO KEY UPDATE OF p, o SKIP LOCKED
"""
"""What is still upcoming of a cancelled plan was due before it was cancelled, and what is due before a pause began. A plan that catches up with its latest period
waits until the horizon has made all that are due."""


async def run_due(*, batch: int = BATCH) -> DueRun:
    """Charges every period that is due by the business day now, batch by batch, oldest due day first.

    Each batch is one transaction: claim, issue the bills, take them from the balances, end the periods, queue receipts and due
    reminders. A process that dies leaves nothing half done; several may run at once and share the work. Periods that were missed
    (the clock was down) are made first and charged in order, all or the latest of each plan as its catch-up policy says.
    """
    await horizon.run(days_ahead=0)
    total = DueRun()
    while True:
        async with db.transaction():
            claimed = [_DuePeriod(*row) for row in await db.fetch(_CLAIM, clock.today(), batch)]
            if not claimed:
                return total
            await _waive_unused([period for period in claimed if not period.amount_fen])
            total += await _charge([period for period in claimed if period.amount_fen])


_WAIVE_UNUSED = """
UPDATE plan_period SET state = 'waived', reason = 'not_used', amount_fen = 0, ended_at = $2 WHERE id = ANY ($1::bigint[])
"""


async def _waive_unused(unused: Sequence[_DuePeriod]) -> None:
    if unused:
        await db.execute(_WAIVE_UNUSED, [period.id for period in unused], clock.now())


async def _charge(due: Sequence[_DuePeriod]) -> DueRun:
    charged = set() if await abnormal.active() else await _charge_plain(due)
    rest = [period for number, period in enumerate(due, 1) if number not in charged]
    return DueRun(len(charged), len(charged)) + await _charge_or_owe(rest)


_CHARGE_PLAIN = "SELECT * FROM plans_charge($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


async def _charge_plain(due: Sequence[_DuePeriod]) -> set[int]:
    """Charges those whose balance covers the period and raises no alert, in one statement (``plans_charge.sql``). Returns which,
    counted from 1; the others it leaves as they were."""
    now = clock.now()
    rows = await db.fetch(
        _CHARGE_PLAIN,
        now,
        now.isoformat(),
        [period.id for period in due],
        [period.plan_id for period in due],
        [period.customer_id for period in due],
        [period.period_no for period in due],
        [clock.start_of(period.due_on) for period in due],
        [ids.new_no("B") for _ in due],
        [period.name for period in due],
        [period.amount_fen for period in due],
    )
    return {row[0] for row in rows}


async def _charge_or_owe(due: Sequence[_DuePeriod]) -> DueRun:
    """The way that knows every rule: bills are issued and collected, what cannot be collected is owed."""
    if not due:
        return DueRun()
    issued = await bills.issue(
        [
            bills.NewBill(
                period.customer_id,
                period.name,
                period.source,
                period.amount_fen,
                clock.start_of(period.due_on),
                automatic=True,
            )
            for period in due
        ]
    )
    await _owe(due, issued)
    collected = await collecting.collect(issued, operator="clock", matched_by="due_date")
    missed = [result.bill for result in collected if not result.is_settled]
    await _remind([bill for bill in missed if not bill.under_review])
    return DueRun(len(due), len(due) - len(missed))


_OWE = """
UPDATE plan_period SET state = 'owed', bill_id = due.bill_id, amount_fen = due.amount_fen
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS due (period_id, bill_id, amount_fen) WHERE plan_period.id = due.period_id
"""


async def _owe(due: Sequence[_DuePeriod], issued: Sequence[bills.Bill]) -> None:
    await db.execute(
        _OWE,
        [period.id for period in due],
        [bill.id for bill in issued],
        [period.amount_fen for period in due],
    )


async def _remind(missed: Sequence[bills.Bill]) -> None:
    await outbox.tell(
        [
            outbox.Message(
                bill.customer_id,
                "payment_due",
                f"payment_due:{bill.bill_no}",
                {
                    "title": bill.title,
                    "bill_no": bill.bill_no,
                    "amount_fen": bill.owed_fen,
                    "at": bill.due_at,
                },
            )
            for bill in missed
        ]
    )
