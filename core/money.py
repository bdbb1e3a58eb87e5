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


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def in_words(fen: int) -> str:
    """An amount in Chinese capital words, as receipts and cheques spell it: ``10000`` → ``壹佰元整``, ``100_05`` → ``壹佰元零伍分``.

    By 《正确填写票据和结算凭证的基本规定》 (People's Bank of China): 整 after yuan (and after 角 as well), 零 for every gap
    between digits.

    Raises:
        ValueError: negative, or above ``MAX_FEN``.
    """
    if not 0 <= fen <= MAX_FEN:
        raise ValueError("no such amount in words")
    yuan_part, rest = divmod(fen, 100)
    jiao, cents = divmod(rest, 10)
    if not fen:
        return "零元整"
    said = f"{_whole_in_words(yuan_part)}元" if yuan_part else ""
    if not rest:
        return f"{said}整"
    if jiao:
        said += f"{'零' if yuan_part and not yuan_part % 10 else ''}{_DIGITS[jiao]}角"
    elif yuan_part:
        said += "零"
    return f"{said}{_DIGITS[cents]}分" if cents else f"{said}整"


def _whole_in_words(number: int) -> str:
    said, gap = "", False
    for group in reversed(range(len(_GROUPS))):
        four = number // 10_000**group % 10_000
        if not four:
            gap = gap or bool(said)
            continue
        if said and (gap or four < 1_000):
            said += "零"
        said += _four_in_words(four) + _GROUPS[group]
        gap = False
    return said


def _four_in_words(four: int) -> str:
    said, gap = "", False
    for place in reversed(range(4)):
        digit = four // 10**place % 10
        if not digit:
            gap = bool(said)
            continue
        said += f"{'零' if gap else ''}{_DIGITS[digit]}{_UNITS[place]}"
        gap = False
    return said
