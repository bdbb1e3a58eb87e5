"""What the desk has to know of the chat's understanding when operators teach it words; ``bot.explaining`` says it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text and what it was read as; ``meant``: the word it is taken for, where it is written otherwise."""

    text: str
    concept: str | None
    meant: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a text may ask for, and how sure that is, from 0 to 1."""

    intent: str
    confidence: float
    by: str
    left_over: str


@dataclass(frozen=True, slots=True)
class Explained:
    """How a text is understood. ``intent`` is answered; of several ``choices`` it is asked back; of neither nothing is understood."""

    written: str
    intent: str | None
    choices: tuple[str, ...]
    confidence: float
    locale: str
    slots: Mapping[str, str]
    pieces: tuple[Piece, ...]
    candidates: tuple[Candidate, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is answered, and every piece of it is a word of ours as it is written."""
        return self.intent is not None and all(piece.concept and not piece.meant for piece in self.pieces)


class Vocabulary(Protocol):
    """The house's own words and rules."""

    @property
    def concepts(self) -> Collection[str]:
        """What words can stand for."""
        ...

    def plain(self, text: str) -> str:
        """A text in the one way of writing that all texts are brought to."""
        ...

    def meaning(self, word: str) -> str | None:
        """The concept that a word of the house stands for; ``VALUE`` where it is an amount, a period or a number."""
        ...

    def answers(self, key: str) -> bool:
        """Whether a menu button with this key is answered."""
        ...

    def explain(self, text: str, synonyms: Mapping[str, str]) -> Explained:
        """How a text is understood with these synonyms."""
        ...
