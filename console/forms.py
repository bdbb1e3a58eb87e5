"""The one form of the console, drawn from what an operation takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from console import arrangement, filling
from console.places import PREFIX, Place
from console.showing import Eyes, described
from console.specs import Spec
from core import words


@dataclass(frozen=True, slots=True)
class Picker:
    """The search box beside a field that is a number of something: where it asks, what it is called, what one types."""

    address: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One field as it stands on a page."""

    name: str
    label: str
    hint: str
    spec: Spec
    text: str
    texts: tuple[str, ...]
    fault: str
    options: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    parts: tuple[Drawn, ...] = ()
    rows: tuple[tuple[Drawn, ...], ...] = ()
    blank: tuple[Drawn, ...] = ()
    variants: tuple[tuple[str, str, tuple[Drawn, ...]], ...] = ()
    near: str = ""
    """Tells the fields of several forms of one page apart."""
    picks: Picker | None = None

    @property
    def id(self) -> str:
        """How the page calls its input."""
        return "-".join(filter(None, ("f", self.near, self.name.replace(".", "-"))))


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done: a button."""

    title: str
    address: str
    dangerous: bool

    @classmethod
    def of(cls, place: Place, address: str, locale: str) -> Deed:
        """The button of an operation."""
        return cls(place.title(locale), address, is_dangerous(place))


def is_dangerous(place: Place) -> bool:
    """Whether it takes something away."""
    return place.route.method == "DELETE" or place.name.endswith(arrangement.DANGEROUS)


def drawn(
    specs: Iterable[Spec], texts: filling.Texts, faults: Mapping[str, str], look: Eyes, prefix: str = ""
) -> list[Drawn]:
    """The fields of a form in which ``texts`` stand; ``faults`` are sentences by dotted names."""
    return [_one(spec, texts, faults, look, f"{prefix}{spec.name}") for spec in specs]


def _one(spec: Spec, texts: filling.Texts, faults: Mapping[str, str], look: Eyes, name: str) -> Drawn:
    said = tuple(texts.get(name, ()))
    return Drawn(
        name=name,
        label=look.label(spec.name),
        hint=described(spec.description, look.locale),
        spec=spec,
        text=said[0] if said else "",
        texts=said,
        fault=faults.get(name, ""),
        options=_options(spec, look, said),
        groups=_groups(spec, look),
        parts=tuple(drawn(spec.parts, texts, faults, look, f"{name}.")) if spec.kind == "group" else (),
        rows=_rows(spec, texts, faults, look, name),
        blank=tuple(drawn(spec.parts, {}, {}, look, f"{name}.N.")) if spec.kind == "rows" else (),
        variants=_variants(spec, texts, faults, look, name),
        picks=_picker(spec, look),
    )


_PICKED = {name: "customers" for name in ("customer_id", "to_customer_id", "from_customer_id", "into")} | {
    "sku_id": "skus"
}
_PAGE_OF = {"customers": "customers_listing", "skus": "products_listing"}
"""What may be searched by who may open which list."""


def _picker(spec: Spec, look: Eyes) -> Picker | None:
    kind = _PICKED.get(spec.name)
    if kind is None or spec.kind != "integer" or not look.may_open(look.places.all[_PAGE_OF[kind]]):
        return None
    end = "_sku" if kind == "skus" else ""

    def say(key: str) -> str:
        return words.say(f"desk_pages.picker.{key}{end}", look.locale)

    return Picker(f"{PREFIX}/pick/{kind}", say("search"), say("hint"))


def _options(spec: Spec, look: Eyes, said: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    if chosen := look.choices.get(spec.name):
        known = {value for value, _ in chosen}
        return (*chosen, *((one, one) for one in said if one and one not in known))
    if spec.kind == "flag" and spec.nullable:
        return tuple((one, words.say(f"console.{one}", look.locale)) for one in ("yes", "no"))
    return tuple((option, look.value(spec.name, option).text) for option in spec.options)


def _groups(spec: Spec, look: Eyes) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Many boxes to tick stand by what they are about, where that is said before a dot: ``orders.see``."""
    if spec.kind != "several" or not all("." in option for option in spec.options):
        return ()
    found: dict[str, list[tuple[str, str]]] = {}
    for option in spec.options:
        found.setdefault(option.partition(".")[0], []).append((option, look.value(spec.name, option).text))
    return tuple(
        (words.say(f"console.duty_area.{area}", look.locale), tuple(options))
        for area, options in found.items()
    )


def _rows(
    spec: Spec, texts: filling.Texts, faults: Mapping[str, str], look: Eyes, name: str
) -> tuple[tuple[Drawn, ...], ...]:
    if spec.kind != "rows":
        return ()
    numbers = filling.row_numbers(texts, name) or [0]
    return tuple(tuple(drawn(spec.parts, texts, faults, look, f"{name}.{number}.")) for number in numbers)


def _variants(
    spec: Spec, texts: filling.Texts, faults: Mapping[str, str], look: Eyes, name: str
) -> tuple[tuple[str, str, tuple[Drawn, ...]], ...]:
    return tuple(
        (
            value,
            look.value(spec.marker, value).text,
            tuple(drawn(parts, texts, faults, look, f"{name}.{value}.")),
        )
        for value, parts in (spec.variants or {}).items()
    )


def sentences(faults: Iterable[Mapping[str, Any]], locale: str) -> tuple[dict[str, str], list[str]]:
    """What an operation found wrong with what was sent: by dotted names, and what belongs to no field."""
    by_name: dict[str, str] = {}
    others: list[str] = []
    for fault in faults:
        place, *where = fault["location"]
        said = fault["message"] if locale == "zh-CN" else fault["message_en"]
        if place == "path" or not where:
            others.append(said)
        else:
            by_name.setdefault(".".join(map(str, where)), said)
    return by_name, others
