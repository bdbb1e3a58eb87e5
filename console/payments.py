"""A payment at a channel: what was tried, what the channel said of it word for word, and asking it now. Notifications and money set aside
have their pages here, too."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console import details, offering, raw, telling
from console.request import ask, console, eyes, may, page
from console.showing import fields_of
from core.http.calling import Asked

_ENDINGS = ("quarantine_credit", "quarantine_send_back", "quarantine_pay_out", "quarantine_close")
_MOST_NOTICES = "20"


def add_to(door: web.Application) -> None:
    """Adds the pages."""
    door.router.add_get("/payments/{payment_no}", _payment)
    door.router.add_get("/notices/{notice_id:[0-9]+}", _notice)
    door.router.add_get("/quarantine/{quarantine_id}", _quarantined)


async def _payment(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place = console(request).places.all["payments_one"]
    found = await ask(request, place.name, Asked(path=given))
    look, row = eyes(request, place, given), fields_of(found)
    names = await telling.customers(request, [found.customer_id])
    return page(
        request,
        "payment.jinja",
        **details.around(request, place, given, found, but=("payments_ask",)),
        b=telling.speaker(request),
        customer=telling.person(request, found.customer_id, names.get(found.customer_id)),
        amount=telling.yuan(found.amount_fen),
        state=look.value("state", found.state),
        pairs=look.pairs(row, telling.present(row, ("attempts", "customer_id", "payment_no"))),
        asking=offering.deed(request, "payments_ask", given, found),
        attempts=_attempts(request, found),
        notices=await _notices(request, found.payment_no),
    )


def _attempts(request: web.Request, found: Any) -> dict[str, Any]:
    place = console(request).places.all["payments_one"]
    look = eyes(request, place)
    columns = ("created_at", "channel", "method", "amount_fen", "state", "expires_at")
    rows = [
        (
            None if one.payment_no == found.payment_no else place.address({"payment_no": one.payment_no}),
            one.payment_no,
            [look.value(name, getattr(one, name)) for name in columns],
        )
        for one in found.attempts
    ]
    return {"rows": rows, "head": [look.label(name) for name in ("payment_no", *columns)]}


async def _notices(request: web.Request, payment_no: str) -> list[dict[str, Any]] | None:
    """The channel's notifications of it as they came; None: not for who looks."""
    places = console(request).places.all
    if not may(request, places["notices_one"]):
        return None
    listed = await ask(
        request, "notices_listing", Asked(query={"payment_no": payment_no, "limit": _MOST_NOTICES})
    )
    return [
        _told(
            request,
            await ask(request, "notices_one", Asked(path={"notice_id": str(one.id)})),
            back=request.path_qs,
        )
        for one in listed.items
    ]


def _told(request: web.Request, whole: Any, *, back: str) -> dict[str, Any]:
    place = console(request).places.all["notices_one"]
    look, notice = eyes(request, place), fields_of(whole.notice)
    given = {"notice_id": str(whole.notice.id)}
    shown = [name for name in notice if name not in ("id", "payment_no")]
    return {
        "id": whole.notice.id,
        "href": place.address(given),
        "title": f"{telling.minute(whole.notice.received_at)} · {whole.notice.event_type}",
        "outcome": look.value("outcome", whole.notice.outcome),
        "pairs": look.pairs(notice, shown),
        "headers": raw.headers(whole.headers),
        "body": raw.body(whole.body),
        "replays": look.value("replays", whole.replays),
        "replay": offering.deed(request, "notices_replay", given, None, near=str(whole.notice.id), back=back),
    }


async def _notice(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    place = console(request).places.all["notices_one"]
    found = await ask(request, place.name, Asked(path=given))
    about = details.around(request, place, given, found, but=("notices_replay",))
    payment = eyes(request, place).value("payment_no", found.notice.payment_no)
    notice = _told(request, found, back=request.path_qs)
    return page(request, "notice.jinja", **about, b=telling.speaker(request), notice=notice, payment=payment)


async def _quarantined(request: web.Request) -> web.StreamResponse:
    given = dict(request.match_info)
    places = console(request).places.all
    place, b = places["quarantine_one"], telling.speaker(request)
    found = await ask(request, place.name, Asked(path=given))
    look, row = eyes(request, place, given), fields_of(found)
    names = await telling.customers(request, [found.customer_id])
    values = {"quarantine_credit": {"customer_id": found.customer_id}} if found.customer_id else {}
    offered = [offering.deed(request, name, given, found, values=values.get(name)) for name in _ENDINGS]
    why = b(f"quarantine.why.{found.reason}", amount=telling.yuan(found.amount_fen))
    return page(
        request,
        "quarantined.jinja",
        **details.around(request, place, given, found, but=_ENDINGS),
        b=b,
        amount=telling.yuan(found.amount_fen),
        state=look.value("state", found.state),
        why=why,
        customer=found.customer_id
        and telling.person(request, found.customer_id, names.get(found.customer_id)),
        pairs=look.pairs(row, telling.present(row, ("detail", "customer_id", "id"))),
        detail=look.value("detail", found.detail),
        endings=[(b(f"quarantine.when.{one.name}"), one) for one in offered if one is not None],
        notices=await _notices(request, found.payment_no),
    )
