"""The official account's server side: followers, customer-service messages, template messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateways.wechat import platform
from gateways.wechat.tokens import AccessTokens


@dataclass(frozen=True, slots=True)
class Follower:
    """A person as the official account sees them; of somebody who does not follow only the openid is known."""

    openid: str
    unionid: str | None
    subscribed: bool


@dataclass(frozen=True, slots=True)
class MiniProgramPage:
    """Where a tap on a template message leads: a page of a mini-program bound to the account."""

    app_id: str
    path: str


class OfficialAccount:
    """One official account at the platform."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    async def user(self, openid: str) -> Follower:
        """Who the openid is (/cgi-bin/user/info).

        Raises: PlatformRefused (40003 no such openid), PlatformUnknown.
        """
        content = await self._tokens.ask("/cgi-bin/user/info", query={"openid": openid, "lang": "zh_CN"})
        return Follower(
            openid=platform.text(content, "openid"),
            unionid=platform.optional_text(content, "unionid"),
            subscribed=content.get("subscribe") == 1,
        )

    async def send_customer_message(self, openid: str, text: str) -> None:
        """Sends a text to somebody who wrote or tapped lately (/cgi-bin/message/custom/send).

        Raises:
            PlatformRefused: 45015 the window is over or not a follower, 45047 too many since; use another way.
            PlatformUnknown: it may have been sent.
        """
        fields = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        await self._tokens.ask("/cgi-bin/message/custom/send", fields=fields)

    async def send_template_message(
        self,
        *,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        url: str | None = None,
        page: MiniProgramPage | None = None,
        client_msg_id: str | None = None,
    ) -> str:
        """Sends a template message and returns its message number (/cgi-bin/message/template/send).

        Whether it arrived comes later as the TEMPLATESENDJOBFINISH event under the same number. `page` wins over
        `url`. The platform drops a repeat under the same `client_msg_id` for some minutes.

        Raises:
            PlatformRefused: 43004 not a follower, 43117 too often for this person (both final), 40037, …
            PlatformUnknown: it may have been sent.
        """
        fields: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in values.items()},
        }
        if url is not None:
            fields["url"] = url
        if page is not None:
            fields["miniprogram"] = {"appid": page.app_id, "pagepath": page.path}
        if client_msg_id is not None:
            fields["client_msg_id"] = client_msg_id
        content = await self._tokens.ask("/cgi-bin/message/template/send", fields=fields)
        return str(content.get("msgid", ""))
