"""Synonyms 同义词: words that operators teach the chat to read as one of its concepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing import stores
from core import clock, db, errors
from ledger import idempotency
from shop import chat_edition, chat_unanswered
from shop.chat_vocabulary import Vocabulary

KeyReused = idempotency.KeyReused
NoSuchStore = stores.NoSuchStore
NoSuchUnanswered = chat_unanswered.NoSuchUnanswered
MOST = 2_000
CHARS_MOST = 20
_LATIN = re.compile(r"[a-z][a-z'-]*(?: [a-z][a-z'-]*)*")
_HAN = re.compile("[㐀-鿿]")


class NoSuchSynonym(errors.NotFound):
    """There is no such synonym."""

    code = "no_such_synonym"


class NoSuchConcept(errors.Invalid):
    """The chat knows nothing of this name that a word could stand for."""

    code = "no_such_concept"


class SynonymNotAWord(errors.Invalid):
    """A word is Chinese, of two characters at least, or English, of three letters at least; and has no numbers in it."""

    code = "synonym_not_a_word"


class SynonymMeansSomething(errors.Conflict):
    """The chat reads the word already, as something else or as a value."""

    code = "synonym_means_something"


class SynonymTaken(errors.Conflict):
    """The word was taught already, for this store or another; one word means one thing in all of the chat."""

    code = "synonym_taken"


class TooManySynonyms(errors.Conflict):
    """There are as many as the chat can hold."""

    code = "too_many_synonyms"


@dataclass(frozen=True, slots=True)
class Synonym:
    """A word with what it stands for; ``store``: whose word it is, None: the shop's."""

    id: int
    word: str
    concept: str
    store: str | None
    saved_by: str
    saved_at: datetime


_TAKEN = """
SELECT y.concept, s.code FROM chat_synonym y LEFT JOIN store s ON s.id = y.store_id WHERE y.word = $1 AND y.id <> $2
"""
_ADD = """
INSERT INTO chat_synonym (word, concept, store_id, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5) RETURNING id
"""


async def add(
    vocabulary: Vocabulary,
    operator_id: int,
    word: str,
    concept: str,
    *,
    store: str | None = None,
    unanswered_id: int | None = None,
    key: str,
) -> Synonym:
    """Teaches a word. ``unanswered_id``: a text this is to be the end of.

    Raises:
        NoSuchConcept, SynonymNotAWord, SynonymMeansSomething, SynonymTaken, TooManySynonyms, NoSuchStore, NoSuchUnanswered, KeyReused.
    """
    by, written = f"operator:{operator_id}", _written(vocabulary, word, concept)

    async def act() -> int:
        await chat_edition.rise()
        store_id = await stores.id_of(store)
        await _refuse_taken(written, 0)
        if await db.fetchval("SELECT count(*) FROM chat_synonym") >= MOST:
            raise TooManySynonyms(most=MOST)
        made = await db.fetchval(_ADD, written, concept, store_id, by, clock.now())
        if unanswered_id is not None:
            await chat_unanswered.taught(unanswered_id, by)
        return int(made)

    content = {"word": written, "concept": concept, "store": store, "unanswered_id": unanswered_id}
    made = await idempotency.alone(
        caller=by, operation="chat_synonyms.add", key=key, content=content, act=act
    )
    return await get(int(made))


_CHANGE = "UPDATE chat_synonym SET word = $2, concept = $3, store_id = $4, saved_by = $5, saved_at = $6 WHERE id = $1"


@db.retried
async def change(
    vocabulary: Vocabulary,
    operator_id: int,
    synonym_id: int,
    word: str,
    concept: str,
    *,
    store: str | None = None,
) -> Synonym:
    """Sets a synonym's word, what it stands for, and whose it is.

    Raises:
        NoSuchSynonym, NoSuchConcept, SynonymNotAWord, SynonymMeansSomething, SynonymTaken, NoSuchStore.
    """
    written = _written(vocabulary, word, concept)
    async with db.transaction():
        await chat_edition.rise()
        await get(synonym_id)
        store_id = await stores.id_of(store)
        await _refuse_taken(written, synonym_id)
        by = f"operator:{operator_id}"
        await db.execute(_CHANGE, synonym_id, written, concept, store_id, by, clock.now())
    return await get(synonym_id)


@db.retried
async def remove(synonym_id: int) -> None:
    """The chat forgets a word.

    Raises:
        NoSuchSynonym.
    """
    async with db.transaction():
        await chat_edition.rise()
        if not await db.execute("DELETE FROM chat_synonym WHERE id = $1", synonym_id):
            raise NoSuchSynonym(synonym_id=synonym_id)


_COLUMNS = "y.id, y.word, y.concept, s.code AS store, y.saved_by, y.saved_at"
_FROM = "FROM chat_synonym y LEFT JOIN store s ON s.id = y.store_id"


async def get(synonym_id: int) -> Synonym:
    """One synonym.

    Raises:
        NoSuchSynonym.
    """
    row = await db.fetchrow(f"SELECT {_COLUMNS} {_FROM} WHERE y.id = $1", synonym_id)
    if row is None:
        raise NoSuchSynonym(synonym_id=synonym_id)
    return Synonym(*row)


_PAGE = f"""
SELECT {_COLUMNS} {_FROM} WHERE y.id < $1 AND ($2::text IS NULL OR y.concept = $2) ORDER BY y.id DESC LIMIT $3
"""


async def page(*, concept: str | None = None, before: int | None = None, limit: int = 20) -> list[Synonym]:
    """All synonyms, or those of one concept, the newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, concept, limit)
    return [Synonym(*row) for row in rows]


def trial(vocabulary: Vocabulary, words: Mapping[str, str]) -> dict[str, str]:
    """Words as they would be kept, for a look at what they would do.

    Raises:
        NoSuchConcept, SynonymNotAWord, SynonymMeansSomething.
    """
    return {_written(vocabulary, word, concept): concept for word, concept in words.items()}


def _written(vocabulary: Vocabulary, word: str, concept: str) -> str:
    """The word as it is looked for in texts."""
    if concept not in vocabulary.concepts:
        raise NoSuchConcept(concept=concept)
    written = vocabulary.plain(word).strip()
    is_english = _LATIN.fullmatch(written) is not None and len(written) >= 3
    is_chinese = len(written) >= 2 and all(_HAN.match(char) for char in written)
    if not (is_english or is_chinese) or len(written) > CHARS_MOST:
        raise SynonymNotAWord(word=word[:CHARS_MOST], most=CHARS_MOST)
    if (meaning := vocabulary.meaning(written)) is not None:
        raise SynonymMeansSomething(word=written, concept=meaning)
    return written


async def _refuse_taken(written: str, but: int) -> None:
    taken = await db.fetchrow(_TAKEN, written, but)
    if taken is not None:
        raise SynonymTaken(word=written, concept=taken["concept"], store=taken["code"] or "-")
