"""Unanswered questions 未识别的问题: what the chat did not understand, by how often it came; for operators to teach, or to dismiss.

Kept is the text without what may be anybody's: numbers of six digits and more, addresses, long codes. Not kept is who wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db, errors

State = Literal["open", "dismissed", "taught"]
KEPT_FOR = timedelta(days=90)
KEPT_MOST = 5_000
CHARS = 60
_MASKED = (
    (re.compile(r"\b(?:https?://|www\.)\S+"), "[链接]"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[邮箱]"),
    (re.compile(r"(?<![a-z0-9_-])(?=[a-z_-]*\d)(?![\d-]+(?![a-z0-9_-]))[a-z0-9_-]{12,}"), "[号码]"),
    (re.compile(r"\d(?:[ .()/-]{0,2}\d){5,}x?"), "[号码]"),
    (re.compile(r"(?<![一二三四五六七八九零〇幺])[一二三四五六七八九零〇幺](?:[ ]?[一二三四五六七八九零〇幺]){5,}"), "[号码]"),
)  # fmt: skip
_MARKS = re.compile(r"[\s!?.,;:~…、。，！？；：“”\"'()（）]+$")


class NoSuchUnanswered(errors.NotFound):
    """There is no such question, or it was forgotten by now."""

    code = "no_such_unanswered"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A text, how often it came, and what operators made of it."""

    id: int
    text: str
    times: int
    first_at: datetime
    last_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


def kept(written: str) -> str:
    """What is kept of a text in the one way of writing; "" for nothing."""
    for pattern, instead in _MASKED:
        written = pattern.sub(instead, written)
    text = _MARKS.sub("", written)[:CHARS].strip()
    return text if re.search(r"[^\W\d_]", re.sub(r"\[..\]", "", text)) else ""


_COUNT = """
INSERT INTO chat_unanswered AS u (text, times, first_at, last_at, state) VALUES ($1, 1, $2, $2, 'open')
ON CONFLICT (text) DO UPDATE SET times = u.times + 1, last_at = $2,
    state = CASE WHEN u.state = 'taught' AND u.decided_at <= $3 THEN 'open' ELSE u.state END,
    decided_by = CASE WHEN u.state = 'taught' AND u.decided_at <= $3 THEN NULL ELSE u.decided_by END,
    decided_at = CASE WHEN u.state = 'taught' AND u.decided_at <= $3 THEN NULL ELSE u.decided_at END
"""
_SOON = timedelta(minutes=1)


async def count(written: str) -> None:
    """A text, in the one way of writing, was not understood. One that was taught and still is not, a minute later, is open again."""
    text, now = kept(written), clock.now()
    if text:
        await db.execute(_COUNT, text, now, now - _SOON)


_COLUMNS = "id, text, times, first_at, last_at, state, decided_by, decided_at"
_RANKED = f"""
SELECT {_COLUMNS} FROM chat_unanswered
WHERE state = $1 AND ($2::bigint IS NULL OR (times, last_at, id) < ($2, $3, $4)) ORDER BY times DESC, last_at DESC, id DESC LIMIT $5
"""
Place = tuple[int, datetime, int]


async def ranked(*, state: State = "open", after: Place | None = None, limit: int = 20) -> list[Unanswered]:
    """Those that came most often, of them the latest, first."""
    rows = await db.fetch(_RANKED, state, *(after or (None, None, None)), limit)
    return [Unanswered(*row) for row in rows]


_DECIDE = f"""
UPDATE chat_unanswered SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1 RETURNING {_COLUMNS}
"""


@db.retried
async def dismiss(operator_id: int, unanswered_id: int) -> Unanswered:
    """It is not shown any more, however often it comes; again is harmless.

    Raises:
        NoSuchUnanswered.
    """
    return await _decide(unanswered_id, "dismissed", f"operator:{operator_id}")


async def taught(unanswered_id: int, by: str) -> None:
    """It has an answer now. Part of the transaction that teaches it.

    Raises:
        NoSuchUnanswered.
    """
    await _decide(unanswered_id, "taught", by)


async def _decide(unanswered_id: int, state: State, by: str) -> Unanswered:
    row = await db.fetchrow(_DECIDE, unanswered_id, state, by, clock.now())
    if row is None:
        raise NoSuchUnanswered(unanswered_id=unanswered_id)
    return Unanswered(*row)


_FORGET = """
DELETE FROM chat_unanswered WHERE last_at < $1
   OR id IN (SELECT id FROM chat_unanswered ORDER BY times DESC, last_at DESC, id DESC OFFSET $2)
"""


async def forget_old() -> int:
    """Drops what did not come for long, and of what is too much what came least. Run by the clock. Returns how many."""
    return await db.execute(_FORGET, clock.now() - KEPT_FOR, KEPT_MOST)
