"""Keyword answers 关键词回复: what operators have the chat say to texts that are a keyword, or have one in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billing import stores
from core import clock, db, errors
from ledger import idempotency
from shop import chat_edition, chat_texts, chat_unanswered
from shop.chat_vocabulary import Vocabulary

KeyReused = idempotency.KeyReused
NoSuchStore = stores.NoSuchStore
NoSuchUnanswered = chat_unanswered.NoSuchUnanswered
TextUnfillable = chat_texts.TextUnfillable
TextTooLong = chat_texts.TextTooLong
Match = Literal["exact", "contains"]
MOST = 500
KEYWORD_CHARS = 20
MAY_BE_REPLACED = frozenset({"help", "hours", "person", "thanks"})
"""What the house answers without anybody's numbers: a shop may have words of its own for it."""
_ENDS = re.compile(r"[\s!?.,;:~…、。，！？；：]+$")


class NoSuchAnswer(errors.NotFound):
    """There is no such keyword answer."""

    code = "no_such_chat_answer"


class KeywordWrong(errors.Invalid):
    """A keyword has at most twenty characters; one that texts are searched for, two at least."""

    code = "keyword_wrong"


class KeywordIsAsked(errors.Conflict):
    """The keyword by itself is a question the chat answers from the customer's account; it stays so."""

    code = "keyword_is_asked"


class KeywordTaken(errors.Conflict):
    """Another answer is given to exactly this keyword at the same time."""

    code = "keyword_taken"


class AnswerPeriodWrong(errors.Invalid):
    """An answer begins before it ends."""

    code = "chat_answer_period_wrong"


class TooManyAnswers(errors.Conflict):
    """There are as many as the chat can hold."""

    code = "too_many_chat_answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An answer as an operator writes it. ``text_en`` "": the Chinese one. ``place``: of several that fit, the lowest."""

    match: Match
    keywords: tuple[str, ...]
    text_zh: str
    text_en: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    store: str | None = None
    place: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class KeywordAnswer:
    """An answer as it is kept."""

    id: int
    match: str
    keywords: Sequence[str]
    text_zh: str
    text_en: str
    from_at: datetime | None
    until_at: datetime | None
    store: str | None
    place: int
    active: bool
    saved_by: str
    saved_at: datetime


_ADD = """
INSERT INTO chat_answer (match, keywords, text_zh, text_en, from_at, until_at, store_id, place, active, saved_by, saved_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
"""


async def add(
    vocabulary: Vocabulary, operator_id: int, wish: Wish, *, unanswered_id: int | None = None, key: str
) -> KeywordAnswer:
    """A new answer. ``unanswered_id``: a text this is to be the end of.

    Raises:
        KeywordWrong, KeywordIsAsked, KeywordTaken, AnswerPeriodWrong, TextUnfillable, TextTooLong, TooManyAnswers, NoSuchStore,
        NoSuchUnanswered, KeyReused.
    """
    by, keywords = f"operator:{operator_id}", _checked(vocabulary, wish)

    async def act() -> int:
        await chat_edition.rise()
        store_id = await stores.id_of(wish.store)
        if await db.fetchval("SELECT count(*) FROM chat_answer") >= MOST:
            raise TooManyAnswers(most=MOST)
        await _refuse_taken(wish, keywords, store_id, 0)
        made = await db.fetchval(_ADD, *_values(wish, keywords, store_id, by))
        if unanswered_id is not None:
            await chat_unanswered.taught(unanswered_id, by)
        return int(made)

    content = {"wish": [getattr(wish, name) for name in wish.__slots__], "unanswered_id": unanswered_id}
    made = await idempotency.alone(caller=by, operation="chat_answers.add", key=key, content=content, act=act)
    return await get(int(made))


_CHANGE = """
UPDATE chat_answer SET match = $1, keywords = $2, text_zh = $3, text_en = $4, from_at = $5, until_at = $6, store_id = $7, place = $8,
    active = $9, saved_by = $10, saved_at = $11 WHERE id = $12
"""


@db.retried
async def change(vocabulary: Vocabulary, operator_id: int, answer_id: int, wish: Wish) -> KeywordAnswer:
    """Sets all of an answer.

    Raises:
        NoSuchAnswer, KeywordWrong, KeywordIsAsked, KeywordTaken, AnswerPeriodWrong, TextUnfillable, TextTooLong, NoSuchStore.
    """
    keywords = _checked(vocabulary, wish)
    async with db.transaction():
        await chat_edition.rise()
        await get(answer_id)
        store_id = await stores.id_of(wish.store)
        await _refuse_taken(wish, keywords, store_id, answer_id)
        values = _values(wish, keywords, store_id, f"operator:{operator_id}")
        await db.execute(_CHANGE, *values, answer_id)
    return await get(answer_id)


