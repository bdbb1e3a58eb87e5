"""How people answer what the chat has asked: yes, no, a number of a list, or that something is to be undone.

Read to the letter, politeness and punctuation aside: who says yes in a sentence of other words is read by ``understanding``.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["confirm", "yes", "no", "undo", "pick"]
"""``confirm`` can mean nothing else; ``yes`` may also be said to what was told last."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``number``: of the list, from 1 on; 0 where none is named."""

    kind: Kind
    locale: str
    number: int = 0


MOST_CHARS = 24
_SAID: dict[Kind, tuple[str, str]] = {
    "confirm": (
        "确认|確認|确定|確定|确认办理|确认付款|確認付款|确认支付|我确认|是的确认",
        "confirm|confirmed|i confirm|yes confirm|confirm it",
    ),
    "yes": (
        "是|是的|好|好的|好啊|好呀|好吧|行|行吧|可以|可以的|对|對|对的|嗯|嗯嗯|要|要的|同意|没错|办吧|付吧|沒問題",
        "yes|y|yes please|ok|okay|yep|yeah|yup|sure|do it|go ahead|please do|right|correct",
    ),
    "no": (
        "算了|不|不了|不是|不要|不要了|不用|不用了|不办|不办了|不付|不付了|取消|放弃|否|别|先不|先不要|不必了",
        "no|n|nope|no thanks|cancel|never mind|nevermind|forget it|don't|dont|stop|not now",
    ),
    "undo": (
        "撤销|撤銷|撤回|反悔|我反悔了|还原|撤销刚才的|撤销上一步|撤销操作|改回去|恢复原样",
        "undo|undo that|undo it|revert|take it back|take that back|change it back",
    ),
}
_BY_WORD = {
    word: Reply(kind, locale)
    for kind, languages in _SAID.items()
    for locale, words in zip(("zh-CN", "en"), languages, strict=True)
    for word in words.split("|")
}
_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", start=1)} | {"两": 2}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "last": -1}
_PICK = re.compile(
    r"(?:我)?(?:选|選|要|付|看|就)?\s*第?\s*(?P<chinese>[1-9]|[一二三四五六七八九两])\s*(?:个|個|项|項|条|條|笔|种|號|号)?(?:吧)?"
)
_PICK_ENGLISH = re.compile(
    r"(?:the\s+|option\s+|number\s+|no\.?\s*|#)?(?:(?P<digit>[1-9])(?:st|nd|rd|th)?|(?P<ordinal>first|second|third|fourth|fifth|sixth|last))"
    r"(?:\s+one)?"
)
_ASIDE = re.compile(r"^[\s「“\"'（(]+|[\s。.!！~～,，、;；」”\"'）)]+$")
_POLITE = re.compile(r"(?:,|，|\s)*(?:谢谢|謝謝|please|thanks|thank you)$")


def read(text: str) -> Reply | None:
    """The answer a text is; None when it is none of these."""
    return _read(text) if 0 < len(text) <= MOST_CHARS else None


@functools.lru_cache(maxsize=1024)
def _read(text: str) -> Reply | None:
    said = _ASIDE.sub("", unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))
    said = " ".join(_ASIDE.sub("", _POLITE.sub("", said) or said).split())
    found = _BY_WORD.get(said)
    if found is not None:
        return found
    if (match := _PICK.fullmatch(said)) is not None:
        digit = match["chinese"]
        return Reply("pick", "zh-CN", _DIGITS.get(digit) or int(digit))
    if (match := _PICK_ENGLISH.fullmatch(said)) is not None:
        return Reply("pick", "en", int(match["digit"]) if match["digit"] else _ORDINALS[match["ordinal"]])
    return None
