"""The official account's server side: who looks at its pages, followers, customer-service messages, template messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from gateways.wechat import platform
from gateways.wechat.platform import Account, Platform, PlatformUnknown
from gateways.wechat.tokens import AccessTokens

_AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"


@dataclass(frozen=True, slots=True)
class Follower:
    """A person as the official account sees them; of somebody who does not follow only the openid is known."""

    openid: str
    unionid: str | None
    subscribed: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who looks at a page inside WeChat. ``is_snapshot``: WeChat shows the page as a preview (快照页), to nobody: the openid is
    made up until the person taps 使用完整服务."""

    openid: str
    unionid: str | None
    is_snapshot: bool
    access_token: str | None = field(default=None, repr=False)
    """Opens what they agreed to show (``userinfo``); None: they were not asked. It is not the account's."""


@dataclass(frozen=True, slots=True)
class MiniProgramPage:
    """Where a tap on a template message leads: a page of a mini-program bound to the account."""

    app_id: str
    path: str


class OfficialAccount:
    """One official account at the platform."""

    def __init__(self, account: Account, api: Platform, tokens: AccessTokens) -> None:
        self._account = account
        self._api = api
        self._tokens = tokens

    def authorize_url(
        self, return_url: str, state: str, *, scope: Literal["base", "userinfo"] = "base"
    ) -> str:
        """Where a page inside WeChat sends its visitor to be told who they are ("网页授权"; snsapi_base: without asking them,
        snsapi_userinfo: with their agreement): they come back to ``return_url`` with ``code`` and ``state``. WeChat does not open it with
        the parameters in another order."""
        query = urlencode({
            "appid": self._account.app_id, "redirect_uri": return_url, "response_type": "code", "scope": f"snsapi_{scope}", "state": state,
        })  # fmt: skip
        return f"{_AUTHORIZE}?{query}#wechat_redirect"

    async def visitor(self, code: str) -> Visitor:
        """Exchanges the code a visitor came back with (good once, for five minutes) for who they are (/sns/oauth2/access_token).

        No access token of the account takes part.

        Raises:
            PlatformRefused: 40029 invalid, 40163 used before.
            PlatformUnknown: no answer, or busy; the code may be spent.
        """
        content = await self._api.ask(
            "/sns/oauth2/access_token",
            query={
                "appid": self._account.app_id,
                "secret": self._account.secret,
                "code": code,
                "grant_type": "authorization_code",
            },
        )
        return Visitor(
            openid=platform.text(content, "openid"),
            unionid=platform.optional_text(content, "unionid"),
            is_snapshot=content.get("is_snapshotuser") == 1,
            access_token=platform.optional_text(content, "access_token")
            if "snsapi_userinfo" in str(content.get("scope", "")).split(",")
            else None,
        )

    async def union_of(self, visitor: Visitor) -> str | None:
        """The unionid of a visitor who agreed to be known (/sns/userinfo, "拉取用户信息", scope snsapi_userinfo only); None where they were
        not asked, or where the account is bound to no open platform.

        Raises:
            PlatformRefused: 40001 and 42001 the token is wrong or over (two hours), 40003 of another person, 48001 they did not agree.
            PlatformUnknown.
        """
        if visitor.access_token is None:
            return None
        content = await self._api.ask(
            "/sns/userinfo",
            query={"access_token": visitor.access_token, "openid": visitor.openid, "lang": "zh_CN"},
        )
        if platform.text(content, "openid") != visitor.openid:
            raise PlatformUnknown("unreadable answer: about another person")
        return platform.optional_text(content, "unionid")

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
