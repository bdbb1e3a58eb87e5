"""Plays days through, one after the other, and says of each what came of it.

The clock stands still at a few moments of each day: at midnight, when everything of the day falls due; when the shop's quiet hours
end; and at noon, when customers come. At each the jobs run once, in their order; those that one worker does an hour only at midnight.
Between two moments nothing can fall due that is not due by a whole day, and what is due by the minute (an unpaid order's half hour)
is done at the next. Ticking every minute would do the same things a thousand times more slowly. There is one worker, so nobody has to
write down whose turn a job is.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from billing import upkeep
from billing.channels import Channels
from core import clock, db, errors
from notifications import policy
from reports import day_digest
from reports.day_digest import Digest
from schedulers import jobs
from simulation import outside

log = logging.getLogger(__name__)

LONGEST = timedelta(days=3_660)
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
NOON = time(12)
LEFT_OUT = frozenset(
    {"proof", "reconciliation", "job_watch", "shipping", "chat_look_up", "chat_codes", "chat_languages"}
)
"""The proof comes at the end. The others have nobody to ask here, or watch over workers that are in time."""
_ANALYZED_AFTER = (0, 3, 10, 30, 90, 180)
"""Days after which the tables have grown so much that the database had better look at them again; then every half year."""


class DaysReversed(errors.Invalid):
    """The last day comes before the first."""

    code = "simulation_days_reversed"


class DaysOutOfRange(errors.Invalid):
    """Days before 2000, after 2099, or more than ten years of them."""

    code = "simulation_days_out_of_range"


class BooksAreLater(errors.Conflict):
    """The books have changes of a later day than the first that is to be played."""

    code = "simulation_books_are_later"


@dataclass(frozen=True, slots=True)
class Span:
    """The days to play, both included."""

    first: date
    last: date

    def check(self) -> None:
        """Raises:
        DaysReversed, DaysOutOfRange.
        """
        if self.last < self.first:
            raise DaysReversed
        if self.first < FIRST or self.last > LAST or self.last - self.first > LONGEST:
            raise DaysOutOfRange


@dataclass(slots=True)
class Total:
    """All days together. ``failures`` counts runs of jobs that failed, ``violations`` what the proof at the end found."""

    days: int = 0
    moved_fen: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    last: Digest | None = None
    failures: Counter[str] = field(default_factory=Counter)
    violations: tuple[str, ...] = ()

    def add(self, digest: Digest) -> None:
        """One more day."""
        self.days += 1
        self.moved_fen.update(digest.moved_fen)
        self.messages.update(digest.messages)
        self.last = digest

    @property
    def digest(self) -> Digest:
        """The days as if they were one."""
        assert self.last is not None, "there is at least one day"
        last = self.last
        return Digest(
            dict(sorted(self.moved_fen.items())), last.owed_fen, last.bills_owed, last.liability_fen,
            dict(sorted(self.messages.items())), last.last_message_id, last.last_transfer_id,
        )  # fmt: skip

    @property
    def is_well(self) -> bool:
        """Whether the books balance and every job did its work."""
        return not self.violations and not self.failures


Act = Callable[[], Awaitable[None]]
Told = Callable[[date, Digest], None]


async def nobody() -> None:
    """Customers who stay away."""


async def play(
    span: Span, channels: Channels, *, told: Told, act: Act = nobody, customer_id: int | None = None
) -> Total:
    """Plays the days over the opened database and proves its books. ``act`` is what customers do at noon; ``told`` is given each day's
    digest, of one customer where one is named. The process's clock goes again afterwards.

    Raises:
        DaysReversed, DaysOutOfRange, BooksAreLater.
    """
    span.check()
    since = await day_digest.newest()
    if since is not None and clock.day_of(since) > span.first:
        raise BooksAreLater(day=clock.day_of(since))
    table = [job for job in _table(channels) if job.id not in LEFT_OUT]
    total, day = Total(), span.first
    message_id, transfer_id = await day_digest.last_message_id(), 0
    try:
        while day <= span.last:
            if total.days in _ANALYZED_AFTER or total.days % _ANALYZED_AFTER[-1] == 0:
                await db.execute("ANALYZE")
            total.failures += await _play(day, table, act, since)
            begins_at, day = clock.start_of(day), day + timedelta(days=1)
            clock.stand_at(clock.start_of(day))
            digest = await day_digest.since(
                begins_at, after_message_id=message_id, after_transfer_id=transfer_id, customer_id=customer_id
            )
            message_id, transfer_id = digest.last_message_id, digest.last_transfer_id
            total.add(digest)
            told(day - timedelta(days=1), digest)
        await db.execute("ANALYZE")
        total.violations = tuple(str(one) for one in (await upkeep.prove(freshness=False)).violations)
    finally:
        clock.stand_at(None)
    return total


async def _play(day: date, table: list[jobs.Job], act: Act, since: datetime | None) -> Counter[str]:
    """One day; the moments before ``since`` were over before the simulation began. Returns which jobs failed how often."""
    failed: Counter[str] = Counter()
    for moment in moments():
        at = datetime.combine(day, moment, clock.zone())
        if since is not None and at < since:
            continue
        clock.stand_at(at)
        if moment == NOON:
            await act()
        for job in table:
            if moment == time() or not job.alone:
                failed[job.id] += not await _ticked(job)
    return +failed


async def _ticked(job: jobs.Job) -> bool:
    """One run of a job. A failure is logged, and the clock goes on, as it does for a worker."""
    try:
        await job.run()
    except Exception:  # a job is an edge
        log.exception("job %s failed at %s", job.id, clock.now())
        return False
    return True


def moments() -> list[time]:
    """When the clock stands still on each day, by the shop's policy."""
    quiet_until = policy.current().quiet_until
    return sorted({time(), NOON, *(() if quiet_until is None else (quiet_until,))})


def _table(channels: Channels) -> tuple[jobs.Job, ...]:
    return jobs.table(
        jobs.Intervals(), channels=channels, post=outside.post(), followers=None, official_account_app_id=None
    )
