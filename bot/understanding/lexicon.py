"""Words and what they stand for: ``words.toml``. Words near enough to one of ours are read as it."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from pypinyin import Style, lazy_pinyin
from rapidfuzz import fuzz, process

from bot.understanding.spans import Span

FILLER = "FILLER"
"""What politeness and grammar need, and what is asked does not depend on."""
_LATIN = re.compile(r"[a-z][a-z'-]*|[0-9]+")
_HAN = re.compile("[㐀-鿿]")
_SHORTEST_ENGLISH, _NEAR_ENGLISH = 5, 84
_LONGEST_SOUND = 4


@dataclass(frozen=True, slots=True)
class Read:
    """A piece of text: its concept (None: not known), and how sure that is."""

    start: int
    end: int
    text: str
    concept: str | None
    certainty: float = 1.0
    meant: str = ""
    """The word of ours it was read as, where it is another."""


class Lexicon:
    """Words to concepts, the longest first."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)
        self._longest = max(map(len, self._words))
        self._english = [
            word for word in self._words if _LATIN.fullmatch(word) and len(word) >= _SHORTEST_ENGLISH
        ]
        self._sounds = _by_sound(self._words)

    def read(self, text: str, known: list[Span]) -> list[Read]:
        """The text piece by piece, ``known`` spans as they are. What is not known is tried by spelling and by sound."""
        pieces = list(self._pieces(text, {span.start: span for span in known}))
        return list(self._by_sound(text, [self._by_spelling(piece) for piece in pieces]))

    def _pieces(self, text: str, known: dict[int, Span]) -> Iterator[Read]:
        at = 0
        while at < len(text):
            if (span := known.get(at)) is not None:
                yield Read(at, span.end, text[at : span.end], span.concept)
                at = span.end
                continue
            stop = min((start for start in known if start > at), default=len(text))
            piece = self._longest_word(text, at, stop) or _unknown(text, at, stop)
            if piece is not None:
                yield piece
            at = piece.end if piece is not None else at + 1

    def _longest_word(self, text: str, at: int, stop: int) -> Read | None:
        for end in range(min(stop, at + self._longest), at, -1):
            concept = self._words.get(text[at:end])
            if concept is not None and _stands_alone(text, at, end):
                return Read(at, end, text[at:end], concept)
        return None

    def _by_spelling(self, piece: Read) -> Read:
        if piece.concept is not None or len(piece.text) < _SHORTEST_ENGLISH or not piece.text.isascii():
            return piece
        found = process.extractOne(piece.text, self._english, scorer=fuzz.ratio, score_cutoff=_NEAR_ENGLISH)
        if found is None:
            return piece
        return Read(piece.start, piece.end, piece.text, self._words[found[0]], 0.9, found[0])

    def _by_sound(self, text: str, pieces: list[Read]) -> Iterator[Read]:
        at = 0
        while at < len(pieces):
            found = self._sounding(text, pieces, at)
            yield found[0] if found else pieces[at]
            at += found[1] if found else 1

    def _sounding(self, text: str, pieces: list[Read], at: int) -> tuple[Read, int] | None:
        """A word of ours that the next pieces sound like, if one of them is not known, and how many pieces it takes."""
        best: tuple[Read, int] | None = None
        for many in range(1, _LONGEST_SOUND + 1):
            run = pieces[at : at + many]
            if len(run) < many or any(
                piece.concept not in (None, FILLER) and piece.end - piece.start > 1 for piece in run
            ):
                break
            start, end = run[0].start, run[-1].end
            written = text[start:end]
            if end - start > _LONGEST_SOUND or not all(_HAN.match(char) for char in written):
                break
            if end - start < 2 or all(piece.concept is not None for piece in run):
                continue
            word = self._sounds.get(_sound(written))
            if word is not None:
                best = Read(start, end, written, self._words[word], 0.9, word), many
        return best


def _unknown(text: str, at: int, stop: int) -> Read | None:
    match = _LATIN.match(text, at, stop)
    if match is not None:
        return Read(at, match.end(), match[0], None)
    return Read(at, at + 1, text[at], None) if text[at].isalnum() else None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a word in letters is not only a part of a longer one."""
    inside_before = start > 0 and _is_latin(text[start - 1]) and _is_latin(text[start])
    inside_after = end < len(text) and _is_latin(text[end]) and _is_latin(text[end - 1])
    return not (inside_before or inside_after)


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _by_sound(words: Mapping[str, str]) -> dict[str, str]:
    """Chinese words by their sound; none for a sound that would mean two things."""
    by_sound: dict[str, str | None] = {}
    for word, concept in words.items():
        if (
            concept == FILLER
            or not 2 <= len(word) <= _LONGEST_SOUND
            or not all(_HAN.match(char) for char in word)
        ):
            continue
        sound = _sound(word)
        other = by_sound.get(sound, word)
        by_sound[sound] = word if other is not None and words[other] == concept else None
    return {sound: word for sound, word in by_sound.items() if word is not None}


@functools.lru_cache(maxsize=4096)
def _sound(written: str) -> str:
    return " ".join(lazy_pinyin(written, style=Style.NORMAL))


@functools.cache
def ours() -> Lexicon:
    """The words of ``words.toml``."""
    return Lexicon(dict(listed()))


def with_synonyms(synonyms: Mapping[str, str]) -> Lexicon:
    """The words of ``words.toml`` and others; a word of ours keeps its meaning."""
    return Lexicon({**synonyms, **dict(listed())})


def listed() -> Iterator[tuple[str, str]]:
    """Every word with its concept, as ``words.toml`` lists them."""
    seen: dict[str, str] = {}
    file = resources.files("bot.understanding") / "words.toml"
    for concept, languages in tomllib.loads(file.read_text("utf-8")).items():
        for word in (word for listed in languages.values() for word in listed.split("|")):
            assert seen.setdefault(word, concept) == concept, f"{word} means {seen[word]} and {concept}"
            yield word, concept
