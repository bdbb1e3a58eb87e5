"""QR codes of the official account that carry a scene. Facts: developers.weixin.qq.com, "生成带参数的二维码": four kinds by number or text, for
a time (30 days at most, a minute where nothing is said) or for ever; 40053 where the scene or the time is not taken.
"""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.platform.accounts import PlatformError
from sandbox.world import World

LONGEST_S = 30 * 24 * 3600
_KINDS = {
    "QR_SCENE": "scene_id",
    "QR_STR_SCENE": "scene_str",
    "QR_LIMIT_SCENE": "scene_id",
    "QR_LIMIT_STR_SCENE": "scene_str",
}


class SceneCodes:
    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 40053."""
        kind, info = str(body.get("action_name")), body.get("action_info")
        field = _KINDS.get(kind)
        scene = info.get("scene", {}).get(field) if field and isinstance(info, dict) else None
        seconds = None if "LIMIT" in kind else body.get("expire_seconds", 60)
        if not _fits(kind, scene) or (
            seconds is not None and not (isinstance(seconds, int) and 1 <= seconds <= LONGEST_S)
        ):
            raise PlatformError(40053, "invalid action info")
        ticket = "gQ" + secrets.token_urlsafe(48)
        ends_at = None if seconds is None else self._world.clock.epoch_s() + seconds
        self._world.store.save("platform.scene_code", ticket, {"scene": str(scene), "ends_at": ends_at})
        made: dict[str, Any] = {
            "ticket": ticket,
            "url": f"http://weixin.qq.com/q/{secrets.token_urlsafe(12)}",
        }
        return made if seconds is None else made | {"expire_seconds": seconds}

    def scene_of(self, ticket: str) -> str | None:
        """What a scanned code says; None where it is none, or over."""
        for known, body in self._world.store.rows("platform.scene_code"):
            if known == ticket:
                over = body["ends_at"] is not None and body["ends_at"] <= self._world.clock.epoch_s()
                return None if over else str(body["scene"])
        return None


def _fits(kind: str, scene: Any) -> bool:
    if "STR" in kind:
        return isinstance(scene, str) and 1 <= len(scene) <= 64
    most = 100_000 if "LIMIT" in kind else 2**32 - 1
    return isinstance(scene, int) and not isinstance(scene, bool) and 1 <= scene <= most
