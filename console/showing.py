"""Values as people read them: amounts in yuan, instants in the shop's time, states in words, numbers as links to what they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pydantic

from console import labels
from console.places import Places
from core import clock, money, words

NOTHING = "—"
PICTURE = "picture"
"""The field that is the key of a product's picture."""
IMAGES = "/api/v1/images"
"""Where the files of products' pictures are, on this host."""
_COLOURS: Mapping[str, str] = {
    "green": "paid done active confirmed completed approved ok issued succeeded settled sent delivered open_now credited closed_day received present on",
    "yellow": "waiting pending open partly_paid submitted processing unknown paused asked queued in_review started held overdue unmatched suspended",
    "red": "failed rejected refused cancelled void dead blocked abnormal expired parked error missed",
}
_COLOUR_OF = {state: colour for colour, states in _COLOURS.items() for state in states.split()}


@dataclass(frozen=True, slots=True)
class Shown:
    """One value on a page. ``kind``: text, money, badge, rows, pairs, image; ``href`` None: no link."""

    text: str
    kind: str = "text"
    href: str | None = None
    colour: str = "secondary"
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Shown, ...], ...] = ()
    pairs: tuple[tuple[str, Shown], ...] = ()
    negative: bool = False
    iso: str | None = None


@dataclass(frozen=True, slots=True)
class Eyes:
    """How one reader sees: the language, what they may open, and of which group of operations the values are."""

    locale: str
    places: Places
    may_open: Any
    tag: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """By field: what may be chosen where that is what the shop has."""

    def label(self, name: str) -> str:
        """What a field is called."""
        return labels.field(name, self.locale, tag=self.tag)

    def value(self, name: str, value: Any, *, row: Mapping[str, Any] | None = None) -> Shown:
        """A value of the field ``name``; ``row`` is what it stands in."""
        if value is None or value == "" or value == []:
            return self._nothing(name)
        if isinstance(value, bool):
            return Shown(words.say("console.yes" if value else "console.no", self.locale), kind="flag")
        if isinstance(value, int) and name.endswith("_fen"):
            return Shown(f"¥{money.yuan(value)}", kind="money", negative=value < 0)
        if isinstance(value, datetime):
            local = value.astimezone(clock.zone())
            return Shown(f"{local:%Y-%m-%d %H:%M}", kind="moment", iso=value.isoformat())
        if isinstance(value, date):
            return Shown(value.isoformat(), kind="day")
        if isinstance(value, pydantic.BaseModel):
            return self._whole(fields_of(value))
        if isinstance(value, Mapping):
            return self._whole(dict(value))
        if isinstance(value, list | tuple):
            return self._several(name, value)
        if name == PICTURE:
            return Shown(value, kind="image", href=f"{IMAGES}/{value}/small")
        return self._plain(name, value)

    def pairs(self, row: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, Shown]]:
        """Labels and values of some fields."""
        return [(self.label(name), self.value(name, row[name], row=row)) for name in names if name in row]

    def _nothing(self, name: str) -> Shown:
        """Nothing is said, which may mean something: a role's limit that is not set is none."""
        key = f"console.absent.{self.tag}.{name}"
        if words.has(key, self.locale):
            return Shown(words.template(key, self.locale))
        return Shown(NOTHING, kind="nothing")

    def _plain(self, name: str, value: Any) -> Shown:
        text = str(value)
        if name == "operation" and text in self.places.all:
            done = self.places.all["acts_listing"]
            href = done.address({}, {"operation": text}) if self.may_open(done) else None
            return Shown(self.places.all[text].title(self.locale), href=href)
        if isinstance(value, str) and (said := labels.value(name, value, self.locale, tag=self.tag)) != value:
            return Shown(said, kind="badge", colour=_COLOUR_OF.get(value, "secondary"))
        return Shown(text, href=self._link(name, value))

    def _link(self, name: str, value: Any) -> str | None:
        page = self.places.subject(name)
        if page is None or not self.may_open(page) or (name == "day" and isinstance(value, int)):
            return None  # a day of the month is none of the calendar's
        return page.address({page.slots[0]: value})

    def _whole(self, row: Mapping[str, Any]) -> Shown:
        return Shown("", kind="pairs", pairs=tuple(self.pairs(row, row)))

    def _several(self, name: str, values: Sequence[Any]) -> Shown:
        if isinstance(values[0], pydantic.BaseModel | Mapping):
            rows = [fields_of(one) if isinstance(one, pydantic.BaseModel) else dict(one) for one in values]
            columns = tuple(dict.fromkeys(column for row in rows for column in row))
            return Shown(
                "",
                kind="rows",
                head=tuple(map(self.label, columns)),
                rows=tuple(
                    tuple(self.value(column, row.get(column), row=row) for column in columns) for row in rows
                ),
            )
        return Shown("、".join(self.value(name, one).text for one in values))


def fields_of(model: pydantic.BaseModel) -> dict[str, Any]:
    """The fields of an answer and their values, as they are."""
    return {name: getattr(model, name) for name in type(model).model_fields}


def is_long(shown: Shown) -> bool:
    """Whether a value takes a place of its own on a page, below the short ones."""
    return shown.kind in ("rows", "pairs") or len(shown.text) > 240


def described(description: str | None, locale: str) -> str:
    """A field's description in one language: they are written 「中文 · English」."""
    if not description:
        return ""
    chinese, separator, english = description.partition(" · ")
    return chinese if locale == "zh-CN" or not separator else english


_WORD = re.compile(r"[A-Za-z0-9]")


def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    stripped = name.strip()
    if not stripped:
        return "?"
    return stripped[:2].upper() if _WORD.match(stripped) else stripped[0]