@db.retried
async def remove(answer_id: int) -> None:
    """The answer is not given any more.

    Raises:
        NoSuchAnswer.
    """
    async with db.transaction():
        await chat_edition.rise()
        if not await db.execute("DELETE FROM chat_answer WHERE id = $1", answer_id):
            raise NoSuchAnswer(answer_id=answer_id)


_COLUMNS = """
a.id, a.match, a.keywords, a.text_zh, a.text_en, a.from_at, a.until_at, s.code AS store, a.place, a.active, a.saved_by, a.saved_at
"""
_FROM = "FROM chat_answer a LEFT JOIN store s ON s.id = a.store_id"


async def get(answer_id: int) -> KeywordAnswer:
    """One answer.

    Raises:
        NoSuchAnswer.
    """
    row = await db.fetchrow(f"SELECT {_COLUMNS} {_FROM} WHERE a.id = $1", answer_id)
    if row is None:
        raise NoSuchAnswer(answer_id=answer_id)
    return KeywordAnswer(*row)


async def page(*, after: tuple[int, int] | None = None, limit: int = 20) -> list[KeywordAnswer]:
    """All answers in the order they are tried."""
    sql = f"SELECT {_COLUMNS} {_FROM} WHERE (a.place, a.id) > ($1, $2) ORDER BY a.place, a.id LIMIT $3"
    return [KeywordAnswer(*row) for row in await db.fetch(sql, *(after or (-1, 0)), limit)]


def fitting(
    answers: Iterable[chat_edition.Answer], match: Match, written: str, now: datetime
) -> list[chat_edition.Answer]:
    """The answers that fit a text in the one way of writing at that moment, whoever wrote it; the first that is for their store is given."""
    asked = bare(written)
    return [
        answer
        for answer in answers
        if answer.match == match
        and answer.is_in_time(now)
        and any(asked == keyword if match == "exact" else _has(asked, keyword) for keyword in answer.keywords)
    ]


def for_all(fitting: Iterable[chat_edition.Answer]) -> chat_edition.Answer | None:
    """Of answers that fit, the one that is given to who came by no store's code; None: there is none."""
    return next((one for one in fitting if one.store_id == 0), None)


def bare(written: str) -> str:
    """A text in the one way of writing, without the marks at its end."""
    return _ENDS.sub("", written)


def _has(text: str, keyword: str) -> bool:
    """Whether a keyword is in a text; one in letters only as words of its own."""
    at = text.find(keyword)
    while at >= 0:
        end = at + len(keyword)
        inside = (at > 0 and _joined(text[at - 1], text[at])) or (
            end < len(text) and _joined(text[end - 1], text[end])
        )
        if not inside:
            return True
        at = text.find(keyword, at + 1)
    return False


def _joined(left: str, right: str) -> bool:
    return left.isascii() and right.isascii() and left.isalnum() and right.isalnum()


def _checked(vocabulary: Vocabulary, wish: Wish) -> list[str]:
    """The keywords as they are looked for."""
    if wish.from_at is not None and wish.until_at is not None and wish.from_at >= wish.until_at:
        raise AnswerPeriodWrong
    for text in (wish.text_zh, wish.text_en):
        chat_texts.check(text)
    keywords = list(dict.fromkeys(bare(vocabulary.plain(word)) for word in wish.keywords))
    for keyword in keywords:
        least = 1 if wish.match == "exact" else 2
        if not least <= len(keyword) <= KEYWORD_CHARS:
            raise KeywordWrong(keyword=keyword[:KEYWORD_CHARS], most=KEYWORD_CHARS)
        found = vocabulary.explain(keyword, {})
        if wish.match == "exact" and found.is_whole and found.intent not in MAY_BE_REPLACED:
            raise KeywordIsAsked(keyword=keyword, intent=found.intent)
    return keywords


_TAKEN = """
SELECT k AS keyword, a.id FROM chat_answer a, unnest(a.keywords) k
WHERE a.active AND a.match = 'exact' AND a.id <> $1 AND a.store_id = $2 AND k = ANY ($3::text[])
  AND (a.until_at IS NULL OR $4::timestamptz IS NULL OR a.until_at > $4)
  AND (a.from_at IS NULL OR $5::timestamptz IS NULL OR a.from_at < $5) LIMIT 1
"""


async def _refuse_taken(wish: Wish, keywords: Collection[str], store_id: int, but: int) -> None:
    if wish.match != "exact" or not wish.active:
        return
    taken = await db.fetchrow(_TAKEN, but, store_id, list(keywords), wish.from_at, wish.until_at)
    if taken is not None:
        raise KeywordTaken(keyword=taken["keyword"], answer_id=taken["id"])


def _values(wish: Wish, keywords: list[str], store_id: int, by: str) -> tuple[object, ...]:
    return (
        wish.match, keywords, wish.text_zh, wish.text_en, wish.from_at, wish.until_at, store_id, wish.place, wish.active,
        by, clock.now(),
    )  # fmt: skip
