"""Numbers that people read out and channels accept."""

from __future__ import annotations

import secrets
from array import array
from collections.abc import Iterable
from itertools import accumulate

from core import clock

_DIGITS_AFTER_DATE = 13
_BEYOND = 10**_DIGITS_AFTER_DATE
_STEP = 4_000_000


def new_no(prefix: str) -> str:
    """A new human number: prefix, business day, thirteen random digits, e.g. ``T2611231234567890123``.

    Digits and capitals only, at most 24 characters: legal as ``out_trade_no`` for WeChat Pay (6-32, section 1.12 of its
    prepay rules) and Alipay (up to 64). Unguessable enough not to be walked; uniqueness is the table's constraint.
    """
    return new_nos(prefix, 1)[0]


def new_nos(prefix: str, count: int) -> list[str]:
    """So many of them."""
    return _written(prefix, (secrets.randbelow(_BEYOND) for _ in range(count)))


def new_run_of_nos(prefix: str, count: int) -> list[str]:
    """So many that rise from one to the next, by a chance step each from where chance begins. They are written beside each other into the
    indexes of what they name, and as far apart as if a day of five million were spread evenly. Who knows one finds the next by millions of
    guesses, not by none: for what its owner alone may see anyhow, never for what a number by itself opens."""
    if not count:
        return []
    first = secrets.randbelow(_BEYOND - count * _STEP)
    steps = (1 + drawn % _STEP for drawn in array("Q", secrets.token_bytes(8 * (count - 1))))
    return _written(prefix, accumulate(steps, initial=first))


def _written(prefix: str, nos: Iterable[int]) -> list[str]:
    begins = f"{prefix}{clock.today():%y%m%d}"
    return [f"{begins}{no:0{_DIGITS_AFTER_DATE}d}" for no in nos]
