"""What somebody else saved while a form was filled in: shown beside what was typed, so that neither is lost unseen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console import filling
from console.showing import Eyes, Shown
from console.specs import Spec
from core import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field that is otherwise by now. ``typed``: what stands in the form, where it was changed there, too."""

    label: str
    was: Shown
    now: Shown
    typed: Shown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """What was saved since the form was given out. ``who`` and ``at`` are empty where that is not known; ``texts`` stand in the form now: what
    was typed, and of what was left alone what it is now."""

    who: str
    at: str
    changes: list[Change]
    texts: filling.Texts
    was: str


def of(
    refusal: errors.ChangedMeanwhile, body: Sequence[Spec], sent: filling.Texts, was: str, look: Eyes
) -> Meanwhile:
    """What a refusal tells to somebody who ``sent`` a form in which ``was`` stood at first, as JSON."""
    then = texts_of_json(was)
    now = filling.texts(body, refusal.params["now"])
    untouched = filling.unchanged(body, sent, then)
    moved = [
        spec for spec in body if spec.kind != "kept" and spec.name not in filling.unchanged([spec], now, then)
    ]
    values = [filling.read(body, texts, blank_is_null=True).values for texts in (then, now, sent)]
    kept = {spec.name for spec in body if spec.kind == "kept"} | untouched

    def shown(spec: Spec, said: dict[str, Any]) -> Shown:
        return look.value(spec.name, said.get(spec.name))

    at = refusal.params["changed_at"]
    return Meanwhile(
        who=refusal.params["operator_name"] or "",
        at=look.value("changed_at", datetime.fromisoformat(at)).text if at else "",
        changes=[
            Change(
                label=look.label(spec.name),
                was=shown(spec, values[0]),
                now=shown(spec, values[1]),
                typed=None if spec.name in untouched else shown(spec, values[2]),
            )
            for spec in moved
        ],
        texts=_below(now, kept) | _below(sent, {spec.name for spec in body} - kept),
        was=json.dumps(now),
    )


def _below(texts: filling.Texts, names: set[str]) -> dict[str, Sequence[str]]:
    return {name: said for name, said in texts.items() if name.partition(".")[0] in names}


def texts_of_json(was: str) -> dict[str, list[str]]:
    """What stood in a form when it was given out; nothing where that cannot be read."""
    try:
        found = json.loads(was)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
