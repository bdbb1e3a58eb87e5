"""The chat's understanding as the desk asks for it (``shop.chat_vocabulary``): what words mean, and why a text is understood as it is."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping

from bot import commands, understanding
from bot.understanding import Understood, grammar, lexicon
from bot.understanding.grammar import Match
from bot.understanding.lexicon import FILLER, Read
from bot.understanding.plain import plain
from core import clock
from shop.chat_vocabulary import Candidate, Explained, Piece

VALUE = "VALUE"
_CANDIDATES_MOST = 8


class HouseWords:
    """The words and rules of ``bot/understanding``."""

    @property
    def concepts(self) -> Collection[str]:
        """What words can stand for."""
        return _concepts()

    def plain(self, text: str) -> str:
        """A text in the one way of writing."""
        return plain(text)

    def meaning(self, word: str) -> str | None:
        """What a word stands for by itself: its concept, ``VALUE``, or of what is a question already the concepts that make it one."""
        if (concept := _listed().get(word)) is not None:
            return concept
        if understanding.values(word, clock.today()):
            return VALUE
        found = self.explain(word, {})
        return found.candidates[0].by if found.is_whole else None

    def answers(self, key: str) -> bool:
        """Whether a menu button with this key is answered."""
        return commands.by_menu_key(key) is not None

    def explain(self, text: str, synonyms: Mapping[str, str]) -> Explained:
        """How a text is understood with these synonyms, and what else it might have been."""
        words, today = _lexicon(frozenset(synonyms.items())), clock.today()
        asked = understanding.understand_once(text, today=today, words=words)
        read = words.read(asked.text, understanding.values(asked.text, today))
        return Explained(
            asked.text,
            asked.intent,
            asked.choices,
            round(asked.confidence, 3),
            asked.locale,
            _slots(asked),
            tuple(Piece(piece.text, piece.concept, piece.meant) for piece in read),
            tuple(_candidate(match) for match in asked.matches[:_CANDIDATES_MOST]),
        )


def _candidate(match: Match) -> Candidate:
    left = " ".join(piece.text for piece in match.left_over)
    return Candidate(match.rule.intent, round(match.confidence, 3), " ".join(_fed(match)), left)


def _fed(match: Match) -> list[str]:
    return list(dict.fromkeys(_called(piece) for piece in match.fed))


def _called(piece: Read) -> str:
    return piece.concept or grammar.NAME


def _slots(asked: Understood) -> dict[str, str]:
    slots = asked.slots
    named: dict[str, object | None] = {
        "amount_fen": slots.amount_fen,
        "period": slots.period and f"{slots.period.first}/{slots.period.last}",
        "count": slots.count,
        "number": slots.number,
        "unknown": slots.unknown or None,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


@functools.lru_cache(maxsize=4)
def _lexicon(synonyms: frozenset[tuple[str, str]]) -> lexicon.Lexicon:
    """Making one takes a moment, and operators try the same words on several texts."""
    return lexicon.with_synonyms(dict(synonyms)) if synonyms else lexicon.ours()


@functools.cache
def _listed() -> Mapping[str, str]:
    return dict(lexicon.listed())


@functools.cache
def _concepts() -> frozenset[str]:
    return frozenset({*_listed().values(), FILLER})
