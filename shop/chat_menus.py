"""The official account's menus 自定义菜单: published, and compared with what the platform has (``chat_own_menus`` says which).

Publishing is written down first, then the platform is asked, then what came of it is written down: of two who publish at once one does. Menus
by language are shown to followers with a tag of ours, because the platform matches no languages; the clock tags who has chosen one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from core import clock, db, errors
from gateways.wechat import menus
from gateways.wechat.menus import Button, Published
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from ledger import idempotency
from shop import chat_answers, chat_edition
from shop.chat_vocabulary import Vocabulary

KeyReused = idempotency.KeyReused
leaf = menus.leaf
TAG_PREFIX = "yucun-"
_LEASE = timedelta(seconds=60)


class Platform(Protocol):
    """The platform's menus; ``gateways.wechat.menus.Menus`` is one."""

    async def published(self) -> Published: ...
    async def create(self, buttons: Sequence[Button]) -> None: ...
    async def add_conditional(self, buttons: Sequence[Button], tag_id: int) -> str: ...
    async def remove_conditional(self, menu_id: str) -> None: ...
    async def tags(self) -> dict[str, int]: ...
    async def tag(self, name: str) -> int: ...


@dataclass(frozen=True, slots=True)
class Configured:
    """The menus of the settings: of everybody, and by language. ``platform`` None: the shop has no official account."""

    platform: Platform | None = None
    app_id: str = ""
    buttons: Sequence[Button] = ()
    by_language: Mapping[str, Sequence[Button]] = field(default_factory=dict)
    mini_app_id: str = ""
    """The mini-program that buttons lead to which name none."""

    @property
    def fingerprint(self) -> str:
        """Tells one set of menus from another."""
        whole = json.dumps([list(self.buttons), dict(self.by_language)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()


class NoOfficialAccount(errors.Unavailable):
    """The shop is connected to no official account."""

    code = "no_official_account"


class NoMenuConfigured(errors.Conflict):
    """There is no menu of everybody, in the settings or of operators'; what the account has is not taken away for that."""

    code = "no_menu_configured"


class MenuPublishing(errors.Conflict):
    """Somebody is publishing at this moment."""

    code = "menu_publishing"


class MenuKeyUnknown(errors.Conflict):
    """A button says something the chat would not understand."""

    code = "menu_key_unknown"


class MenuNotKnown(errors.Unavailable):
    """The platform did not say what menus it has."""

    code = "menu_not_known"


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication: ``asking``, ``published``, ``refused`` (by the platform's code) or ``unknown``: ask what it has, or publish again."""

    id: int
    fingerprint: str
    state: str
    errcode: int | None
    error: str | None
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None


_OVER = """
UPDATE chat_menu_publication SET state = 'unknown', ended_at = $2 WHERE app_id = $1 AND state = 'asking' AND lease_until <= $2
"""
_ASK = """
INSERT INTO chat_menu_publication (app_id, fingerprint, state, asked_by, asked_at, lease_until) VALUES ($1, $2, 'asking', $3, $4, $5)
ON CONFLICT (app_id) WHERE state = 'asking' DO NOTHING RETURNING id
"""


async def publish(vocabulary: Vocabulary, configured: Configured, *, by: str, key: str) -> Publication:
    """The platform gets the menus of the settings. The same key again: what came of it.

    Raises:
        NoOfficialAccount, NoMenuConfigured, MenuKeyUnknown, MenuPublishing, KeyReused.
    """
    platform = _platform(configured)
    if not configured.buttons:
        raise NoMenuConfigured
    await refuse_unknown(vocabulary, configured)
    mine: int | None = None

    async def act() -> int:
        nonlocal mine
        now = clock.now()
        await db.execute(_OVER, configured.app_id, now)
        made = await db.fetchval(_ASK, configured.app_id, configured.fingerprint, by, now, now + _LEASE)
        if made is None:
            raise MenuPublishing
        mine = int(made)
        return mine

    content = {"app_id": configured.app_id}
    number = int(
        await idempotency.alone(caller=by, operation="chat_menus.publish", key=key, content=content, act=act)
    )
    if number == mine:  # a repeat of the key finds the publication of another call
        await _ask(platform, configured, number)
    return await get(number)


async def _ask(platform: Platform, configured: Configured, number: int) -> None:
    """What is there is asked first and taken away last, so that nobody is ever without a menu."""
    try:
        before = await platform.published()
        await _still_ours(number)
        await platform.create(configured.buttons)
        for language, buttons in configured.by_language.items():
            tag_id = await platform.tag(TAG_PREFIX + language)
            await _still_ours(number)
            await platform.add_conditional(buttons, tag_id)
        for old in before.conditional:
            await _still_ours(number)
            await platform.remove_conditional(old.menu_id)
    except _NotOurs:
        return
    except PlatformRefused as refused:
        await _end(number, "refused", refused.errcode, refused.errmsg)
    except PlatformUnknown as unknown:
        await _end(number, "unknown", None, unknown.reason)
    else:
        await _end(number, "published", None, None)


class _NotOurs(Exception):
    """The publication was given up for dead meanwhile; what is asked now would come after another's."""


_KEEP = "UPDATE chat_menu_publication SET lease_until = $2 WHERE id = $1 AND state = 'asking'"
_END = """
UPDATE chat_menu_publication SET state = $2, errcode = $3, error = $4, ended_at = $5 WHERE id = $1 AND state = 'asking'
"""


async def _still_ours(number: int) -> None:
    if not await db.execute(_KEEP, number, clock.now() + _LEASE):
        raise _NotOurs


async def _end(number: int, state: str, errcode: int | None, error: str | None) -> None:
    await db.execute(_END, number, state, errcode, error and error[:200], clock.now())


_COLUMNS = "id, fingerprint, state, errcode, error, asked_by, asked_at, ended_at"


async def get(number: int) -> Publication:
    """One publication."""
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM chat_menu_publication WHERE id = $1", number)
    assert row is not None, "publications are never removed"
    return Publication(*row)


async def page(*, before: int | None = None, limit: int = 20) -> list[Publication]:
    """All publications, the newest first."""
    sql = f"SELECT {_COLUMNS} FROM chat_menu_publication WHERE id < $1 ORDER BY id DESC LIMIT $2"
    return [Publication(*row) for row in await db.fetch(sql, before if before is not None else 2**62, limit)]


@dataclass(frozen=True, slots=True)
class State:
    """What the platform has beside what the settings say. ``is_published``: they are the same; ``differs``: where they are not."""

    is_published: bool
    differs: tuple[str, ...]
    buttons: Sequence[Button]
    by_language: Mapping[str, Sequence[Button]]


async def state(configured: Configured) -> State:
    """Asks the platform and compares.

    Raises:
        NoOfficialAccount, MenuNotKnown.
    """
    platform = _platform(configured)
    try:
        found = await platform.published()
        names = (
            {number: name for name, number in (await platform.tags()).items()} if found.conditional else {}
        )
    except PlatformRefused as refused:
        raise MenuNotKnown(code=refused.errcode, reason=refused.errmsg) from None
    except PlatformUnknown as unknown:
        raise MenuNotKnown(code=0, reason=unknown.reason) from None
    theirs: dict[str, Sequence[Button]] = {}
    twice = set()
    for menu in found.conditional:
        name = names.get(menu.tag_id, f"tag {menu.tag_id}").removeprefix(TAG_PREFIX)
        twice |= {name} & set(theirs)
        theirs[name] = menu.buttons
    differs = ["default"] if list(found.buttons) != menus.plain(configured.buttons) else []
    for name in sorted({*theirs, *configured.by_language}):
        ours = configured.by_language.get(name)
        if name in twice or ours is None or name not in theirs or menus.plain(ours) != list(theirs[name]):
            differs.append(name)
    return State(not differs, tuple(differs), found.buttons, theirs)


async def refuse_unknown(vocabulary: Vocabulary, configured: Configured) -> None:
    """Refuses buttons that say what neither the house nor an operator's keyword answers to everybody.

    Raises:
        MenuKeyUnknown.
    """
    answers, now = (await chat_edition.read()).answers, clock.now()
    for buttons in (configured.buttons, *configured.by_language.values()):
        for key in (one["key"] for one in menus.tapped(buttons) if "key" in one):
            taught = chat_answers.fitting(answers, "exact", vocabulary.plain(key), now)
            if chat_answers.for_all(taught) is None and not vocabulary.answers(key):
                raise MenuKeyUnknown(key=key)


def _platform(configured: Configured) -> Platform:
    if configured.platform is None:
        raise NoOfficialAccount
    return configured.platform
