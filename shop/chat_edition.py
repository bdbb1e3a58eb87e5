"""The words of operators as the chat has them in force: read whole in one statement, kept by each process, looked after every few seconds.

Whoever changes one of them calls ``rise`` first in the change's transaction: changes come one after the other, and are seen all at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core import db
from shop import open_days

_RISE = """
INSERT INTO chat_edition (id, edition) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET edition = chat_edition.edition + 1
"""


async def rise() -> None:
    """Another edition, from the commit of the open transaction on. Until then nobody else changes anything."""
    await db.execute(_RISE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer by keyword that is switched on."""

    id: int
    match: str
    keywords: tuple[str, ...]
    text_zh: str
    text_en: str
    from_at: datetime | None
    until_at: datetime | None
    store_id: int

    def is_in_time(self, now: datetime) -> bool:
        """Whether it is given at that moment."""
        return (self.from_at is None or self.from_at <= now) and (
            self.until_at is None or now < self.until_at
        )


@dataclass(frozen=True, slots=True)
class Edition:
    """Everything operators have taught, of one moment."""

    no: int = 0
    synonyms: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    hours: Mapping[int, open_days.Hours] = field(default_factory=dict)
    stores: Mapping[int, str] = field(default_factory=dict)
    """The names of open stores."""


_NO = "SELECT edition FROM chat_edition"
_READ = """
SELECT coalesce((SELECT edition FROM chat_edition), 0) AS edition,
       (SELECT coalesce(json_object_agg(word, concept), '{}') FROM chat_synonym)::text AS synonyms,
       (SELECT coalesce(json_agg(json_build_array(id, match, keywords, text_zh, text_en, from_at, until_at, store_id) ORDER BY place, id), '[]')
        FROM chat_answer WHERE active)::text AS answers,
       (SELECT coalesce(json_object_agg(store_id, hours), '{}') FROM opening_hours)::text AS hours,
       (SELECT coalesce(json_agg(json_build_array(id, name) ORDER BY id), '[]') FROM store WHERE state = 'open')::text AS stores
"""


async def read() -> Edition:
    """The edition in force, whole: one statement sees one moment."""
    row = await db.fetchrow(_READ)
    assert row is not None, "a SELECT without FROM has one row"
    return Edition(
        row["edition"],
        json.loads(row["synonyms"]),
        tuple(_answer(*kept) for kept in json.loads(row["answers"])),
        {int(store): open_days.of_json(kept) for store, kept in json.loads(row["hours"]).items()},
        dict(json.loads(row["stores"])),
    )


def _answer(
    number: int, match: str, keywords: list[str], zh: str, en: str, begins: str | None, ends: str | None, store: int
) -> Answer:  # fmt: skip
    return Answer(number, match, tuple(keywords), zh, en, _instant(begins), _instant(ends), store)


def _instant(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


class Kept:
    """The edition in force as one process has it: at most ``every_s`` old, and never half of one."""

    def __init__(self, *, every_s: float = 2.0, whole_every_s: float = 60.0) -> None:
        self._every_s, self._whole_every_s = every_s, whole_every_s
        self._edition: Edition | None = None
        self._look_at = self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def now(self) -> Edition:
        """The edition to answer by. Who finds it due for a look asks the database; all others go on with the one there is."""
        if (at_hand := self.at_hand()) is not None:
            return at_hand
        now_s = asyncio.get_running_loop().time()
        async with self._reading:
            if self._edition is None or now_s >= self._look_at:
                await self._look(now_s)
            assert self._edition is not None
            return self._edition

    def at_hand(self) -> Edition | None:
        """The edition to answer by without asking the database; None where it is due for a look and nobody is looking."""
        is_good = asyncio.get_running_loop().time() < self._look_at or self._reading.locked()
        return self._edition if is_good else None

    async def _look(self, now_s: float) -> None:
        is_old = now_s >= self._read_at + self._whole_every_s  # the names of stores are in no edition
        if self._edition is None or is_old or (await db.fetchval(_NO) or 0) != self._edition.no:
            self._edition = await read()
            self._read_at = now_s
        self._look_at = now_s + self._every_s
