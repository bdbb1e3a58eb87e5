"""A look at how the chat would answer a text, with words that are taught and words that are only tried. Nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core import clock
from shop import chat_answers, chat_edition, chat_synonyms
from shop.chat_edition import Answer
from shop.chat_vocabulary import Explained, Vocabulary

NoSuchConcept = chat_synonyms.NoSuchConcept
SynonymNotAWord = chat_synonyms.SynonymNotAWord
SynonymMeansSomething = chat_synonyms.SynonymMeansSomething


async def look(vocabulary: Vocabulary, text: str, words: Mapping[str, str]) -> tuple[Explained, int | None]:
    """How a text is understood now with these words besides, and the keyword answer that is given instead to who came by no store's
    code; None: none is.

    Raises:
        NoSuchConcept, SynonymNotAWord, SynonymMeansSomething.
    """
    edition = await chat_edition.read()
    understood = vocabulary.explain(text, {**edition.synonyms, **chat_synonyms.trial(vocabulary, words)})
    given = chat_answers.for_all(_fitting(edition.answers, understood))
    return understood, None if given is None else given.id


def _fitting(answers: Sequence[Answer], understood: Explained) -> Sequence[Answer]:
    """An answer to the whole text comes before all else, one to a word in it only where nothing was understood."""
    exact = chat_answers.fitting(answers, "exact", understood.written, clock.now())
    if exact or understood.intent or understood.choices:
        return exact
    return chat_answers.fitting(answers, "contains", understood.written, clock.now())
