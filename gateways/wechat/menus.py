"""The official account's menus: the default one, and those for followers with a tag.

Sources: developers.weixin.qq.com, "自定义菜单创建接口", "个性化菜单接口" (matching by language, region or sex is refused with 65320 since it
is about a person's privacy; by a tag of the account's own it is not), "用户标签管理".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from gateways.wechat.tokens import AccessTokens

TOP_MOST, SUB_MOST = 3, 5
TOP_NAME_BYTES, SUB_NAME_BYTES = 16, 40
"""Of a name below another the page says 40 in one place and 60 in another; 40 is taken everywhere."""
KEY_BYTES, URL_BYTES = 128, 1024
CONDITIONAL_DOMAINS_MOST = 3
"""Links of all menus with a condition together lead to so many domains at most (65318)."""
TAGGED_AT_ONCE = 50
NO_MENU = 46003
_FIELDS = {"click": ("key",), "view": ("url",), "miniprogram": ("url", "appid", "pagepath")}

Button = Mapping[str, Any]
"""As the platform writes it: ``type``, ``name`` and what the type needs, or ``name`` and ``sub_button``."""


@dataclass(frozen=True, slots=True)
class Conditional:
    """A menu for followers with a tag."""

    menu_id: str
    tag_id: int
    buttons: Sequence[Button]


@dataclass(frozen=True, slots=True)
class Published:
    """What the platform has. ``buttons`` empty: no menu at all."""

    buttons: Sequence[Button]
    conditional: Sequence[Conditional]


class Menus:
    """The menus and tags of one official account."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    async def published(self) -> Published:
        """What there is (/cgi-bin/menu/get), without what the platform adds to it.

        Raises: PlatformRefused, PlatformUnknown.
        """
        try:
            content: dict[str, Any] = dict(await self._tokens.ask("/cgi-bin/menu/get", query={}))
        except PlatformRefused as refused:
            if refused.errcode == NO_MENU:
                return Published((), ())
            raise
        try:
            found = [
                Conditional(str(menu["menuid"]), _tag(menu["matchrule"]), plain(menu["button"]))
                for menu in content.get("conditionalmenu", [])
            ]
            return Published(plain(content["menu"]["button"]), found)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise PlatformUnknown(f"unreadable answer: {type(fault).__name__}") from None

    async def create(self, buttons: Sequence[Button]) -> None:
        """The default menu is this one now; those with a condition stay (/cgi-bin/menu/create).

        Raises: PlatformRefused (40016 to 40027, 40054, 40055 …), PlatformUnknown.
        """
        await self._tokens.ask("/cgi-bin/menu/create", fields={"button": list(buttons)})

    async def add_conditional(self, buttons: Sequence[Button], tag_id: int) -> str:
        """Followers with the tag see this from now on, before all that was added earlier (/cgi-bin/menu/addconditional).

        Raises: PlatformRefused (65303 there is no default menu, 65318 more than three domains, 65320 …), PlatformUnknown.
        """
        fields: dict[str, Any] = {"button": list(buttons), "matchrule": {"tag_id": str(tag_id)}}
        content = await self._tokens.ask("/cgi-bin/menu/addconditional", fields=fields)
        return str(content.get("menuid", ""))

    async def remove_conditional(self, menu_id: str) -> None:
        """Takes one with a condition away; one that is gone already is (/cgi-bin/menu/delconditional, 65301).

        Raises: PlatformRefused, PlatformUnknown.
        """
        try:
            await self._tokens.ask("/cgi-bin/menu/delconditional", fields={"menuid": menu_id})
        except PlatformRefused as refused:
            if refused.errcode != 65301:
                raise

    async def tags(self) -> dict[str, int]:
        """The account's tags with their ids (/cgi-bin/tags/get).

        Raises: PlatformRefused, PlatformUnknown.
        """
        content: dict[str, Any] = dict(await self._tokens.ask("/cgi-bin/tags/get", query={}))
        try:
            return {str(tag["name"]): int(tag["id"]) for tag in content["tags"]}
        except (KeyError, TypeError, ValueError) as fault:
            raise PlatformUnknown(f"unreadable answer: {type(fault).__name__}") from None

    async def tag(self, name: str) -> int:
        """The id of the tag of this name, which is made where there is none (/cgi-bin/tags/create; of two who do at once one is told 45157).

        Raises: PlatformRefused, PlatformUnknown.
        """
        if (known := (await self.tags()).get(name)) is not None:
            return known
        try:
            fields = {"tag": {"name": name}}
            content: dict[str, Any] = dict(await self._tokens.ask("/cgi-bin/tags/create", fields=fields))
            return int(content["tag"]["id"])
        except PlatformRefused as refused:
            if refused.errcode != 45157:
                raise
        except (KeyError, TypeError, ValueError) as fault:
            raise PlatformUnknown(f"unreadable answer: {type(fault).__name__}") from None
        made = (await self.tags()).get(name)
        if made is None:
            raise PlatformUnknown("a tag that exists and is not listed")
        return made

    async def put_tag(self, tag_id: int, openids: Sequence[str], *, on: bool) -> None:
        """Tags so many followers (at most ``TAGGED_AT_ONCE``), or takes the tag off them; who has it, or not, already is left
        (/cgi-bin/tags/members/batchtagging, batchuntagging).

        Raises: PlatformRefused (40003, 49003 somebody is no follower, 45159 no such tag), PlatformUnknown.
        """
        path = "/cgi-bin/tags/members/" + ("batchtagging" if on else "batchuntagging")
        await self._tokens.ask(path, fields={"openid_list": list(openids), "tagid": tag_id})


