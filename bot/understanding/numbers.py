"""Numbers in digits and in Chinese: 12, 1.2万, 十五, 一百二 (120), 两百五 (250)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import cn2an

from bot.understanding.spans import Span

CHINESE = "零〇一二两俩三四五六七八九十百千万壹贰叁肆伍陆柒捌玖拾佰仟廿卅"
_ENGLISH = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "a hundred": 100, "one hundred": 100, "two hundred": 200,
    "five hundred": 500, "a thousand": 1_000, "one thousand": 1_000,
}  # fmt: skip
_WORDS = "|".join(sorted(_ENGLISH, key=len, reverse=True))
NUMBER = rf"(?:\b(?:{_WORDS})\b|[0-9]{{1,9}}(?:,[0-9]{{3}})*(?:\.[0-9]{{1,2}})?(?:[百千万]|k\b)?|[{CHINESE}]+(?:点[{CHINESE}]+)?)"
_NUMBER = re.compile(rf"(?<![0-9.]){NUMBER}(?!\.?[0-9])")
_MOST = Decimal(10**9)
_TIMES = {"k": 1_000, "百": 100, "千": 1_000, "万": 10_000}
_BARE_UNIT = re.compile("^(?=[百千万])")


def value(text: str) -> Decimal | None:
    """What a number is worth; None when it is none, or beyond a billion."""
    if text in _ENGLISH:
        return Decimal(_ENGLISH[text])
    found = _in_digits(text) if text[:1].isascii() else _in_chinese(text)
    return found if found is not None and 0 <= found <= _MOST else None


def find(text: str) -> Iterator[Span]:
    """Every number, as NUMBER."""
    for match in _NUMBER.finditer(text):
        if (worth := value(match[0])) is not None:
            yield Span(match.start(), match.end(), "NUMBER", worth)


def _in_digits(text: str) -> Decimal | None:
    times = _TIMES.get(text[-1:], 1)
    try:
        return Decimal(text.rstrip("百千万k").replace(",", "")) * times
    except InvalidOperation:
        return None


@functools.lru_cache(maxsize=1024)
def _in_chinese(text: str) -> Decimal | None:
    try:
        return Decimal(str(cn2an.cn2an(_BARE_UNIT.sub("一", text.replace("俩", "两")), "smart")))
    except (ValueError, InvalidOperation):
        return None
