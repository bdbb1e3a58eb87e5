"""What a person means: one text → intents with slots, each with how sure it is and why. Nothing of it depends on who asks or on
the network; the same text on the same day means the same.

``plain`` (one way of writing) → ``amounts``, ``periods``, ``numbers`` (what has a value) → ``lexicon`` (words → concepts, near
words too) → ``grammar`` (rules over concepts).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bot.understanding import amounts, grammar, lexicon, numbers, periods
from bot.understanding.grammar import Match
from bot.understanding.periods import Period
from bot.understanding.plain import plain
from bot.understanding.spans import Span, without_overlap

__all__ = [
    "ACTS",
    "ALONE_FROM",
    "ANSWER_FROM",
    "ASK_FROM",
    "Period",
    "Slots",
    "Understood",
    "forget",
    "understand",
    "understand_once",
    "values",
]

ANSWER_FROM = 0.7
"""How sure one must be to answer whatever else it might be."""
ALONE_FROM = 0.5
"""How sure one must be to answer where nothing else comes near, unless the answer changes something (``ACTS``)."""
ASK_FROM = 0.4
"""From here on one asks back, and where two are alike."""
ACTS = frozenset({"unsubscribe", "subscribe_offers", "reminders_on", "reminders_off", "threshold"})
"""What is answered by doing it at once; all else shows or asks first."""
_ALIKE, _NEAR = 0.05, 0.15
_MOST_CHOICES = 3
_CHINESE = re.compile("[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class Slots:
    """What a text names. ``number`` is a bare number: of a plan, of a bill, an amount in yuan, as what is asked expects. ``unknown``
    are the words nobody knows, names among them."""

    amount_fen: int | None = None
    period: Period | None = None
    count: int | None = None
    number: str | None = None
    unknown: str = ""

    @property
    def money_fen(self) -> int | None:
        """An amount, where one is expected: with its unit, or a bare number of yuan."""
        if self.amount_fen is not None or self.number is None:
            return self.amount_fen
        return amounts.of_number(Decimal(self.number))


@dataclass(frozen=True, slots=True)
class Understood:
    """``intent``: what to answer, or None; ``choices``: what to ask back about, best first."""

    text: str
    intent: str | None = None
    choices: tuple[str, ...] = ()
    slots: Slots = field(default_factory=Slots)
    confidence: float = 0.0
    matches: tuple[Match, ...] = ()
    locale: str = "zh-CN"

    def names(self, concepts: Collection[str]) -> bool:
        """Whether the text has one of these concepts in it."""
        return any(
            piece.concept in concepts
            for match in self.matches[:1]
            for piece in (*match.fed, *match.left_over)
        )


def understand(text: str, *, today: date, words: lexicon.Lexicon | None = None) -> Understood:
    """Reads a text a person typed, by these words (None: the house's own). What is asked often is read once a day."""
    return _understood(plain(text), today, words or lexicon.ours())


def understand_once(text: str, *, today: date, words: lexicon.Lexicon) -> Understood:
    """Reads a text by words that nobody else reads by, and remembers neither."""
    return _understood.__wrapped__(plain(text), today, words)


def forget() -> None:
    """Nothing is known any more of what was read before; for whoever has other words from now on."""
    _understood.cache_clear()


def values(written: str, today: date) -> list[Span]:
    """What has a value in a text in the one way of writing: amounts, periods, numbers."""
    return without_overlap(
        [*periods.find(written, today), *amounts.find(written), *_ordinary(written, numbers.find(written))]
    )


@functools.lru_cache(maxsize=2048)
def _understood(written: str, today: date, words: lexicon.Lexicon) -> Understood:
    spans = values(written, today)
    read = words.read(written, spans)
    found = grammar.matches(read)
    slots = _slots(spans, "".join(piece.text for piece in read if piece.concept is None), written)
    locale = "zh-CN" if _CHINESE.search(written) or not written.isascii() else "en"
    if not found or found[0].confidence < ASK_FROM:
        return Understood(written, slots=slots, locale=locale, matches=tuple(found))
    best = found[0]
    if _is_sure(best, found[1:]):
        return Understood(written, best.rule.intent, (), slots, best.confidence, tuple(found), locale)
    choices = tuple(one.rule.intent for one in found[:_MOST_CHOICES] if one.confidence >= ASK_FROM)
    return Understood(written, None, choices, slots, best.confidence, tuple(found), locale)


def _is_sure(best: Match, others: Sequence[Match]) -> bool:
    """Whether to answer by ``best``, without asking back."""
    if any(one.confidence >= best.confidence - _ALIKE and one.rank[:2] == best.rank[:2] for one in others):
        return False
    is_alone = all(one.confidence < best.confidence - _NEAR for one in others)
    needed = ALONE_FROM if is_alone and best.rule.intent not in ACTS else ANSWER_FROM
    return best.confidence >= needed


def _ordinary(text: str, found: Iterable[Span]) -> list[Span]:
    """Numbers, but not 一 in 一下: a Chinese one of a single character is one only before 号."""
    return [
        span
        for span in found
        if text[span.start].isascii() or span.end - span.start > 1 or text[span.end : span.end + 1] == "号"
    ]


def _slots(spans: list[Span], unknown: str, text: str) -> Slots:
    first: dict[str, Span] = {}
    for span in spans:
        first.setdefault(span.concept, span)
    number = first.get("NUMBER")
    return Slots(
        amount_fen=first["AMOUNT"].value if "AMOUNT" in first else None,
        period=first["PERIOD"].value if "PERIOD" in first else None,
        count=first["COUNT"].value if "COUNT" in first else None,
        number=None if number is None else _bare(text[number.start : number.end], number),
        unknown=unknown,
    )


def _bare(written: str, number: Span) -> str:
    return written if written.isdigit() and written.isascii() else f"{number.value.normalize():f}"