def plain(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Buttons without what the platform adds or what says nothing: empty lists and texts."""
    return [
        {
            name: plain(value) if name == "sub_button" else value
            for name, value in button.items()
            if value not in ("", [], None)
        }
        for button in buttons
    ]


def leaf(name: str, *, says: str | None, url: str | None, page: str | None, app_id: str) -> dict[str, Any]:
    """A button without others below it: a page of a mini-program, with the address for who cannot open that; an address; or what it says
    to the chat.

    Source: developers.weixin.qq.com, "自定义菜单/创建接口".
    """
    if page:
        return {"type": "miniprogram", "name": name, "url": url or "", "appid": app_id, "pagepath": page}
    if url:
        return {"type": "view", "name": name, "url": url}
    return {"type": "click", "name": name, "key": says or ""}


def faults(buttons: Sequence[Button]) -> Iterator[str]:
    """Which limits of the platform a menu breaks, in both languages, each with where."""
    if not 1 <= len(buttons) <= TOP_MOST:
        yield f"一级菜单 1–{TOP_MOST} 个 · there are 1 to {TOP_MOST} at the top, not {len(buttons)}"
    for button in buttons:
        yield from _of_name(button, TOP_NAME_BYTES)
        below = button.get("sub_button")
        if below is None:
            yield from _of_fields(button)
            continue
        if set(button) != {"name", "sub_button"} or not 1 <= len(below) <= SUB_MOST:
            yield f"{button.get('name')}: 只有名称和 1–{SUB_MOST} 个子菜单 · a name and 1 to {SUB_MOST} below it, nothing else"
        for one in below:
            yield from _of_name(one, SUB_NAME_BYTES)
            yield from _of_fields(one)


def tapped(buttons: Sequence[Button]) -> Iterator[Button]:
    """The buttons that do something when they are tapped, without those that only have others below them."""
    for top in buttons:
        yield from top.get("sub_button") or [top]


def domains(buttons: Sequence[Button]) -> set[str]:
    """The domains that the links of a menu lead to."""
    return {urlsplit(str(one["url"])).hostname or "" for one in tapped(buttons) if "url" in one}


def _of_name(button: Button, most: int) -> Iterator[str]:
    name = str(button.get("name", ""))
    if not 1 <= len(name.encode()) <= most:
        yield f"{name!r}: 名称 1–{most} 字节 · a name has 1 to {most} bytes (a Chinese character has 3)"


def _of_fields(button: Button) -> Iterator[str]:
    name, kind = button.get("name"), str(button.get("type"))
    needed = _FIELDS.get(kind)
    if needed is None:
        yield f"{name}: type 须为 {'、'.join(_FIELDS)} 之一 · one of these"
        return
    if set(button) != {"type", "name", *needed}:
        yield f"{name}: {kind} 须有且只有 {'、'.join(needed)} · these and nothing else"
        return
    if "key" in needed and not 1 <= len(str(button["key"]).encode()) <= KEY_BYTES:
        yield f"{name}: key 1–{KEY_BYTES} 字节 · bytes"
    if "url" in needed:
        url = str(button["url"])
        if not _is_web(url) or len(url.encode()) > URL_BYTES:
            yield f"{name}: url 须以 http(s):// 开头，最多 {URL_BYTES} 字节 · a web address of {URL_BYTES} bytes at most"
    if "pagepath" in needed and not (
        button["appid"] and 1 <= len(str(button["pagepath"]).encode()) <= URL_BYTES
    ):
        yield f"{name}: 须有 appid 与 pagepath · the mini-program and its page"


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets in the host that hold no address
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _tag(rule: Mapping[str, Any]) -> int:
    """The tag of a rule; the platform answers with its older name, ``group_id``, too."""
    return int(rule.get("tag_id") or rule.get("group_id") or 0)
