"""What is asked, by rules over concepts: ``intents.toml``.

A rule names the concepts a text must have, those it may have (``?``) and those it must not have (``!``). Its confidence is how much of
the text, politeness aside, it accounts for. So every answer can be explained: the rule, the words that fed it, the words that did not.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from bot.understanding.lexicon import FILLER, Read

NAME = "NAME"
"""In a rule: words nobody knows are the name of something, of a plan for instance."""
_WEAK = frozenset({"HOWMUCH", "MONEY", "WHEN", "WHAT", "HOW", "HELLO", "THANKS", "LIST", "COUNT", "PERIOD"})
"""Concepts that go with many questions: left over, they count less, and so do words that nobody knows."""
_LEFT_WEAK, _UNKNOWN = 0.5, 0.6


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of asking for ``intent``."""

    intent: str
    needs: frozenset[str]
    may: frozenset[str]
    never: frozenset[str]

    @classmethod
    def read(cls, intent: str, written: str) -> Rule:
        """A rule as ``intents.toml`` writes it."""
        parts = written.split()
        never = frozenset(part[1:] for part in parts if part[0] == "!")
        may = frozenset(part[1:] for part in parts if part[0] == "?") - never
        return cls(intent, frozenset(part for part in parts if part[0] not in "?!"), may, never)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fits a text. ``confidence`` from 0 to 1."""

    rule: Rule
    confidence: float
    fed: tuple[Read, ...]
    left_over: tuple[Read, ...]

    @property
    def rank(self) -> tuple[float, int, float]:
        """The better match is the larger; of two alike the one that needs more."""
        return round(self.confidence, 3), len(self.rule.needs), -len(self.left_over)


def matches(read: Sequence[Read]) -> list[Match]:
    """The best match of each intent that fits at all, the best first."""
    present = {piece.concept or NAME for piece in read}
    best: dict[str, Match] = {}
    for rule in rules():
        if rule.needs <= present and not rule.never & present:
            match = _match(rule, read)
            if rule.intent not in best or match.rank > best[rule.intent].rank:
                best[rule.intent] = match
    return sorted(best.values(), key=lambda match: match.rank, reverse=True)


def _match(rule: Rule, read: Sequence[Read]) -> Match:
    wanted = rule.needs | rule.may
    fed, left_over, for_it, against = [], [], 0.0, 0.0
    for piece in read:
        if piece.concept == FILLER and FILLER not in wanted:
            continue
        if piece.concept in wanted or (piece.concept is None and NAME in wanted):
            fed.append(piece)
            for_it += _weight(piece) * piece.certainty
            against += _weight(piece) * (1 - piece.certainty)
        else:
            left_over.append(piece)
            against += _weight(piece) * (
                _UNKNOWN if piece.concept is None else _LEFT_WEAK if piece.concept in _WEAK else 1.0
            )
    total = for_it + against
    return Match(rule, for_it / total if total else 0.0, tuple(fed), tuple(left_over))


def _weight(piece: Read) -> float:
    """A Chinese character says about half of what an English word does."""
    return 2.0 if piece.text[:1].isascii() else float(min(len(piece.text), 4))


@functools.cache
def rules() -> tuple[Rule, ...]:
    """All rules, as ``intents.toml`` lists them; what ``[always]`` says goes for all."""
    written = tomllib.loads((resources.files("bot.understanding") / "intents.toml").read_text("utf-8"))
    always = written.pop("always")["rule"]
    return tuple(
        Rule.read(intent, f"{rule} {always}") for intent, one in written.items() for rule in one["rules"]
    )
