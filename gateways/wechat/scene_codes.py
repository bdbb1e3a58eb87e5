"""QR codes of the official account that carry a scene.

Source: developers.weixin.qq.com, "生成带参数的二维码" (createQRCode): ``scene_str`` has 1 to 64 characters; a temporary code lives 30 days at
most, permanent ones are 100,000 at most; the picture is at showqrcode under the ticket, which needs no access token.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from gateways.wechat import platform
from gateways.wechat.tokens import AccessTokens

LONGEST_DAYS = 30
_PICTURE = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket="


@dataclass(frozen=True, slots=True)
class SceneCode:
    """A code: ``url`` is what it says, ``expires_in_s`` how long it is good for, None: for ever."""

    ticket: str
    url: str
    expires_in_s: int | None


class SceneCodes:
    """The codes of one official account."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    async def create(self, scene: str, *, days: int | None = None) -> SceneCode:
        """A code for the scene (/cgi-bin/qrcode/create); asked again, one that says the same.

        Raises:
            PlatformRefused: 40053 a scene or time that is not taken, 45009 too many, …
            PlatformUnknown: it may have been made, which does no harm.
        """
        fields: dict[str, object] = {
            "action_name": "QR_LIMIT_STR_SCENE" if days is None else "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        if days is not None:
            fields["expire_seconds"] = days * 24 * 3600
        content = await self._tokens.ask("/cgi-bin/qrcode/create", fields=fields)
        seconds = content.get("expire_seconds")
        return SceneCode(
            platform.text(content, "ticket"),
            platform.text(content, "url"),
            seconds if days is not None and isinstance(seconds, int) else None,
        )


def picture_url(ticket: str) -> str:
    """Where the picture of a code is."""
    return _PICTURE + quote(ticket, safe="")
