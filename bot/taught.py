"""What operators have taught the chat, as this process answers by it: synonyms in the lexicon, answers by keyword, opening hours."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from bot import understanding
from bot.understanding import lexicon
from bot.understanding.lexicon import Lexicon
from shop import chat_edition
from shop.chat_edition import Edition

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One edition whole, with the lexicon that has its synonyms. A message is answered by one lesson from beginning to end."""

    edition: Edition = field(default_factory=Edition)
    words: Lexicon = field(default_factory=lexicon.ours)


class Taught:
    """The lesson in force. One object per process and account."""

    def __init__(self, *, look_every_s: float = 2.0, patience_s: float = 1.0) -> None:
        self._patience_s = patience_s
        self._kept = chat_edition.Kept(every_s=look_every_s)
        self._lesson = Lesson()

    async def now(self) -> Lesson:
        """The lesson to answer by; some seconds after a change of an operator's, the new one. While the database does not say, the one
        there is."""
        if self._kept.at_hand() is self._lesson.edition:  # nearly always
            return self._lesson
        try:
            async with asyncio.timeout(self._patience_s):
                edition = await self._kept.now()
        except Exception as error:  # whatever it is, the message is answered, or fails by itself
            log.warning("what operators have taught is not known anew: %s", type(error).__name__)
            return self._lesson
        if edition is not self._lesson.edition:
            same_words = edition.synonyms == self._lesson.edition.synonyms
            self._lesson = Lesson(edition, self._lesson.words if same_words else _lexicon(edition))
        return self._lesson


def _lexicon(edition: Edition) -> Lexicon:
    understanding.forget()  # what was read with the words before
    return lexicon.with_synonyms(edition.synonyms) if edition.synonyms else lexicon.ours()
