"""What ``yucun menu`` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from bot import explaining
from shop import chat_menus, chat_own_menus

_BY = "cli"


async def show(configured: chat_menus.Configured) -> tuple[bool, list[str]]:
    """The menus that are to be published, and where the platform has others.

    Raises:
        NoOfficialAccount, MenuNotKnown, MenuKeyUnknown.
    """
    configured = await chat_own_menus.in_force(configured)
    await chat_menus.refuse_unknown(explaining.HouseWords(), configured)
    found = await chat_menus.state(configured)
    lines = ["默认 · default:", *_drawn(configured.buttons)]
    for language, buttons in configured.by_language.items():
        lines += [f"{language}:", *_drawn(buttons)]
    if found.is_published:
        return True, [*lines, "平台上的就是这些 · the platform has these"]
    return False, [*lines, f"平台上的不同 · the platform has others: {', '.join(found.differs)}"]


async def publish(configured: chat_menus.Configured) -> tuple[bool, list[str]]:
    """Publishes them.

    Raises:
        NoOfficialAccount, NoMenuConfigured, MenuKeyUnknown, MenuPublishing.
    """
    configured = await chat_own_menus.in_force(configured)
    made = await chat_menus.publish(explaining.HouseWords(), configured, by=_BY, key=uuid4().hex)
    if made.state == "published":
        return True, ["已发布，顾客约五分钟后看到 · published; customers see it after some five minutes"]
    if made.state == "refused":
        return False, [f"平台拒绝 · the platform refused: {made.errcode} {made.error}"]
    return False, [f"结果不明，请再看一次 · not known, please look: {made.error or made.state}"]


def _drawn(buttons: Sequence[Any]) -> Iterator[str]:
    for button in buttons:
        yield f"  {button['name']}{_leads(button)}"
        for one in button.get("sub_button", ()):
            yield f"    {one['name']}{_leads(one)}"


def _leads(button: Any) -> str:
    to = button.get("key") or button.get("pagepath") or button.get("url")
    return f" → {to}" if to else ""
