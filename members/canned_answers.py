"""Canned answers 常用语: texts that operators answer with often, their own and the shop's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import clock, db, errors, words
from ledger import idempotency

PLACEHOLDERS = frozenset({"customer", "operator", "shop"})
LONGEST_CHARS = 600


class NoSuchCannedAnswer(errors.NotFound):
    """There is no canned answer of this number that is theirs or the shop's."""

    code = "no_such_canned_answer"


class CannedAnswerWrong(errors.Invalid):
    """A text names something in braces that is not known."""

    code = "canned_answer_wrong"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class CannedAnswer:
    """A text with a title to find it by; ``operator_id`` None: the shop's. It may name ``{customer}``, ``{operator}`` and ``{shop}``."""

    id: int
    operator_id: int | None
    title: str
    text: str
    saved_by: str
    saved_at: datetime


_COLUMNS = "id, operator_id, title, text, saved_by, saved_at"
_PAGE = f"""
SELECT {_COLUMNS} FROM canned_answer WHERE id > $2 AND (operator_id IS NULL OR operator_id = $1) ORDER BY id LIMIT $3
"""


async def page(operator_id: int, *, after: int = 0, limit: int = 50) -> list[CannedAnswer]:
    """An operator's own and the shop's, the oldest first."""
    return [CannedAnswer(*row) for row in await db.fetch(_PAGE, operator_id, after, limit)]


_GET = f"SELECT {_COLUMNS} FROM canned_answer WHERE id = $2 AND (operator_id IS NULL OR operator_id = $1)"


async def get(operator_id: int, canned_id: int) -> CannedAnswer:
    """One of them.

    Raises:
        NoSuchCannedAnswer.
    """
    row = await db.fetchrow(_GET, operator_id, canned_id)
    if row is None:
        raise NoSuchCannedAnswer(canned_id=canned_id)
    return CannedAnswer(*row)


_ADD = "INSERT INTO canned_answer (operator_id, title, text, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5) RETURNING id"


async def add(operator_id: int, *, title: str, text: str, is_shops: bool = False, key: str) -> CannedAnswer:
    """A new one. The same key gives the same one again.

    Raises:
        CannedAnswerWrong, KeyReused.
    """
    _check(text)

    async def act() -> str:
        owner = None if is_shops else operator_id
        return str(await db.fetchval(_ADD, owner, title, text, f"operator:{operator_id}", clock.now()))

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="canned_answers.add", key=key,
        content={"title": title, "text": text, "is_shops": is_shops}, act=act,
    )  # fmt: skip
    return await get(operator_id, int(made))


_CHANGE = f"""
UPDATE canned_answer SET title = $3, text = $4, saved_by = $5, saved_at = $6
WHERE id = $1 AND operator_id IS NOT DISTINCT FROM $2 RETURNING {_COLUMNS}
"""


async def change(
    operator_id: int, canned_id: int, *, title: str, text: str, is_shops: bool = False
) -> CannedAnswer:
    """Puts one into other words: an own one, or one of the shop's.

    Raises:
        NoSuchCannedAnswer, CannedAnswerWrong.
    """
    _check(text)
    owner = None if is_shops else operator_id
    row = await db.fetchrow(_CHANGE, canned_id, owner, title, text, f"operator:{operator_id}", clock.now())
    if row is None:
        raise NoSuchCannedAnswer(canned_id=canned_id)
    return CannedAnswer(*row)


_REMOVE = "DELETE FROM canned_answer WHERE id = $1 AND operator_id IS NOT DISTINCT FROM $2"


async def remove(operator_id: int, canned_id: int, *, is_shops: bool = False) -> None:
    """Takes one away; what was answered with it stays. Again is harmless."""
    await db.execute(_REMOVE, canned_id, None if is_shops else operator_id)


def filled(answer: CannedAnswer, *, customer: str, operator: str, shop: str) -> str:
    """The text with its names filled in."""
    return words.fill(answer.text, customer=customer, operator=operator, shop=shop)


def _check(text: str) -> None:
    try:
        unknown = set(words.placeholders(text)) - PLACEHOLDERS
    except ValueError:
        raise CannedAnswerWrong(known=", ".join(sorted(PLACEHOLDERS))) from None
    if unknown:
        raise CannedAnswerWrong(known=", ".join(sorted(PLACEHOLDERS)))
