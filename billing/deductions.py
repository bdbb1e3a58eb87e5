"""The due run: takes what plans owe when it is due. What is due lives in tables; the clock only calls."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from billing import due_periods, due_runs, halving, horizon, parked_periods
from core import db

BATCH = 1_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DueRun:
    """How many periods fell due in a run, and how many of them were charged at once. ``partly``: part was taken, the rest is owed;
    ``parked``: set aside, because they could not be worked on. ``waived`` had nothing to take."""

    due: int = 0
    charged: int = 0
    partly: int = 0
    parked: int = 0
    waived: int = field(default=0, compare=False)
    amount_fen: int = field(default=0, compare=False)

    @property
    def owed(self) -> int:
        return self.due - self.charged - self.partly - self.parked

    def __add__(self, other: DueRun) -> DueRun:
        return DueRun(
            self.due + other.due, self.charged + other.charged, self.partly + other.partly, self.parked + other.parked,
            self.waived + other.waived, self.amount_fen + other.amount_fen,
        )  # fmt: skip


async def run_due(*, batch: int = BATCH) -> DueRun:
    """Charges every period that is due by the business day now, batch by batch, oldest due day first.

    Each batch is one transaction: claim, issue the bills, take them from the balances, end the periods, queue receipts and due
    reminders, count. A process that dies leaves nothing half done; several may run at once and share the work. Periods that were missed
    (the clock was down) are made first and charged in order, all or the latest of each plan as its catch-up policy says.

    A batch that fails because of a row in it is done again in halves until that row is alone; it is parked, and the shop's people told.
    While operators hold the run (``due_runs``) no batch begins.
    """
    await horizon.run(days_ahead=0)
    total, run_id = DueRun(), await due_runs.begin()
    while run_id is not None:
        done = await _next(run_id, batch)
        if done is None:
            await due_runs.finish(run_id)
            break
        total += done
    return total


async def _next(run_id: int, most: int) -> DueRun | None:
    """The next batch; None: there is nothing more that nobody works on."""
    try:
        return await _batch(run_id, most)
    except Exception as error:
        if not db.is_of_the_rows(error):
            raise
        log.exception("a batch of the due run failed; it is done again in halves")
    period_ids = await due_periods.next_ids(run_id, most)
    done = await halving.in_halves(period_ids, partial(_these, run_id), partial(parked_periods.park, run_id))
    total = sum((_counted(outcomes) for outcomes in done), DueRun())
    return total if total.due or total.waived else None  # what is left is in the hands of others


@db.retried
async def _batch(run_id: int, most: int) -> DueRun | None:
    async with db.transaction():
        taken = await due_periods.take_next(run_id, most)
        if taken is None:
            return None
        return _counted(await _note(run_id, taken.others, taken.charged, taken.charged_fen))


@db.retried
async def _these(run_id: int, period_ids: Sequence[int]) -> due_runs.Outcomes:
    async with db.transaction():
        claimed = await due_periods.claim_these(run_id, period_ids)
        return await _note(run_id, await due_periods.take(claimed)) if claimed else due_runs.Outcomes()


async def _note(
    run_id: int, outcomes: Sequence[due_periods.Outcome], charged: int = 0, charged_fen: int = 0
) -> due_runs.Outcomes:
    counts = Counter(outcome.state for outcome in outcomes)
    counts["charged"] += charged
    taken_fen = charged_fen + sum(outcome.taken_fen for outcome in outcomes)
    done = due_runs.Outcomes(**counts, amount_fen=taken_fen)
    await due_runs.add(run_id, done)
    return done


def _counted(done: due_runs.Outcomes) -> DueRun:
    due = done.charged + done.partly + done.owed + done.parked
    return DueRun(due, done.charged, done.partly, done.parked, done.waived, done.amount_fen)
