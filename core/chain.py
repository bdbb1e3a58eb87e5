"""What chains of hashes over rows share: the canonical line of a row, marks that name a changed one, the first difference of two walks.

A row is one line: a JSON array without spaces, in ASCII (``\\uXXXX``, lower case), ended by a line feed; hashes are SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

NO_HASH = bytes(32)
"""What the first link goes on from."""
MARK_BYTES = 16

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
