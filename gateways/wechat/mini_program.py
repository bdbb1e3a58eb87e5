"""The mini-program's server side: who signed in, and subscribe messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateways.wechat import platform
from gateways.wechat.platform import Account, Platform, PlatformUnknown
from gateways.wechat.tokens import AccessTokens


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person. `unionid` only where the mini-program is bound to an open-platform account.

    `session_key` decrypts what the client sends; it never leaves the server.
    """

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


class MiniProgram:
    """One mini-program at the platform."""

    def __init__(self, account: Account, api: Platform, tokens: AccessTokens) -> None:
        self._account = account
        self._api = api
        self._tokens = tokens

    async def code_to_session(self, code: str) -> Session:
        """Exchanges the code of wx.login (good once, for five minutes) for the person (jscode2session).

        No access token takes part.

        Raises:
            PlatformRefused: 40029 invalid, 40163 used before, 40226 risky person, 45011 too often.
            PlatformUnknown: no answer, or busy; the code may be spent.
        """
        content = await self._api.ask(
            "/sns/jscode2session",
            query={
                "appid": self._account.app_id,
                "secret": self._account.secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
        )
        return Session(
            openid=platform.text(content, "openid"),
            unionid=platform.optional_text(content, "unionid"),
            session_key=platform.text(content, "session_key"),
        )

    async def phone_number(self, code: str) -> str:
        """The phone number a person chose to show, by the code of a button `getPhoneNumber` (good once, for five minutes;
        getPhoneNumber, "手机号快速验证组件"): eleven digits, or + with the country's code.

        Raises:
            PlatformRefused: 40029 invalid, or used before.
            PlatformUnknown: no answer, or one about another mini-program; the code may be spent.
        """
        content = await self._tokens.ask("/wxa/business/getuserphonenumber", fields={"code": code})
        found = content.get("phone_info")
        mark = found.get("watermark") if isinstance(found, dict) else None
        if (
            not isinstance(found, dict)
            or not isinstance(mark, dict)
            or mark.get("appid") != self._account.app_id
        ):
            raise PlatformUnknown("unreadable answer: no phone number of ours")
        country, number = str(found.get("countryCode", "")), platform.text(found, "purePhoneNumber")
        return number if country == "86" else f"+{country}{number}"

    async def send_customer_message(self, openid: str, text: str) -> None:
        """Sends a text to somebody who wrote to customer service or entered it lately (customerServiceMessage.send).

        Raises:
            PlatformRefused: 45015 the window is over, 45047 too many since; use another way.
            PlatformUnknown: it may have been sent.
        """
        fields = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        await self._tokens.ask("/cgi-bin/message/custom/send", fields=fields)

    async def send_subscribe_message(
        self,
        *,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        page: str | None = None,
        version: Literal["formal", "trial", "developer"] = "formal",
        lang: str = "zh_CN",
    ) -> None:
        """Sends one subscribe message; each uses up one acceptance of the person (subscribeMessage.send).

        `values` by template key, e.g. {"amount2": "50.00元"}; `version` is which build the tap opens.

        Raises:
            PlatformRefused: 43101 no acceptance left (never repeat), 47003 a value is not legal, 40003, 40037, …
            PlatformUnknown: it may have been sent.
        """
        fields: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in values.items()},
            "miniprogram_state": version,
            "lang": lang,
        }
        if page is not None:
            fields["page"] = page
        await self._tokens.ask("/cgi-bin/message/subscribe/send", fields=fields)
