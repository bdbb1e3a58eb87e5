"""Followers wear a tag of the language they have chosen, so that the platform shows them the menu of that language."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core import clock, db
from gateways.wechat.menus import TAGGED_AT_ONCE
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from members import chat

log = logging.getLogger(__name__)

_NO_FOLLOWER = frozenset({40003, 49003})


class Platform(Protocol):
    """The platform's tags; ``gateways.wechat.menus.Menus`` has them."""

    async def tags(self) -> dict[str, int]: ...
    async def put_tag(self, tag_id: int, openids: Sequence[str], *, on: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages that have a menu of their own in an official account, and what their tags are called before the language."""

    platform: Platform
    app_id: str
    languages: Collection[str]
    prefix: str


_DUE = """
SELECT i.subject, l.language AS worn, CASE WHEN c.locale = ANY ($2::text[]) THEN c.locale END AS wanted
FROM identity i JOIN customer c ON c.id = i.customer_id LEFT JOIN chat_language l ON l.app_id = i.app_id AND l.openid = i.subject
WHERE i.provider = 'official_account' AND i.app_id = $1 AND i.follows AND c.state IN ('active', 'blocked')
  AND l.language IS DISTINCT FROM CASE WHEN c.locale = ANY ($2::text[]) THEN c.locale END
ORDER BY l.language, c.locale, i.id LIMIT $3
"""
_WEAR = """
INSERT INTO chat_language (app_id, openid, language, tagged_at) SELECT $1, o, $3, $4 FROM unnest($2::text[]) o
ON CONFLICT (app_id, openid) DO UPDATE SET language = $3, tagged_at = $4
"""
_WEAR_NONE = "DELETE FROM chat_language WHERE app_id = $1 AND openid = ANY ($2::text[])"


async def tag(languages: Languages, *, limit: int = 2_000) -> int:
    """Tags followers by the language they have chosen, and takes the tag off those who chose another. Run by the clock; doing it twice
    does no harm. Returns how many had it changed."""
    if not languages.languages:
        return 0
    try:
        tags = await languages.platform.tags()
        there = [
            one for one in languages.languages if languages.prefix + one in tags
        ]  # a tag comes with its menu
        due = await db.fetch(_DUE, languages.app_id, there, limit)
        changed = 0
        for worn, wanted in dict.fromkeys((row["worn"], row["wanted"]) for row in due):
            openids = [row["subject"] for row in due if (row["worn"], row["wanted"]) == (worn, wanted)]
            for at in range(0, len(openids), TAGGED_AT_ONCE):
                changed += await _change(languages, tags, openids[at : at + TAGGED_AT_ONCE], worn, wanted)
        return changed
    except (PlatformRefused, PlatformUnknown) as error:
        log.warning("followers could not be tagged: %s", error)
        return 0


async def _change(
    languages: Languages, tags: Mapping[str, int], openids: list[str], worn: str | None, wanted: str | None
) -> int:
    for language, on in ((worn, False), (wanted, True)):
        number = None if language is None else tags.get(languages.prefix + language)
        if number is not None:  # a tag that is gone is on nobody
            openids = await _put(languages, number, openids, on=on)
    if wanted is None:
        await db.execute(_WEAR_NONE, languages.app_id, openids)
    else:
        await db.execute(_WEAR, languages.app_id, openids, wanted, clock.now())
    return len(openids)


async def _put(languages: Languages, number: int, openids: list[str], *, on: bool) -> list[str]:
    """Those who are followers; the platform refuses all of them for one who is not."""
    if not openids:
        return []
    try:
        await languages.platform.put_tag(number, openids, on=on)
        return openids
    except PlatformRefused as refused:
        if refused.errcode not in _NO_FOLLOWER:
            raise
    if len(openids) == 1:
        await chat.met(languages.app_id, openids[0], follows=False)
        return []
    half = len(openids) // 2
    parts: list[Any] = [
        await _put(languages, number, part, on=on) for part in (openids[:half], openids[half:])
    ]
    return [openid for part in parts for openid in part]


async def unfollowed(app_id: str, openid: str) -> None:
    """Who leaves the account loses its tags there."""
    await db.execute(_WEAR_NONE, app_id, [openid])


_FORGET = """
DELETE FROM chat_language l USING identity i
WHERE i.customer_id = $1 AND i.provider = 'official_account' AND l.app_id = i.app_id AND l.openid = i.subject
"""


async def forget(customer_id: int) -> None:
    """Whose menu a customer saw is forgotten. Part of the caller's transaction."""
    await db.execute(_FORGET, customer_id)
