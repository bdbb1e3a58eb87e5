"""Sets of which one row is poison: the others go on without it.

Work is done in sets because that is fast, and a set is one transaction. Where one of its rows cannot be worked on (a fault of ours, a
number that fits nowhere), the set fails as a whole. Then it is done again in halves, and these in halves, until the row is alone.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from core import db

R = TypeVar("R")
log = logging.getLogger(__name__)


async def in_halves(
    ids: Sequence[int],
    act: Callable[[Sequence[int]], Awaitable[R]],
    give_up: Callable[[int, BaseException], Awaitable[R]],
) -> list[R]:
    """Works on a set that failed as a whole: ``act`` is given smaller and smaller parts of it, each of which it does in a transaction
    of its own; a row that fails alone is handed to ``give_up``.

    Raises: what has nothing to do with rows (the database went away), at once.
    """
    middle = (len(ids) + 1) // 2
    done: list[R] = []
    for part in (ids[:middle], ids[middle:]):
        if not part:
            continue
        try:
            done.append(await act(part))
        except Exception as error:
            if not db.is_of_the_rows(error):
                raise
            if len(part) > 1:
                done += await in_halves(part, act, give_up)
            else:
                log.exception("row %s cannot be worked on and is set aside", part[0])
                done.append(await give_up(part[0], error))
    return done


def reason(error: BaseException) -> str:
    """Why a row was set aside, for people, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
