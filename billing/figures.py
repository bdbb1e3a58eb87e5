"""Figures about the running shop, for whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from billing import job_record, staff_alerts
from core import db
from ledger import proof
from ledger.proof import marks


@dataclass(frozen=True, slots=True)
class Figures:
    """How the books, the clock's jobs and the queues are doing.

    ``violations`` has every invariant: how many rows broke it when it was last looked at. Both times are None before the first
    proof; ``sealed_until`` is the last day with a seal.
    """

    violations: Mapping[str, int]
    proved_at: datetime | None
    wholly_proved_at: datetime | None
    sealed_until: date | None
    jobs: tuple[job_record.JobRecord, ...]
    messages_queued: int
    messages_dead: int
    payments_open: int
    alerts_open: int


_QUEUES = """
SELECT (SELECT count(*) FROM outbox_message WHERE state = 'queued') AS queued,
       (SELECT count(*) FROM outbox_message WHERE state = 'dead') AS dead,
       (SELECT count(*) FROM payment WHERE ask_at IS NOT NULL) AS payments,
       (SELECT max(day) FROM seal) AS sealed_until
"""


async def now() -> Figures:
    """The figures at this moment. Reads the last proof's record, proves nothing itself."""
    queues = await db.fetchrow(_QUEUES)
    assert queues is not None, "a SELECT without FROM has one row"
    runs = await marks.recent()
    return Figures(
        violations=_last_looked_at(runs),
        proved_at=runs[-1].proved_at if runs else None,
        wholly_proved_at=max((run.proved_at for run in runs if run.whole), default=None),
        sealed_until=queues["sealed_until"],
        jobs=tuple(await job_record.page()),
        messages_queued=queues["queued"],
        messages_dead=queues["dead"],
        payments_open=queues["payments"],
        alerts_open=await staff_alerts.count_open(),
    )


def _last_looked_at(runs: list[marks.Run]) -> dict[str, int]:
    """A proof of the whole database settles what it looked at; one of what changed can only add."""
    found = dict.fromkeys(proof.INVARIANTS, 0)
    for run in runs:
        for invariant in found:
            looked = run.whole and (run.freshness or invariant != proof.FRESHNESS)
            if looked or invariant in run.violations:
                found[invariant] = run.violations.get(invariant, 0)
    return found
