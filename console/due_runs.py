"""The day's due run while it goes on: counts, pace and what was parked, told live; holding it, and the runs of earlier days."""

from __future__ import annotations

from typing import Any

import aiohttp_jinja2
from aiohttp import web

from console import lists, live, offering, telling
from console.places import PREFIX
from console.request import AROUND, ask, console, eyes, may, page
from console.showing import Shown
from core import clock
from core.http.calling import Asked

_LIST, _ONE, _PARKED = "due_runs_listing", "due_runs_one", "due_runs_parked"
_SHOWN_PARKED = "10"
_ENDS = ("charged", "partly", "owed", "waived", "parked")


def add_to(door: web.Application) -> None:
    """Adds the page and its live part."""
    door.router.add_get("/due-runs", _runs)
    door.router.add_get("/live/due-run", _live)


async def _runs(request: web.Request) -> web.StreamResponse:
    places = console(request).places
    place = places.all[_LIST]
    if request.query:
        return await lists.shown(request, place)
    found = await ask(request, _LIST, Asked(query={"limit": "15"}))
    look = eyes(request, place)
    held = _held(found.items)
    columns = ("state", "expected", "claimed", "charged", "partly", "owed", "parked", "amount_fen")
    rows = [
        (
            places.all[_ONE].address({"day": one.day}),
            one.day.isoformat(),
            [look.value(name, getattr(one, name)) for name in columns],
        )
        for one in found.items
    ]
    around = ("due_runs_dry_run", _PARKED, "plans_listing", "dunning_cases")
    links = [
        (places.all[name].title(look.locale), places.all[name].address({}))
        for name in around
        if may(request, places.all[name])
    ]
    return page(
        request,
        "due_runs.jinja",
        title=place.title(look.locale),
        b=telling.speaker(request),
        live=f"{PREFIX}/live/due-run",
        links=links,
        deeds=[one for one in (_deed(request, name, held) for name in _WANTED[held]) if one is not None],
        runs={"rows": rows, "head": [look.label(name) for name in ("day", *columns)]},
        parked=await _parked(request),
        all_parked=places.all[_PARKED].address({}),
        all_runs=place.address({}, {"limit": "20"}),
        **_standing(request, found.items),
    )


_WANTED = {
    "": ("due_runs_pause", "due_runs_abort"),
    "paused": ("due_runs_resume", "due_runs_abort"),
    "aborted": ("due_runs_resume",),
}
"""What can be done, by how operators hold it."""


def _held(runs: list[Any]) -> str:
    """How operators hold it: ``paused`` whichever day's it is, ``aborted`` today's, or not at all."""
    if any(run.state == "paused" for run in runs):
        return "paused"
    return "aborted" if any(run.state == "aborted" and run.day == clock.today() for run in runs) else ""


def _deed(request: web.Request, name: str, held: str) -> offering.Offered | None:
    return offering.deed(request, name, {}, None, near=held)


def _standing(request: web.Request, runs: list[Any]) -> dict[str, Any]:
    """How today's run is, for the live part."""
    look = eyes(request, console(request).places.all[_ONE])
    run = next((one for one in runs if one.day == clock.today()), None)
    if run is None:
        return {"run": None, "held": look.value("state", "paused") if _held(runs) == "paused" else None}
    return {
        "run": run,
        "held": None,
        "state": look.value("state", run.state),
        "percent": 100 if not run.expected else min(100, run.claimed * 100 // run.expected),
        "counts": [(look.label(name), look.value(name, getattr(run, name))) for name in (*_ENDS, "left")],
        "amount": telling.yuan(run.amount_fen),
        "pace": _pace(run),
        "last": Shown(telling.minute(run.last_batch_at)) if run.last_batch_at else None,
        "by": look.value("changed_by", run.changed_by) if run.changed_by else None,
        "why": run.reason,
    }


def _pace(run: Any) -> int | None:
    """Periods a second so far; None where nothing was done yet."""
    if run.last_batch_at is None:
        return None
    seconds = (run.last_batch_at - run.started_at).total_seconds()
    return round(run.claimed / seconds) if seconds >= 1 else None


async def _live(request: web.Request) -> web.StreamResponse:
    async def render() -> str:
        found = await ask(request, _LIST, Asked(query={"limit": "15"}))
        told = {
            **request.config_dict[AROUND](request),
            "b": telling.speaker(request),
            **_standing(request, found.items),
        }
        return aiohttp_jinja2.render_string("_due_run.jinja", request, told)

    await render()  # refused now rather than in the stream
    return live.stream(request, "run", render, every_s=2.0)


async def _parked(request: web.Request) -> list[dict[str, Any]]:
    """What was parked last, with what can be done about each."""
    place = console(request).places.all[_PARKED]
    if not may(request, place):
        return []
    found = await ask(request, _PARKED, Asked(query={"limit": _SHOWN_PARKED}))
    look = eyes(request, place)
    return [
        {
            "plan": look.value("plan_id", one.plan_id),
            "name": one.name,
            "customer": look.value("customer_id", one.customer_id),
            "due_on": one.due_on.isoformat(),
            "amount": look.value("amount_fen", one.amount_fen),
            "reason": look.value("reason", one.reason),
            "deeds": [
                offering.deed(request, name, {"period_id": one.id}, None, near=str(one.id))
                for name in ("due_runs_retry", "due_runs_waive")
            ],
        }
        for one in found.items
    ]
