"""Money is an integer count of the currency's minor unit (fen). Text appears only at the edges, and here is the edge."""

from __future__ import annotations

import re

CURRENCY = "CNY"
MAX_FEN = 10**14
"""No single amount or balance may exceed this (1,000,000,000,000.00 yuan); well inside bigint, so sums cannot overflow."""

_YUAN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)


def yuan(fen: int) -> str:
    """Fen as yuan text with two decimals: ``1250`` → ``"12.50"``, ``-5`` → ``"-0.05"``."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole}.{rest:02d}"


def fen_from_yuan(text: str) -> int:
    """Yuan text as fen, exactly: ``"12.5"`` → ``1250``.

    Raises:
        ValueError: not a plain decimal, or finer than a fen.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError(f"not an amount in yuan: {text[:40]!r}")
    sign, whole, rest = match.groups()
    fen = int(whole) * 100 + int((rest or "").ljust(2, "0"))
    return -fen if sign else fen
