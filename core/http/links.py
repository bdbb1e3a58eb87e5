"""Links of the document: what can be done next with what an operation answered.

Most follow from the names. What makes something (201) links to whatever takes its number in the path: by the field of that name
(``order_no``), or by ``id`` below its own path (``/products`` and ``/products/{product_id}/…``); not by what it was itself asked about. What changes something links to where
it is read, a list to what can be done with its first row. What goes from an answer into a body is said with the route (``links``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from core.http import routes

_SLOT = re.compile(r"\{([a-z_]+)\}")


def of(api: routes.Api) -> dict[str, dict[str, Any]]:
    """By the operation's id, the links of its success, by the id of the operation they lead to.

    Raises:
        ValueError: a link leads to no operation.
    """
    known = {route.operation_id: route for route in api.routes}
    found = {}
    for route in api.routes:
        for link in route.links:
            if link.to not in known:
                raise ValueError(f"{route.operation_id} links to {link.to}, which there is not")
        named = {
            target.operation_id: {"operationId": target.operation_id, "parameters": parameters}
            for target, parameters in _by_name(api, route)
        }
        said = {link.to: {"operationId": link.to, "requestBody": dict(link.body)} for link in route.links}
        found[route.operation_id] = {**named, **said}
    return found


def _by_name(api: routes.Api, route: routes.Route) -> Iterable[tuple[routes.Route, dict[str, str]]]:
    answer, where = route.answer, "$response.body#"
    if answer is None:
        return
    if is_list := "items" in answer.model_fields:
        (answer,) = get_args(answer.model_fields["items"].annotation)
        where += "/items/0"
    fields = getattr(answer, "model_fields", {})
    for target in api.routes:
        slots = _SLOT.findall(target.path)
        if target is route or len(slots) != 1:
            continue
        (slot,) = slots
        below = target.path.startswith(f"{route.path}/{{{slot}}}")
        is_it = target.path.endswith(f"/{{{slot}}}")
        is_number = below or slot.endswith(("_no", "_id"))
        field = slot if slot in fields and is_number else "id" if below and "id" in fields else None
        if field is None:
            continue
        if is_list:
            wanted = below and is_it
        elif route.status == 201:
            wanted = slot not in _SLOT.findall(route.path)
        else:
            wanted = route.method != "GET" and target.method == "GET" and is_it
        if wanted:
            yield target, {slot: f"{where}/{field}"}
