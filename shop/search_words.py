"""Words a product is found by: its name as it is written, in pinyin, and by the initials of that (docs/decisions/0011).

A name is a row of units: a Chinese character is one, and so is a run of letters and digits. Kept is what begins at each unit, so a
question that begins at any of them is the beginning of something kept: 「龙井」, ``longjing`` and ``lj`` find 明前龙井, and so do ``long``
and ``l`` while somebody is still typing.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import TypeGuard

MAX_TERMS = 6
_UNIT = re.compile(r"[a-z0-9]+|[^\W_]")
_CHARACTERS, _LETTERS = 8, 16
"""So long is what is kept, of a name as it is written and of its pinyin; what is asked for is cut to the same."""


def of_name(name: str) -> list[str]:
    """What a name is found by. Takes a millisecond; the first time in a process half a second, for the dictionary of pinyin."""
    units = _units(name)
    spoken = _pinyin(units)
    initials = [one[0] for one in spoken]
    found: set[str] = set()
    for at in range(len(units)):
        found.add("".join(units[at:])[:_CHARACTERS])
        found.add("".join(spoken[at:])[:_LETTERS])
        found.add("".join(initials[at:])[:_CHARACTERS])
    return sorted(found)


def is_asked(question: str | None) -> TypeGuard[str]:
    """Whether somebody looks for something: an empty box asks for nothing in particular."""
    return bool(question and question.strip())


def asked(question: str) -> str | None:
    """What somebody looks for as a tsquery: each of the words, and what they are still typing. None: nothing to look for."""
    terms = ["".join(_units(word)) for word in question.split()]
    cut = [term[: _LETTERS if term.isascii() else _CHARACTERS] for term in terms if term]
    return " & ".join(f"'{term}':*" for term in cut[:MAX_TERMS]) or None


def _units(text: str) -> list[str]:
    return _UNIT.findall(unicodedata.normalize("NFKC", text).casefold())


def _pinyin(units: Sequence[str]) -> list[str]:
    """Each unit as it is spoken, those that are Chinese together, because a character is spoken as its neighbours have it (重庆)."""
    spoken: list[str] = []
    run: list[str] = []
    for unit in (*units, "."):
        if not unit.isascii():
            run.append(unit)
            continue
        if run:
            spoken.extend(_spoken("".join(run)))
            run = []
        spoken.append(unit)
    return spoken[:-1]


@functools.lru_cache(maxsize=4096)
def _spoken(characters: str) -> tuple[str, ...]:
    # 50 MB of dictionary, for processes that change products only
    from pypinyin import Style, pinyin

    # errors=list: what has no reading stays as it is, a character each
    read = pinyin(characters, style=Style.NORMAL, errors=list)  # type: ignore[arg-type]
    found = [re.sub(r"[^a-z0-9]", "", one[0]) for one in read]
    if len(found) != len(characters):
        return tuple(characters)
    return tuple(syllable or character for syllable, character in zip(found, characters, strict=True))
