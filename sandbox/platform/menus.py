"""The official account's menu. Facts: developers.weixin.qq.com, "自定义菜单创建接口"."""

from __future__ import annotations

from typing import Any

from sandbox.platform.accounts import PlatformError
from sandbox.world import World

TYPES = {"click": "key", "view": "url", "miniprogram": "pagepath"}


class Menus:
    def __init__(self, world: World) -> None:
        self._world = world

    def current(self) -> dict[str, Any] | None:
        """What the API created, else what the console was set up with."""
        menu: dict[str, Any] | None = self._world.store.load_value("platform.menu", None)
        return menu or self._world.settings.official_menu

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 40015 to 40020, 40054."""
        buttons = body.get("button")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
            raise PlatformError(40017, "invalid button size")
        for button in buttons:
            _check_button(button, name_bytes=16)
            for sub in button.get("sub_button", []):
                _check_button(sub, name_bytes=40)
        self._world.store.save_value("platform.menu", {"button": buttons})
        return {"errcode": 0, "errmsg": "ok"}

    def get(self) -> dict[str, Any]:
        """Raises: PlatformError 46003."""
        menu = self.current()
        if menu is None:
            raise PlatformError(46003, "menu no exist")
        return {"menu": menu}

    def button(self, key_or_url: str) -> dict[str, Any] | None:
        """The button a person taps, by its key or link."""
        menu = self.current() or {"button": []}
        flat = [one for top in menu["button"] for one in (top.get("sub_button") or [top])]
        return next((one for one in flat if key_or_url in (one.get("key"), one.get("url"))), None)


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
