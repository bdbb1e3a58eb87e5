"""The due run: takes what plans owe when it is due. What is due lives in tables; the clock only calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing import abnormal, bills, collecting, schedule
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
class _DuePlan:
    id: int
    customer_id: int
    name: str
    amount_fen: int
    cycle: str
    started_on: date
    period_no: int
    due_on: date

    @property
    def source(self) -> str:
        return f"plan:{self.id}:{self.period_no}"

    @property
    def following_due_on(self) -> date:
        return schedule.due_on(self.started_on, self.cycle, self.period_no + 1)


_CLAIM = """
SELECT id, customer_id, name, amount_fen, cycle, started_on, next_period_no, next_due_on FROM plan
WHERE state = 'active' AND next_due_on <= $1
ORDER BY next_due_on, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""


async def run_due(*, batch: int = BATCH) -> DueRun:
    """Charges every period that is due by the business day now, batch by batch, oldest due day first.

    Each batch is one transaction: claim, issue the bills, take them from the balances, remember the periods, move the plans
    on, queue receipts and due reminders. A process that dies leaves nothing half done; several may run at once and share
    the work. A plan that missed periods (the clock was down) is charged for each of them, in order.
    """
    total = DueRun()
    while True:
        async with db.transaction():
            claimed = [_DuePlan(*row) for row in await db.fetch(_CLAIM, clock.today(), batch)]
            if not claimed:
                return total
            total += await _charge(claimed)


async def _charge(due: Sequence[_DuePlan]) -> DueRun:
    charged = set() if await abnormal.active() else await _charge_plain(due)
    rest = [plan for number, plan in enumerate(due, 1) if number not in charged]
    return DueRun(len(charged), len(charged)) + await _charge_or_owe(rest)


_CHARGE_PLAIN = "SELECT * FROM plans_charge($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"


async def _charge_plain(due: Sequence[_DuePlan]) -> set[int]:
    """Charges those whose balance covers the period and raises no alert, in one statement (``plans_charge.sql``). Returns which,
    counted from 1; the others it leaves as they were."""
    now = clock.now()
    rows = await db.fetch(
        _CHARGE_PLAIN,
        now,
        now.isoformat(),
        [plan.id for plan in due],
        [plan.customer_id for plan in due],
        [plan.period_no for plan in due],
        [plan.due_on for plan in due],
        [clock.start_of(plan.due_on) for plan in due],
        [plan.following_due_on for plan in due],
        [ids.new_no("B") for _ in due],
        [plan.name for plan in due],
        [plan.amount_fen for plan in due],
    )
    return {row[0] for row in rows}


async def _charge_or_owe(due: Sequence[_DuePlan]) -> DueRun:
    """The way that knows every rule: bills are issued and collected, what cannot be collected is owed."""
    if not due:
        return DueRun()
    issued = await bills.issue(
        [
            bills.NewBill(
                plan.customer_id,
                plan.name,
                plan.source,
                plan.amount_fen,
                clock.start_of(plan.due_on),
                automatic=True,
            )
            for plan in due
        ]
    )
    await _move_on(due, issued)
    collected = await collecting.collect(issued, operator="clock", matched_by="due_date")
    missed = [result.bill for result in collected if not result.is_settled]
    await _remind([bill for bill in missed if not bill.under_review])
    return DueRun(len(due), len(due) - len(missed))


_MOVE_ON = """
WITH due AS (
    SELECT * FROM unnest($1::bigint[], $2::int[], $3::date[], $4::bigint[], $5::date[])
        AS d (plan_id, period_no, due_on, bill_id, next_due_on)
), moved AS (
    UPDATE plan SET next_period_no = plan.next_period_no + 1, next_due_on = due.next_due_on
    FROM due WHERE plan.id = due.plan_id
)
INSERT INTO plan_period (plan_id, period_no, due_on, bill_id, state, created_at)
SELECT plan_id, period_no, due_on, bill_id, 'owed', $6 FROM due
"""


async def _move_on(due: Sequence[_DuePlan], issued: Sequence[bills.Bill]) -> None:
    await db.execute(
        _MOVE_ON,
        [plan.id for plan in due],
        [plan.period_no for plan in due],
        [plan.due_on for plan in due],
        [bill.id for bill in issued],
        [plan.following_due_on for plan in due],
        clock.now(),
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
