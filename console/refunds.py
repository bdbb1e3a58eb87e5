"""A refund or a remittance: how far it is, and the steps that are possible now, each with what it does."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console import details, offering, telling
from console.request import ask, console, eyes, page
from console.showing import Shown, fields_of
from core.http.calling import Asked

_STEPS = (
    "refunds_approve", "refunds_reject", "refunds_paid_out", "remittances_of_refund", "refunds_to_balance", "refunds_to_counter",
    "refunds_to_card", "refunds_retry",
)  # fmt: skip


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/refunds/{refund_no}", _refund)
    door.router.add_get("/remittances/{remittance_no}", _remittance)


async def _refund(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place, b = console(request).places.all["refunds_one"], telling.speaker(request)
    found = await ask(request, place.name, Asked(path=given))
    refund, look = found.refund, eyes(request, place, given)
    steps = [offering.deed(request, name, given, found) for name in _STEPS]
    if refund.state == "failed":
        steps.append(
            offering.deed(
                request, "refunds_retry", given, found, fixed={"at_counter": "true"}, near="counter",
                title=b("refunds.retry_at_counter"),
            )
        )  # fmt: skip
    lots = {
        "lots": [
            {"part_no": part, **fields_of(lot)} for part, several in found.lots.items() for lot in several
        ]
    }
    return page(
        request,
        "refund.jinja",
        **details.around(request, place, given, found, but=_STEPS),
        **await _told(request, refund, ("refund_no", "customer_id", "parts")),
        parts=look.value("parts", refund.parts),
        lots=look.value("lots", lots["lots"]) if lots["lots"] else None,
        steps=[one for one in steps if one is not None],
        way=_way(request, refund),
        ahead=b(f"refunds.{refund.state}"),
    )


async def _remittance(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place, b = console(request).places.all["remittances_one"], telling.speaker(request)
    found = await ask(request, place.name, Asked(path=given))
    cancel = offering.deed(request, "remittances_cancel", given, found)
    ahead = b(
        "remittances.stopping"
        if found.is_stopping and found.ended_at is None
        else f"remittances.{found.state}"
    )
    return page(
        request,
        "refund.jinja",
        **details.around(request, place, given, found, but=("remittances_cancel",)),
        **await _told(request, found, ("remittance_no", "customer_id")),
        parts=None,
        lots=None,
        steps=[cancel] if cancel is not None and not found.is_stopping else [],
        way=_way(request, found),
        ahead=ahead,
    )


async def _told(request: web.Request, found: Any, but: tuple[str, ...]) -> dict[str, Any]:
    look, row = eyes(request, console(request).places.all["refunds_one"]), fields_of(found)
    names = await telling.customers(request, [found.customer_id])
    return {
        "b": telling.speaker(request),
        "amount": telling.yuan(found.amount_fen),
        "state": look.value("state", found.state),
        "customer": telling.person(request, found.customer_id, names.get(found.customer_id)),
        "pairs": look.pairs(row, telling.present(row, but)),
    }


def _way(request: web.Request, found: Any) -> list[tuple[str, Shown, str]]:
    """What has happened so far: a name, by whom, when."""
    look, b = eyes(request), telling.speaker(request)
    asked_by = getattr(found, "operator", None) or f"operator:{found.operator_id}"
    way = [(b("refunds.asked"), look.value("operator", asked_by), telling.minute(found.created_at))]
    if (decided_by := getattr(found, "decided_by", None)) is not None:
        way.append((b("refunds.decided"), look.value("decided_by", decided_by), ""))
    if found.ended_at is not None:
        way.append((b("refunds.ended"), look.value("state", found.state), telling.minute(found.ended_at)))
    return way
