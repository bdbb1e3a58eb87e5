"""The clock's jobs, those that need somebody first, below how what the shop runs on is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.request import LOCALE, ask, console, eyes, page, telling
from console.showing import NOTHING, Eyes, Shown, fields_of
from core import words

_JOBS, _HEALTH = "upkeep_jobs", "upkeep_health"
_FIRST = ("red", "yellow", "green")
_SECOND_MS, _MINUTE_MS, _HOUR_MS = 1_000, 60_000, 3_600_000


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/jobs", _jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One job as it stands on the page."""

    id: str
    name: str
    state: Shown
    every: str
    last: Shown
    lasted: str
    lag: str
    following: Shown
    runs: str
    error: str


async def _jobs(request: web.Request) -> web.StreamResponse:
    place, tell = console(request).places.all[_JOBS], telling(request, "jobs")
    health, found = await ask(request, _HEALTH), await ask(request, _JOBS)
    look = eyes(request, console(request).places.all[_HEALTH])
    row = fields_of(health)
    lines = sorted(
        (_line(tell, look, one) for one in found.items),
        key=lambda one: (_FIRST.index(one.state.colour), one.id),
    )
    return page(
        request,
        "jobs.jinja",
        title=place.title(request[LOCALE]),
        tell=tell,
        pairs=[
            (look.label("database_ms"), Shown(lasting(health.database_ms))),
            *look.pairs(row, ("redis", "proved_at", "violations", "messages_queued")),
        ],
        channels=look.value("channels", health.channels),
        lines=lines,
        bad=sum(one.state.colour != "green" for one in lines),
    )


def _line(tell: Any, look: Eyes, job: Any) -> Line:
    key = f"desk_pages.jobs.name_{job.id}"
    return Line(
        id=job.id,
        name=words.template(key, look.locale) if words.has(key, look.locale) else job.id,
        state=_state(tell, job),
        every=lasting(job.every_ms),
        last=look.value("last_finished_at", job.last_finished_at),
        lasted=lasting(job.last_duration_ms),
        lag=lasting(job.last_lag_ms),
        following=look.value("next_at", job.next_at),
        runs=tell("runs", runs=job.runs, failures=job.failures, missed=job.missed),
        error=job.last_error if job.failed_in_a_row and job.last_error else "",
    )


def _state(tell: Any, job: Any) -> Shown:
    if job.failed_in_a_row:
        return Shown(tell("failing", times=job.failed_in_a_row), kind="badge", colour="red")
    if job.is_late:
        return Shown(tell("late"), kind="badge", colour="yellow")
    return Shown(tell("well"), kind="badge", colour="green")


def lasting(ms: int | None) -> str:
    """So long, in the unit in which it is a short number."""
    if ms is None:
        return NOTHING
    if ms < _SECOND_MS:
        return f"{ms}\u00a0ms"
    if ms < _MINUTE_MS:
        return f"{ms / _SECOND_MS:.1f}\u00a0s"
    return f"{ms / _MINUTE_MS:.0f}\u00a0min" if ms < _HOUR_MS else f"{ms / _HOUR_MS:.1f}\u00a0h"
