"""Wordings 文案: how operators want messages to read, by kind, channel and language, in versions.

What nobody has put into words reads as the catalogues of ``core/words`` say, in the templates of the settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings in force at one moment."""

    by_place: Mapping[tuple[str, str, str], Mapping[str, Any]]

    def of(self, kind: str, channel: str, locale: str) -> Mapping[str, Any] | None:
        """What operators saved; None: nothing, or they went back to the house's words."""
        return self.by_place.get((kind, channel, locale))


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a wording. ``content`` None: back to the house's words."""

    kind: str
    channel: str
    locale: str
    version: int
    content: Mapping[str, Any] | None
    saved_by: str
    saved_at: datetime


_CURRENT = """
SELECT DISTINCT ON (kind, channel, locale) kind, channel, locale, version, content::text AS content, saved_by, saved_at
FROM message_template ORDER BY kind, channel, locale, version DESC
"""


async def current() -> Wordings:
    """All wordings in force."""
    return Wordings(
        {
            (one.kind, one.channel, one.locale): one.content
            for one in await latest()
            if one.content is not None
        }
    )


async def latest() -> list[Version]:
    """The last version of each place that operators have put into words."""
    return [_version(row) for row in await db.fetch(_CURRENT)]


_HISTORY = """
SELECT kind, channel, locale, version, content::text AS content, saved_by, saved_at FROM message_template
WHERE kind = $1 AND channel = $2 AND locale = $3 AND version < $4 ORDER BY version DESC LIMIT $5
"""


async def history(
    kind: str, channel: str, locale: str, *, before: int | None = None, limit: int = 20
) -> list[Version]:
    """The versions of one place, the newest first; ``before`` is the version the last page ended at."""
    rows = await db.fetch(_HISTORY, kind, channel, locale, before if before is not None else 2**31 - 1, limit)
    return [_version(row) for row in rows]


_SAVE = """
INSERT INTO message_template (kind, channel, locale, version, content, saved_by, saved_at)
SELECT $1::text, $2::text, $3::text, coalesce(max(version), 0) + 1, $4::jsonb, $5, $6 FROM message_template
WHERE kind = $1::text AND channel = $2::text AND locale = $3::text
RETURNING kind, channel, locale, version, content::text AS content, saved_by, saved_at
"""


async def save(
    kind: str, channel: str, locale: str, content: Mapping[str, Any] | None, *, by: str
) -> Version:
    """One version more, in the open transaction. Of two at once the second is tried again by ``db.retried``."""
    kept = None if content is None else json.dumps(content, ensure_ascii=False)
    row = await db.fetchrow(_SAVE, kind, channel, locale, kept, by, clock.now())
    assert row is not None
    return _version(row)


def _version(row: Mapping[str, Any]) -> Version:
    content = row["content"]
    return Version(**{**dict(row), "content": None if content is None else json.loads(content)})
