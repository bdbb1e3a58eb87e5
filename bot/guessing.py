"""The seam for somebody else's model: what a text may mean that our own understanding finds nothing in.

It is asked last and believed least. It hears the text without what may be anybody's (as ``shop.chat_unanswered`` keeps it), not who wrote it, and
names questions of ours; those are asked back about, so a person picks one before anything is answered, let alone done. It has a second; without
it, or where it fails, the chat says what there is to ask.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.understanding.plain import plain
from core import words
from shop import chat_unanswered

log = logging.getLogger(__name__)

WITHIN_S = 1.0
MOST = 3


class Guesser(Protocol):
    """An adapter to a model. What it raises is logged by its kind, and nothing was guessed."""

    async def guess(self, text: str, questions: Mapping[str, str], locale: str) -> Sequence[str]:
        """The names of what the text may mean, the likeliest first; none where it means none of them. ``questions``: by name, the words that
        ask for it in the language of the text."""


class Guessing:
    """Asks the model there is, if any, within its time."""

    def __init__(self, guesser: Guesser | None = None, *, within_s: float = WITHIN_S) -> None:
        self._guesser = guesser
        self._within_s = within_s

    @property
    def is_there(self) -> bool:
        """Whether there is anybody to ask."""
        return self._guesser is not None

    async def about(self, text: str, names: Sequence[str], locale: str) -> tuple[str, ...]:
        """What of ``names`` a text may mean, the likeliest first."""
        said = chat_unanswered.kept(plain(text))
        if self._guesser is None or not said:
            return ()
        questions = {name: words.say(f"bot.ask.{name}", locale) for name in names}
        try:
            async with asyncio.timeout(self._within_s):
                guessed = [str(one) for one in await self._guesser.guess(said, questions, locale)]
        except Exception as error:  # the model is not ours: whatever happens there, the person is answered
            log.warning("nothing was guessed: %s", type(error).__name__)
            return ()
        return tuple(dict.fromkeys(one for one in guessed if one in questions))[:MOST]
