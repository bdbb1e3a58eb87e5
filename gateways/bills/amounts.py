"""Yuan as bills write them, to whole fen or thousandths of a fen, without a float on the way."""

from __future__ import annotations

import re
from collections.abc import Callable

from core import money

_KNOWN_AT_MOST = 50_000
"""Amounts repeat in a bill; so many different ones are remembered."""

_YUAN = re.compile(r"([+-]?)(\d{1,12})(?:\.(\d{1,8}))?", re.ASCII)


def _scaled(text: str, decimals: int) -> int:
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError(text)
    sign, whole, rest = match.groups()
    rest = (rest or "").rstrip("0")
    if len(rest) > decimals:
        raise ValueError(text)
    amount = int(whole + rest.ljust(decimals, "0"))
    if amount > money.MAX_FEN * 10 ** (decimals - 2):
        raise ValueError(text)
    return -amount if sign == "-" else amount


def fen(text: str) -> int:
    """``"6.00"``, ``"-0.5"`` or ``"0"`` in fen.

    Raises:
        ValueError: not an amount, or finer than a fen.
    """
    return _scaled(text, 2)


def milli_fen(text: str) -> int:
    """``"0.04000"`` in thousandths of a fen: 4000.

    Raises:
        ValueError: not an amount, or finer than that.
    """
    return _scaled(text, 5)


def remembering(read: Callable[[str], int]) -> Callable[[str], int]:
    """The same, quicker where amounts repeat."""
    known: dict[str, int] = {}

    def look_up(text: str) -> int:
        found = known.get(text)
        if found is None:
            found = read(text)
            if len(known) < _KNOWN_AT_MOST:
                known[text] = found
        return found

    return look_up
