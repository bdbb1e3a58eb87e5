"""Lists as tables to take away: what a cell is follows from the field."""

from __future__ import annotations

import re
import typing
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from console.places import Place
from console.showing import NOTHING, Eyes
from core import sheets

_UNFIT = re.compile(r"[\[\]:*?/\\]")
_LONGEST_TITLE = 31

Kind = Literal["text", "count", "yuan", "moment"]


def sheet(
    title: str,
    place: Place,
    columns: Sequence[str],
    look: Eyes,
    pages: AsyncIterator[Sequence[Mapping[str, Any]]],
) -> sheets.Sheet:
    """A list as a table: amounts in yuan and instants as themselves, all else as it reads on the page."""
    kinds = [_kind(place, name) for name in columns]

    async def batches() -> AsyncIterator[Sequence[sheets.Row]]:
        async for rows in pages:
            yield [
                [_cell(look, kind, name, row) for kind, name in zip(kinds, columns, strict=True)]
                for row in rows
            ]

    titles = [sheets.Column(look.label(name), kind) for kind, name in zip(kinds, columns, strict=True)]
    return sheets.Sheet(_UNFIT.sub(" ", title)[:_LONGEST_TITLE], titles, batches())


def _kind(place: Place, name: str) -> Kind:
    assert place.model is not None
    held = _plain(place.model.model_fields[name].annotation)
    if held is datetime:
        return "moment"
    if held is int:
        return (
            "yuan" if name.endswith("_fen") else "text" if name.endswith("_id") or name == "id" else "count"
        )
    return "text"


def _plain(annotation: Any) -> Any:
    """The type itself, without None beside it and without what is said of it."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    options = [one for one in typing.get_args(annotation) if one is not type(None)]
    if options and typing.get_origin(annotation) not in (list, dict, tuple, Literal):
        return _plain(options[0]) if len(options) == 1 else None
    return annotation


def _cell(look: Eyes, kind: Kind, name: str, row: Mapping[str, Any]) -> Any:
    value = row[name]
    if kind != "text" or value is None:
        return value
    shown = look.value(name, value, row=row)
    if shown.kind in ("rows", "pairs"):
        return "；".join(_flat(shown))
    return None if shown.text == NOTHING else shown.text


def _flat(shown: Any) -> list[str]:
    if shown.kind == "rows":
        return ["，".join(cell.text for cell in row if cell.text != NOTHING) for row in shown.rows]
    return [f"{label} {value.text}" for label, value in shown.pairs if value.text != NOTHING]
