"""The official account's menus. Facts: developers.weixin.qq.com, "自定义菜单创建接口", "个性化菜单接口": no menu with a condition before the
default one (65303), tried the newest first; conditions about language, region or sex are refused (65320), as is one with none in it (65304);
links of all of them lead to three domains at most (65318); deleting the default one deletes all.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.platform.accounts import PlatformError
from sandbox.platform.follower_tags import FollowerTags
from sandbox.world import World

TYPES = {"click": "key", "view": "url", "miniprogram": "pagepath"}
_PRIVATE = ("sex", "country", "province", "city", "language")
_OK = {"errcode": 0, "errmsg": "ok"}


class Menus:
    def __init__(self, world: World, tags: FollowerTags) -> None:
        self._world = world
        self._tags = tags

    def current(self, openid: str | None = None) -> dict[str, Any] | None:
        """What the API created, else what the console was set up with; of a person what they see."""
        for one in reversed(self._conditional()) if openid is not None else ():
            if int(one["matchrule"]["tag_id"]) in self._tags.worn(openid or "")[-1:]:
                return {"button": one["button"]}
        menu: dict[str, Any] | None = self._world.store.load_value("platform.menu", None)
        return menu or self._world.settings.official_menu

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 40015 to 40027, 40054."""
        self._world.store.save_value("platform.menu", {"button": _checked(body)})
        return dict(_OK)

    def add_conditional(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 65303, 65304, 65320, 65318, 45159, and those of ``create``."""
        buttons, rule, before = _checked(body), body.get("matchrule"), self._conditional()
        if self.current() is None:
            raise PlatformError(65303, "there is no selfmenu, please create selfmenu first")
        if not isinstance(rule, dict) or not any(rule.values()):
            raise PlatformError(65304, "match rule empty")
        if any(rule.get(name) for name in _PRIVATE):
            raise PlatformError(65320, "personal privacy condition is not supported")
        if str(rule.get("tag_id")) not in {str(tag["id"]) for tag in self._tags.get()["tags"]}:
            raise PlatformError(45159, "invalid tag")
        if len(set().union(*(_domains(one["button"]) for one in before), _domains(buttons))) > 3:
            raise PlatformError(65318, "must use less than three domains")
        menu_id = 400_000_000 + self._world.store.next_no("menu")
        kept = {"button": buttons, "matchrule": {"tag_id": str(rule["tag_id"])}, "menuid": menu_id}
        self._world.store.save_value("platform.conditional_menus", [*before, kept])
        return {"menuid": str(menu_id)}

    def remove_conditional(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 65301."""
        before = self._conditional()
        left = [menu for menu in before if str(menu["menuid"]) != str(body.get("menuid"))]
        if len(left) == len(before):
            raise PlatformError(65301, "there is no such menuid")
        self._world.store.save_value("platform.conditional_menus", left)
        return dict(_OK)

    def remove(self) -> dict[str, Any]:
        self._world.store.save_value("platform.menu", None)
        self._world.store.save_value("platform.conditional_menus", [])
        return dict(_OK)

    def get(self) -> dict[str, Any]:
        """Raises: PlatformError 46003."""
        menu, conditional = self.current(), self._conditional()
        if menu is None:
            raise PlatformError(46003, "menu no exist")
        if not conditional:
            return {"menu": menu}
        told = [
            {**one, "button": [{**top, "sub_button": top.get("sub_button", [])} for top in one["button"]],
             "matchrule": {"group_id": int(one["matchrule"]["tag_id"])}}
            for one in reversed(conditional)
        ]  # fmt: skip
        return {"menu": {**menu, "menuid": 400_000_000}, "conditionalmenu": told}

    def button(self, key_or_url: str, openid: str | None = None) -> dict[str, Any] | None:
        """The button a person taps, by its key or link."""
        menu = self.current(openid) or {"button": []}
        flat = [one for top in menu["button"] for one in (top.get("sub_button") or [top])]
        return next((one for one in flat if key_or_url in (one.get("key"), one.get("url"))), None)

    def _conditional(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = self._world.store.load_value("platform.conditional_menus", [])
        return kept


def _checked(body: dict[str, Any]) -> list[dict[str, Any]]:
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise PlatformError(40017, "invalid button size")
    for button in buttons:
        _check_button(button, name_bytes=16)
        for sub in button.get("sub_button", []):
            _check_button(sub, name_bytes=40)
            if sub.get("sub_button"):
                raise PlatformError(40022, "invalid sub button level")
    return buttons


def _domains(buttons: list[dict[str, Any]]) -> set[str]:
    flat = [one for top in buttons for one in (top.get("sub_button") or [top])]
    return {urlsplit(one["url"]).hostname or "" for one in flat if one.get("url")}


def _check_button(button: Any, *, name_bytes: int) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("name"), str):
        raise PlatformError(40018, "invalid button name size")
    if not 1 <= len(button["name"].encode()) <= name_bytes:
        raise PlatformError(40018, "invalid button name size")
    if button.get("sub_button"):
        if len(button["sub_button"]) > 5:
            raise PlatformError(40023, "invalid sub button size")
        return
    wanted = TYPES.get(str(button.get("type")))
    if wanted is None:
        raise PlatformError(40016, "invalid button type")
    value = button.get(wanted)
    if not isinstance(value, str) or not value or (wanted == "key" and len(value.encode()) > 128):
        raise PlatformError(40019, "invalid button key size")
    if wanted != "key" and not 1 <= len(str(button.get("url", "")).encode()) <= 1024:
        raise PlatformError(40020, "invalid button url size")
