"""Utterances with what they mean, written by somebody who had not seen the words and rules; and the judge of what is understood.

A line: intent, slots (``-`` or ``name=value`` by spaces), text; by tabs. ``amount`` is in fen; ``name`` is a name as said; of the intent
``other`` nothing may be answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot import understanding
from bot.understanding import Period, Understood
from bot.understanding.plain import plain

TODAY = date(2026, 11, 18)
"""A Wednesday, so that weeks and months have begun and not ended."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one text means."""

    intent: str
    slots: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was understood of it. ``heard``: an intent, ``?`` with those that are asked back about, or ``nothing``."""

    label: Label
    understood: Understood
    heard: str
    slots_wrong: str

    @property
    def is_right(self) -> bool:
        """Whether it is answered as it should be; of ``other``, whether it is not answered."""
        if self.label.intent == "other":
            return self.understood.intent is None
        return self.understood.intent == self.label.intent and not self.slots_wrong

    @property
    def explained(self) -> str:
        """The pieces as they were read."""
        if not self.understood.matches:
            return "no rule"
        best = self.understood.matches[0]
        return (
            " ".join(f"{one.text}={one.concept}" for one in best.fed)
            + " | "
            + " ".join(f"{one.text}={one.concept}" for one in best.left_over)
        )


def labelled(part: str) -> list[Label]:
    """The utterances of ``dev`` or ``held``."""
    lines = (Path(__file__).parent / f"{part}.tsv").read_text("utf-8").splitlines()
    found = []
    for line in lines:
        intent, slots, text = line.split("\t")
        named = {} if slots == "-" else dict(slot.split("=", 1) for slot in slots.split(" "))
        found.append(Label(intent, named, text))
    return found


def judged(label: Label) -> Verdict:
    """What is understood of a text, beside what it means."""
    got = understanding.understand(label.text, today=TODAY)
    heard = got.intent or (f"?{'/'.join(got.choices)}" if got.choices else "nothing")
    wrong = "" if got.intent != label.intent else _slots_wrong(label, got)
    return Verdict(label, got, heard if not wrong else f"{heard} with other slots", wrong)


def _slots_wrong(label: Label, got: Understood) -> str:
    has = {
        "amount": str(got.slots.money_fen),
        "period": str(got.slots.period),
        "count": str(got.slots.count),
        "number": str(got.slots.number),
        "code": str(got.slots.number),
    }
    for name, value in label.slots.items():
        if name == "name":
            if plain(value) not in got.text:
                return f"name {value}"
            continue
        wanted = str(period(value)) if name == "period" else value
        if has[name] != wanted:
            return f"{name} {has[name]} and not {wanted}"
    return ""


def period(name: str, today: date = TODAY) -> Period:
    """A period by its name in the file, computed here in another way than the reader's."""
    monday, month = today - timedelta(today.weekday()), today.replace(day=1)
    before_month = month - timedelta(1)
    fixed = {
        "today": (today, today),
        "yesterday": (today - timedelta(1), today - timedelta(1)),
        "day_before_yesterday": (today - timedelta(2), today - timedelta(2)),
        "this_week": (monday, monday + timedelta(6)),
        "last_week": (monday - timedelta(7), monday - timedelta(1)),
        "this_month": (month, date(2026, 11, 30)),
        "last_month": (before_month.replace(day=1), before_month),
        "this_year": (date(2026, 1, 1), date(2026, 12, 31)),
        "last_year": (date(2025, 1, 1), date(2025, 12, 31)),
    }
    if name in fixed:
        return Period(*fixed[name])
    if match := re.fullmatch(r"last_(\d+)_days", name):
        return Period(today - timedelta(int(match[1]) - 1), today)
    if match := re.fullmatch(r"last_(\d+)_months", name):
        years, months = divmod(today.month - 1 - int(match[1]), 12)
        return Period(date(today.year + years, months + 1, today.day + 1), today)
    if match := re.fullmatch(r"month_(?:(\d{4})_)?(\d\d)", name):
        number = int(match[2])
        year = int(match[1]) if match[1] else today.year - (number > today.month)
        last = date(year + number // 12, number % 12 + 1, 1) - timedelta(1)
        return Period(date(year, number, 1), last)
    first, last_day = name.removeprefix("days_").split("_")
    return Period(date.fromisoformat(first), date.fromisoformat(last_day))
