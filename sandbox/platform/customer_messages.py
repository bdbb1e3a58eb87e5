"""Customer-service messages and their windows.

Facts: developers.weixin.qq.com, "客服消息": five within 48 hours after a message of the person; three within one
minute after following, scanning or a menu tap, two within one minute after entering the mini-program's customer service. 45015 outside the window, 45047 when the number is used up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.people import Person
from sandbox.platform.accounts import Account, PlatformError
from sandbox.store import Shelf
from sandbox.world import World

WINDOWS = {"message": (48 * 3600, 5), "brief": (60, 3), "entered": (60, 2)}
KINDS = {"text", "image", "voice", "video", "music", "news", "mpnews", "msgmenu", "wxcard", "miniprogrampage"}


@dataclass
class Window:
    openid: str
    kind: str
    ends_at: float
    left: int


class CustomerMessages:
    def __init__(self, world: World) -> None:
        self._world = world
        self._windows = Shelf(world.store, "platform.window", Window)

    def person_acted(self, openid: str, kind: Literal["message", "brief", "entered"]) -> None:
        life_s, most = WINDOWS[kind]
        window = Window(openid, kind, self._world.clock.epoch_s() + life_s, most)
        self._windows.put(f"{openid}/{kind}", window)

    def window_closed(self, openid: str) -> None:
        for kind in WINDOWS:
            self._windows.remove(f"{openid}/{kind}")

    def send(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 40003, 40008, 44004, 45002, 45015, 45047."""
        person = self._addressee(account, body)
        kind = body.get("msgtype")
        if kind not in KINDS or not isinstance(body.get(str(kind)), dict):
            raise PlatformError(40008, "invalid message type")
        text = body["text"].get("content") if kind == "text" else None
        if kind == "text" and (not isinstance(text, str) or not text):
            raise PlatformError(44004, "empty content")
        if text is not None and len(text.encode()) > 2048:
            raise PlatformError(45002, "content size out of limit")
        self._use_window(account.openid_of(person))
        shown = (
            {"from": "account", "kind": kind, "text": text} if kind == "text" else {"from": "account", **body}
        )
        where = "chat" if account.name == "official" else "service_message"
        self._world.feed.show(person.id, where, **shown)
        return {"errcode": 0, "errmsg": "ok"}

    def _addressee(self, account: Account, body: dict[str, Any]) -> Person:
        person = self._world.people.by_openid(account.name, str(body.get("touser", "")))
        if person is None:
            raise PlatformError(40003, "invalid openid")
        return person

    def _use_window(self, openid: str) -> None:
        now = self._world.clock.epoch_s()
        mine = [self._windows.get(f"{openid}/{kind}") for kind in ("brief", "entered", "message")]
        windows = [window for window in mine if window is not None and window.ends_at > now]
        if not windows:
            raise PlatformError(45015, "response out of time limit or subscription is canceled")
        usable = next((window for window in windows if window.left > 0), None)
        if usable is None:
            raise PlatformError(45047, "out of response count limit")
        usable.left -= 1
        self._windows.put(f"{usable.openid}/{usable.kind}", usable)
