"""Where things are in the console. Its pages are the operators' operations: each that reads has an address of its own, the path it has in
the API; each that writes is a form. What belongs together is read from the paths: ``/bills/{bill_no}/pay`` is something one does with
``/bills/{bill_no}``, ``/customers/{customer_id}/bills`` a list of that customer."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlencode

import pydantic

from console import arrangement
from core import http as kit
from core import words
from core.http import signature

PREFIX = "/console"
_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """One operation as the console shows it."""

    route: kit.Route

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.route.operation_id

    @property
    def slots(self) -> tuple[str, ...]:
        """The parts of its path that name what it is about, in order."""
        return tuple(_SLOT.findall(self.route.path))

    @property
    def is_list(self) -> bool:
        """Whether it answers with a page of a list."""
        answer = self.route.answer
        return answer is not None and issubclass(answer, kit.Page)

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.route.method != "GET"

    @property
    def model(self) -> type[pydantic.BaseModel] | None:
        """What it answers with; of a list, what one row is."""
        answer = self.route.answer
        if answer is None or not self.is_list:
            return answer
        rows: type[pydantic.BaseModel] = typing.get_args(answer.model_fields["items"].annotation)[0]
        return rows

    @property
    def query(self) -> type[pydantic.BaseModel] | None:
        """What it can be asked for with."""
        return signature.of(self.route).query

    def title(self, locale: str) -> str:
        """What it is called on its page and where it is named."""
        key = f"titles.{self.name}"
        if words.has(key, locale):
            return words.template(key, locale)
        return self.route.summary[0 if locale == "zh-CN" else 1]

    def address(self, parts: Mapping[str, object], query: Mapping[str, object] | None = None) -> str:
        """Its address in the console, about these parts of the path; of what writes, the address of its form."""
        if self.writes:
            asked = {slot: str(parts[slot]) for slot in self.slots} | dict(query or {})
            return f"{PREFIX}/do/{self.name}" + (f"?{urlencode(asked)}" if asked else "")
        path = _SLOT.sub(lambda slot: quote(str(parts[slot[1]]), safe=""), self.route.path)
        return f"{PREFIX}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")


class Places:
    """All of them, and how they hang together."""

    def __init__(self, routes: Iterable[kit.Route]) -> None:
        self.all: Mapping[str, Place] = {route.operation_id: Place(route) for route in routes}

    @cached_property
    def shown(self) -> list[Place]:
        """What has a page that reads."""
        return [
            place
            for place in self.all.values()
            if not place.writes and place.name not in arrangement.NOT_SHOWN
        ]

    @cached_property
    def _by_path(self) -> Mapping[str, Place]:
        return {place.route.path: place for place in self.shown if place.route.file is None}

    @cached_property
    def _subjects(self) -> Mapping[str, Place]:
        """By the name of a part of a path: the page of what it names."""
        found: dict[str, Place] = {}
        for place in self.shown:
            path = place.route.path
            if (
                not place.is_list
                and place.route.file is None
                and len(place.slots) == 1
                and path.endswith("}")
            ):
                found.setdefault(place.slots[0], place)
        return found

    def subject(self, slot: str) -> Place | None:
        """The page of what a field of this name names, e.g. of ``order_no``."""
        return self._subjects.get(arrangement.SAME_AS.get(slot, slot))

    def parent(self, place: Place) -> Place | None:
        """The nearest page above it whose path begins this one's."""
        path = place.route.path
        while "/" in path[1:]:
            path = path.rsplit("/", 1)[0]
            if (found := self._by_path.get(path)) is not None and found is not place:
                return found
        return None

    def inside(self, place: Place) -> list[Place]:
        """What else is told of the same subject: the pages below it."""
        begin = f"{place.route.path}/"
        return [
            other
            for other in self.shown
            if other.route.path.startswith(begin) and other.slots == place.slots and other.route.file is None
        ]

    def files(self, place: Place) -> list[Place]:
        """What can be downloaded of it."""
        begin = place.route.path
        return [
            other
            for other in self.shown
            if other.route.file is not None
            and other.slots == place.slots
            and (other.route.path.startswith((f"{begin}.", f"{begin}/")))
        ]

    def deeds(self, place: Place) -> list[Place]:
        """What can be done with what a page shows."""
        path = place.route.path
        return [
            other
            for other in self.all.values()
            if other.writes
            and other.name not in arrangement.NOT_SHOWN
            and (
                other.name in arrangement.DEEDS.get(place.name, ())
                or (
                    other.slots == place.slots
                    and (other.route.path == path or other.route.path.startswith(f"{path}/"))
                )
            )
        ]

    def row_page(self, place: Place) -> Place | None:
        """The page of one row of a list."""
        named = arrangement.ROW_PAGES.get(place.name)
        if named is not None:
            return self.all[named]
        for other in self.shown:
            if (
                not other.is_list
                and other.route.file is None
                and other.slots[:-1] == place.slots
                and other.route.path == f"{place.route.path}/{{{other.slots[-1] if other.slots else ''}}}"
            ):
                return other
        slot = self._row_slot(place)
        return self.subject(slot) if slot is not None else None

    def _row_slot(self, place: Place) -> str | None:
        """The number a row is known by, where it has a page elsewhere."""
        if place.model is None:
            return None
        names = [name for name in place.model.model_fields if name.endswith("_no")][:1]
        return names[0] if names and names[0] not in place.slots else None

    def row_deeds(self, place: Place) -> list[Place]:
        """What can be done with a row that has no page of its own, and the pages that what is done there leads to."""
        begin = re.escape(f"{place.route.path}/{{")
        one = re.compile(begin + r"[a-z_]+\}(/[^{]*)?")
        found = [
            other
            for other in self.all.values()
            if other.writes
            and other.name not in arrangement.NOT_SHOWN
            and (one.fullmatch(other.route.path) or other.name in arrangement.ROW_DEEDS.get(place.name, ()))
        ]
        leads = (arrangement.LEADS_TO.get(other.name, other.name) for other in found)
        return [self.all[name] for name in leads if name is not None]

    def parts_of_row(
        self, place: Place, row: Mapping[str, object], given: Mapping[str, str]
    ) -> dict[str, object] | None:
        """The parts of the path of ``place`` for a row of a list; None: the row does not name them."""
        parts: dict[str, object] = {}
        for slot in place.slots:
            value = given.get(slot, row.get(slot))
            if value is None and slot == place.slots[-1]:
                value = row.get("id", row.get("code")) if slot.endswith(("_id", "code")) else None
            for own, meant in arrangement.SAME_AS.items():
                if value is None and meant == slot:
                    value = row.get(own)
            if value is None:
                return None
            parts[slot] = value
        return parts
