"""One way of writing for what people type: simplified, narrow, lower case."""

from __future__ import annotations

import functools
import re
import unicodedata

import opencc

MOST_CHARS = 120
"""What is longer is a letter, not a question; only its beginning is looked at."""

_ASKS = re.compile(r"(?<=[㐀-鿿])不(?=[?!。,;~\s]|$)")
"""能退不: at the end it asks."""
_BETWEEN = re.compile(r"(?<=[㐀-鿿]) (?=[㐀-鿿])")
"""余 额: Chinese has no spaces."""


def plain(text: str) -> str:
    """The text in simplified characters, narrow digits and letters, lower case, one space between words."""
    return _plain(text[: MOST_CHARS * 2])


@functools.lru_cache(maxsize=2048)
def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.strip() and not folded.strip(" ?"):
        return "help"  # a question mark alone asks what there is to ask
    told = " ".join(_simplified().convert(folded).replace("’", "'").split())[:MOST_CHARS]
    return _ASKS.sub("吗", _BETWEEN.sub("", told))


@functools.cache
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
