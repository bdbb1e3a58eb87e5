"""Amounts of money: 100元, ¥99.5, 一百块, 一百二十块五, 三块五毛, 50 yuan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from bot.understanding import numbers
from bot.understanding.spans import Span
from core import money

_N = numbers.NUMBER
_SMALL = rf"[0-9{numbers.CHINESE}]"
_AMOUNT = re.compile(
    rf"(?:¥|rmb|cny)\s*(?P<signed>{_N})(?:\s*(?:元|块|yuan))?"
    rf"|(?P<whole>{_N})\s*(?:元|块钱|块|圆|蚊|大洋|yuan|rmb|cny|kuai|bucks)(?:(?P<jiao>{_SMALL})(?:毛|角)?)?(?:(?P<fen>{_SMALL})分)?钱?"
    rf"|(?P<only_jiao>{_SMALL})(?:毛|角)钱?"
)


def find(text: str) -> Iterator[Span]:
    """Every amount with its unit, as AMOUNT; its value is in fen."""
    for match in _AMOUNT.finditer(text):
        fen = _fen(match)
        if fen is not None and fen <= money.MAX_FEN:
            yield Span(match.start(), match.end(), "AMOUNT", fen)


def of_number(yuan: Decimal) -> int | None:
    """A number that stands where an amount is expected, in fen; None when it is finer than a fen."""
    fen = yuan * 100
    return int(fen) if fen == fen.to_integral_value() else None


def _fen(match: re.Match[str]) -> int | None:
    if match["only_jiao"]:
        return _small(match["only_jiao"], 10)
    yuan = numbers.value(match["signed"] or match["whole"])
    fen = None if yuan is None else of_number(yuan)
    if fen is None or fen % 100:
        return fen
    return fen + _small(match["jiao"], 10) + _small(match["fen"], 1)


def _small(digit: str | None, times: int) -> int:
    worth = numbers.value(digit) if digit else None
    return int(worth) * times if worth is not None and worth < 10 else 0
