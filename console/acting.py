"""Doing something: the form of an operation that writes, and what came of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pydantic
from aiohttp import web

from console import choices, details, filling, forms, meanwhile, session, specs
from console.places import Place
from console.request import CSRF, LOCALE, admit, ask, caller, console, eyes, page, say
from core import errors
from core.http import problems
from core.http.calling import Asked
from members import step_up

_FLASH = "yucun_done"
_MOST_FORM_BYTES = 512 * 1024
"""So much a form may say, beside the file in it."""


def handlers(place: Place) -> tuple[Any, Any]:
    """What shows the form of an operation, and what does it."""

    async def form(request: web.Request) -> web.StreamResponse:
        await _refuse(request, place)
        given = _given(request, place)
        told = await _prefilled(request, place, given)
        return await _form(request, place, given, told, {}, [])

    async def do(request: web.Request) -> web.StreamResponse:
        await _refuse(request, place)
        return await _done(request, place)

    return form, do


async def _refuse(request: web.Request, place: Place) -> None:
    await admit(request, place)
    if place.route.gate is not None:
        place.route.gate(caller(request))


def _given(request: web.Request, place: Place) -> dict[str, str]:
    missing = [slot for slot in place.slots if slot not in request.query]
    if missing:
        raise errors.NotFound
    return {slot: request.query[slot] for slot in place.slots}


async def _prefilled(request: web.Request, place: Place, given: Mapping[str, str]) -> dict[str, list[str]]:
    """What stands in the form at first: what is there now where it is changed, what the address says, else the defaults."""
    body = specs.of_body(place.route)
    values: dict[str, Any] = {spec.name: spec.default for spec in body if spec.default is not None}
    now = await subject(request, place, given) if place.route.method in ("PUT", "PATCH") else None
    if now is not None:
        values.update(now)
    values.update({spec.name: request.query[spec.name] for spec in body if spec.name in request.query})
    return filling.texts(body, values)


async def subject(request: web.Request, place: Place, given: Mapping[str, str]) -> dict[str, Any] | None:
    """What is there now of what is about to be changed, as plain values. Who may not see it is refused: they would save an empty form over it."""
    above = next(
        (
            one
            for one in console(request).places.shown
            if one.route.path == place.route.path and not one.is_list and one.route.file is None
        ),
        None,
    )
    if above is not None:
        await admit(request, above)
        found = await ask(request, above.name, Asked(path=given))
        return found.model_dump(mode="json") if isinstance(found, pydantic.BaseModel) else None
    return await _whole(request, place, given) or await _row_of_list(request, place, given)


async def _whole(request: web.Request, place: Place, given: Mapping[str, str]) -> dict[str, Any] | None:
    """What an operation sets a part of, and answers with as it is then."""
    whole = console(request).places.parent(place)
    if whole is None or whole.route.answer is not place.route.answer or whole.slots != place.slots:
        return None
    await admit(request, whole)
    found = await ask(request, whole.name, Asked(path=given))
    return found.model_dump(mode="json") if isinstance(found, pydantic.BaseModel) else None


async def _row_of_list(request: web.Request, place: Place, given: Mapping[str, str]) -> dict[str, Any] | None:
    """The row that is meant, where there is only a list of them."""
    path = place.route.path.rsplit("/", 1)[0]
    listing = next(
        (one for one in console(request).places.shown if one.route.path == path and one.is_list), None
    )
    if listing is None or not place.slots or listing.slots != place.slots[:-1]:
        return None
    await admit(request, listing)
    found = await ask(
        request, listing.name, Asked(path=given, query={"limit": "100"} if listing.query else {})
    )
    wanted = given[place.slots[-1]]
    for item in found.items:
        row = item.model_dump(mode="json")
        if str(row.get(place.slots[-1], row.get("id", row.get("code")))) == wanted:
            return dict(row)
    return None


async def _form(
    request: web.Request,
    place: Place,
    given: Mapping[str, str],
    texts: filling.Texts,
    faults: Mapping[str, str],
    others: list[str],
    *,
    key: str | None = None,
    was: str | None = None,
    changed: meanwhile.Meanwhile | None = None,
    status: int = 200,
) -> web.Response:
    look = replace(eyes(request, place, given), choices=await choices.of(request, place))
    return page(
        request,
        "form.jinja",
        status,
        title=place.title(look.locale),
        place=place,
        about=[(look.label(slot), look.value(slot, value)) for slot, value in given.items()],
        description=(place.route.description or ("", ""))[0 if look.locale == "zh-CN" else 1],
        fields=forms.drawn(specs.of_body(place.route), texts, faults, look),
        faults=others,
        key=key or secrets.token_hex(16),
        was=was if was is not None else json.dumps(texts) if _remembers(place) else "",
        changed=changed,
        back=session.own_address(request.query.get("back")),
        action=place.address(given, _further(request)),
        dangerous=forms.is_dangerous(place),
        uploads=place.route.upload is not None,
    )


def _remembers(place: Place) -> bool:
    """Whether what stood in the form at first is needed when it is sent."""
    return place.route.method == "PATCH" or any(spec.kind == "kept" for spec in specs.of_body(place.route))


def _further(request: web.Request) -> dict[str, str]:
    """Where the form leads after it was sent."""
    back = {"back": session.own_address(request.query.get("back"))}
    return back | ({"then": "back"} if request.query.get("then") == "back" else {})


async def _done(request: web.Request, place: Place) -> web.StreamResponse:
    given = _given(request, place)
    form = await _sent(request, place)
    texts = filling.texts_of(form)
    session.check_form(next(iter(texts.get("_csrf", ())), None), request[CSRF])
    body = specs.of_body(place.route)
    filled = filling.read(body, texts, blank_is_null=place.route.method in ("PUT", "PATCH"))
    values = _changed(place, filled.values, texts)
    faults = {name: say(request, f"faults.{fault}") for name, fault in filled.faults.items()}
    others: list[str] = []
    key, was = (next(iter(texts.get(name, ())), None) for name in ("_key", "_was"))
    if not faults:
        try:
            asked = Asked(
                path=given,
                query={
                    name: texts[name][0]
                    for name in texts
                    if name in (place.query.model_fields if place.query else ())
                },
                body=values if body or place.route.method in ("POST", "PUT", "PATCH") else None,
                key=key,
                upload=_file(form) if place.route.upload is not None else None,
            )
            return _answered(request, place, given, await ask(request, place.name, asked))
        except problems.InvalidRequest as refusal:
            faults, others = forms.sentences(refusal.params["faults"], request[LOCALE])
        except (errors.Unauthenticated, step_up.StepUpRequired):
            raise
        except errors.ChangedMeanwhile as refusal:
            said = refusal.sentence(request[LOCALE])
            changed = meanwhile.of(refusal, body, texts, was or "", eyes(request, place, given))
            return await _form(
                request, place, given, changed.texts, {}, [said], was=changed.was, changed=changed, status=409
            )
        except errors.DomainError as refusal:
            others = [refusal.sentence(request[LOCALE])]
    return await _form(
        request,
        place,
        given,
        filling.texts(body, filled.values),
        faults,
        others,
        key=key,
        was=was,
        status=422,
    )


async def _sent(request: web.Request, place: Place) -> Any:
    most = (place.route.upload or 0) + _MOST_FORM_BYTES
    return await request.clone(client_max_size=most).post()


def _changed(place: Place, values: dict[str, Any], texts: filling.Texts) -> dict[str, Any]:
    """Of a PATCH, only what was changed in the form."""
    if place.route.method != "PATCH":
        return values
    was = meanwhile.texts_of_json(next(iter(texts.get("_was", ())), ""))
    same = filling.unchanged(specs.of_body(place.route), texts, was)
    return {name: value for name, value in values.items() if name not in same}


def _file(form: Any) -> bytes | None:
    sent = form.get("file")
    return sent.file.read() if isinstance(sent, web.FileField) else None


def _answered(request: web.Request, place: Place, given: Mapping[str, str], found: Any) -> web.StreamResponse:
    if isinstance(found, web.StreamResponse) and not isinstance(found, web.Response):
        return found
    back = session.own_address(request.query.get("back"))
    above = console(request).places.parent(place)
    if (
        not isinstance(found, pydantic.BaseModel)
        or place.is_list
        or request.query.get("then") == "back"
        or (above is not None and above.route.answer is place.route.answer)
    ):
        return done_there(f"{place.name}.{_how(place, found)}", back)
    told = details.contents(request, place, found, dict(given))
    return page(
        request, "done.jinja", title=place.title(request[LOCALE]), back=back, place=place, sentence="", **told
    )


def _how(place: Place, found: Any) -> str:
    """Whether it is done, waits for a second person now, or could not be carried out when one agreed."""
    if place.name.startswith("approvals_"):
        return "failed" if getattr(found, "state", "") == "failed" else ""
    return "waits" if getattr(found, "approval_no", None) else ""


def done_there(name: str, address: str) -> web.Response:
    """Leads on to an address of the console; what was done is said there."""
    response = web.Response(status=303, headers={"Location": address})
    response.set_cookie(_FLASH, name, max_age=30, path="/console", httponly=True, samesite="Lax")
    return response


def flash(request: web.Request) -> str | None:
    """What was done just now, or waits for a second person, said on the next page."""
    name, _, how = request.cookies.get(_FLASH, "").partition(".")
    place = console(request).places.all.get(name)
    if place is None:
        return None
    return say(request, how if how in ("waits", "failed") else "done", what=place.title(request[LOCALE]))


def forget_flash(request: web.Request, response: web.StreamResponse) -> None:
    """It was said."""
    if _FLASH in request.cookies and request.method == "GET" and not response.prepared:
        response.del_cookie(_FLASH, path="/console", httponly=True, samesite="Lax")
