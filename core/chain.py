"""What chains of hashes over rows share: the canonical line of a row, marks that name a changed one, the first difference of two walks, and
how the seals of days go on from each other.

A row is one line: a JSON array without spaces, in ASCII (``\\uXXXX``, lower case), ended by a line feed; hashes are SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, Protocol, TypeVar

NO_HASH = bytes(32)
"""What the first link goes on from."""
MARK_BYTES = 16


class Link(Protocol):
    """The seal of a day over the rows ``first_id`` to ``last_id``. An empty one covers ``first_id`` to the number before it."""

    @property
    def day(self) -> date: ...
    @property
    def first_id(self) -> int: ...
    @property
    def last_id(self) -> int: ...
    @property
    def previous_hash(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...


Seal = TypeVar("Seal", bound=Link)


@dataclass(frozen=True, slots=True)
class Sealed(Generic[Seal]):
    """What a run did: the days it sealed, and whether it left some because a transaction was still open."""

    seals: tuple[Seal, ...]
    is_waiting: bool

    def __str__(self) -> str:
        days = ", ".join(f"{seal.day} {seal.hash.hex()[:16]}" for seal in self.seals[-3:])
        said = f"{len(self.seals)} days sealed" + (f": {days}" if days else "")
        return f"{said}; waiting for an open transaction" if self.is_waiting else said


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where rows are not what was sealed. ``row_id`` is None when no single row can be named; ``row``: what one is."""

    day: date
    row_id: int | None
    what: str
    row: str = "row"

    def __str__(self) -> str:
        where = "" if self.row_id is None else f", {self.row} {self.row_id}"
        return f"{self.day}{where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified(Generic[Seal]):
    """What verifying found: how many days were as sealed, the last of them, and the first difference if any."""

    days: int
    last: Seal | None
    difference: Difference | None


async def verified(
    seals: AsyncIterator[Seal],
    changed: Callable[[Seal], Awaitable[Difference | None]],
    *,
    stray: int | None,
    row: str,
) -> Verified[Seal]:
    """Walks the seals, the oldest first, up to the first difference. ``changed`` computes one again; ``stray``: a row before all of them."""
    days: int = 0
    last: Seal | None = None
    async for seal in seals:
        if stray is not None:
            return Verified(0, None, Difference(seal.day, stray, "stands before the first seal", row))
        difference = broken_link(last, seal) or await changed(seal)
        if difference is not None:
            return Verified(days, last, difference)
        days, last = days + 1, seal
    return Verified(days, last, None)


def broken_link(last: Link | None, seal: Link) -> Difference | None:
    """Whether a seal does not go on from the one before it."""
    if last is None:
        links = seal.previous_hash == NO_HASH and seal.first_id == 1
    else:
        if seal.day != last.day + timedelta(days=1):
            return Difference(last.day + timedelta(days=1), None, "its seal is missing")
        links = seal.previous_hash == last.hash and seal.first_id == last.last_id + 1
    return None if links else Difference(seal.day, None, "its seal does not go on from the day before")


_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def line(row: Iterable[Any]) -> bytes:
    """A row as it is hashed."""
    return (_json(list(row)) + "\n").encode("ascii")


def mark(number: int, digest: bytes) -> bytes:
    """A number and the start of its digest."""
    return number.to_bytes(8, "big") + digest[: MARK_BYTES - 8]


def marks_of(kept: bytes) -> Iterator[tuple[int, bytes]]:
    """The marks that were put behind each other, with their numbers."""
    for at in range(0, len(kept), MARK_BYTES):
        one = kept[at : at + MARK_BYTES]
        yield int.from_bytes(one[:8], "big"), one


async def first_difference(
    kept: AsyncIterator[tuple[int, bytes]], there: AsyncIterator[tuple[int, bytes]]
) -> tuple[int, str] | None:
    """Walks marks as they were kept and as they are side by side: the first number that differs, and how."""
    while True:
        was, now = await anext(kept, None), await anext(there, None)
        if was is None and now is None:
            return None
        if was is None or (now is not None and now[0] < was[0]):
            assert now is not None, "one of the two is left"
            return now[0], "was not there when the day was sealed"
        if now is None or was[0] < now[0]:
            return was[0], "is gone"
        if was != now:
            return was[0], "was changed"
