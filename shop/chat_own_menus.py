"""The official account's menus as operators write them: each language's own stands in place of the one of the settings, until it is taken back.

What is written is of force at the platform once it is published (``chat_menus.publish``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core import clock, db, errors
from gateways.wechat import menus
from gateways.wechat.menus import Button
from shop import chat_menus
from shop.chat_menus import Configured
from shop.chat_vocabulary import Vocabulary

EVERYBODY = ""
LANGUAGES = (EVERYBODY, "zh-CN", "en")


class MenuWrong(errors.Invalid):
    """A menu is none that the platform takes: too many buttons, a name that is too long, a link that is none."""

    code = "menu_wrong"


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu of a language, ``EVERYBODY`` the default one. ``saved_by`` None: it is of the settings, or there is none."""

    language: str
    buttons: Sequence[Button]
    saved_by: str | None = None
    saved_at: datetime | None = None

    @property
    def is_own(self) -> bool:
        """Whether operators have written it."""
        return self.saved_by is not None


_OWN = "SELECT language, buttons::text AS buttons, saved_by, saved_at FROM chat_menu WHERE app_id = $1"


async def every(configured: Configured) -> list[Menu]:
    """The menu of each language that is to be published; without buttons where there is none."""
    rows = {row["language"]: row for row in await db.fetch(_OWN, configured.app_id)}
    given = {EVERYBODY: configured.buttons, **configured.by_language}
    return [
        Menu(language, json.loads(row["buttons"]), row["saved_by"], row["saved_at"])
        if (row := rows.get(language)) is not None
        else Menu(language, given.get(language, ()))
        for language in LANGUAGES
    ]


async def in_force(configured: Configured) -> Configured:
    """What is to be published: what operators have written, and else what the settings say."""
    return _with(configured, await every(configured))


async def languages(app_id: str) -> frozenset[str]:
    """Which languages operators have written a menu for."""
    return frozenset(row["language"] for row in await db.fetch(_OWN, app_id)) - {EVERYBODY}


_SAVE = """
INSERT INTO chat_menu (app_id, language, buttons, saved_by, saved_at) VALUES ($1, $2, $3::jsonb, $4, $5)
ON CONFLICT (app_id, language) DO UPDATE SET buttons = $3::jsonb, saved_by = $4, saved_at = $5
"""


async def save(
    vocabulary: Vocabulary, configured: Configured, language: str, buttons: Sequence[Button], *, by: str
) -> Menu:
    """Writes the menu of a language.

    Raises:
        NoOfficialAccount.
        MenuWrong: ``wrong`` says where, in both languages.
        MenuKeyUnknown: a button says something the chat would not understand.
    """
    if configured.platform is None:
        raise chat_menus.NoOfficialAccount
    others = [one for one in await every(configured) if one.language != language]
    after = _with(configured, [*others, Menu(language, buttons)])
    faults = [*menus.faults(buttons)]
    if not faults and len(set().union(*map(menus.domains, after.by_language.values()))) > _DOMAINS:
        faults.append(
            f"各语言菜单的链接最多 {_DOMAINS} 个域名 · links of menus by language lead to {_DOMAINS} domains at most"
        )
    if faults:
        raise MenuWrong(wrong="；".join(faults))
    await chat_menus.refuse_unknown(vocabulary, replace(configured, buttons=buttons, by_language={}))
    now = clock.now()
    await db.execute(
        _SAVE, configured.app_id, language, json.dumps(list(buttons), ensure_ascii=False), by, now
    )
    return Menu(language, buttons, by, now)


_DOMAINS = menus.CONDITIONAL_DOMAINS_MOST
_RESTORE = "DELETE FROM chat_menu WHERE app_id = $1 AND language = $2"


async def restore(configured: Configured, language: str) -> None:
    """The menu of the settings is to be published again. Again is harmless."""
    await db.execute(_RESTORE, configured.app_id, language)


def _with(configured: Configured, several: Sequence[Menu]) -> Configured:
    by_language: Mapping[str, Sequence[Button]] = {
        one.language: one.buttons for one in several if one.buttons and one.language != EVERYBODY
    }
    default = next((one.buttons for one in several if one.language == EVERYBODY), ())
    return replace(configured, buttons=default, by_language=by_language)
