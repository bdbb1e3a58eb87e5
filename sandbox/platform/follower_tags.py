"""Tags that an official account puts on its followers. Facts: developers.weixin.qq.com, "用户标签管理": 100 tags, names of 30 bytes, 20 on
a follower, 50 followers a call; 45157 a name twice, 45158 too long, 45056 too many, 45159 no such tag, 45059 too many on one, 40032
the list, 49003 no openid of the account's. Whoever unfollows loses them.
"""

from __future__ import annotations

from typing import Any

from sandbox.platform.accounts import PlatformError
from sandbox.world import World

_OK = {"errcode": 0, "errmsg": "ok"}


class FollowerTags:
    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 45157, 45158, 45056."""
        tag = body.get("tag")
        name = tag.get("name") if isinstance(tag, dict) else None
        tags = self._tags()
        if not isinstance(name, str) or not 1 <= len(name.encode()) <= 30:
            raise PlatformError(45158, "invalid tag name")
        if name in tags.values():
            raise PlatformError(45157, "invalid tag name: exists")
        if len(tags) >= 100:
            raise PlatformError(45056, "too many tags")
        number = 100 + self._world.store.next_no("follower_tag")
        self._world.store.save_value("platform.tags", {**tags, str(number): name})
        return {"tag": {"id": number, "name": name}}

    def get(self) -> dict[str, Any]:
        people = self._people()
        return {
            "tags": [
                {
                    "id": int(number),
                    "name": name,
                    "count": sum(int(number) in worn for worn in people.values()),
                }
                for number, name in self._tags().items()
            ]
        }

    def put(self, body: dict[str, Any], *, on: bool) -> dict[str, Any]:
        """Raises: PlatformError 40032, 45159, 49003, 45059."""
        openids, number = body.get("openid_list"), body.get("tagid")
        if not isinstance(openids, list) or not 1 <= len(openids) <= 50:
            raise PlatformError(40032, "invalid openid list size")
        if not isinstance(number, int) or str(number) not in self._tags():
            raise PlatformError(45159, "invalid tag")
        for openid in openids:
            person = self._world.people.by_openid("official", str(openid))
            if person is None or not person.follows:
                raise PlatformError(49003, "not match openid with appid")
        people = self._people()
        for openid in openids:
            worn = [one for one in people.get(openid, []) if one != number]
            if on and len(worn) >= 20:
                raise PlatformError(45059, "user too many tags")
            people[openid] = [*worn, number] if on else worn
        self._world.store.save_value("platform.tagged", people)
        return dict(_OK)

    def worn(self, openid: str) -> list[int]:
        """The tags of a follower, the one put last at the end."""
        return self._people().get(openid, [])

    def lost(self, openid: str) -> None:
        """Somebody has unfollowed."""
        people = self._people()
        if people.pop(openid, None) is not None:
            self._world.store.save_value("platform.tagged", people)

    def _tags(self) -> dict[str, str]:
        tags: dict[str, str] = self._world.store.load_value("platform.tags", {})
        return tags

    def _people(self) -> dict[str, list[int]]:
        people: dict[str, list[int]] = self._world.store.load_value("platform.tagged", {})
        return people
