"""Who looks at a page inside WeChat ("网页授权"): the address a page sends people to, and the code they come back with.

Facts: developers.weixin.qq.com, "网页授权" (a code is good once, for five minutes; unionid with snsapi_userinfo only, where the account is
bound to an open platform; 10003 where the page is elsewhere than said; an address whose parameters stand in another order is not opened).
/sns/userinfo takes the token of the exchange, for two hours (42001 after), of the same person (40003), who was asked (48001 with snsapi_base).
"""

from __future__ import annotations

import urllib.parse
from typing import Any

from sandbox import keys
from sandbox.people import Person
from sandbox.platform.accounts import Account, PlatformError
from sandbox.world import World

CODE_LIFE_S = 300
TOKEN_LIFE_S = 7200
_SCOPES = ("snsapi_base", "snsapi_userinfo")
_ORDER = ["appid", "redirect_uri", "response_type", "scope", "state"]


class WebAuthorization:
    """Codes are kept in memory: a page asks for a fresh one whenever it needs one."""

    def __init__(self, world: World, official: Account) -> None:
        self._world = world
        self._official = official
        self._codes: dict[str, tuple[str, str, float]] = {}
        self._used: set[str] = set()
        self._tokens: dict[str, tuple[str, str, float]] = {}

    def open(self, person: Person, url: str) -> str:
        """A person in WeChat goes to the address; returns where they are sent. Raises: PlatformError."""
        parts = urllib.parse.urlsplit(url)
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(parts.query).items()}
        if (parts.hostname, parts.path) != ("open.weixin.qq.com", "/connect/oauth2/authorize"):
            raise PlatformError(-1, "not the page of web authorization")
        if list(asked) != [name for name in _ORDER if name in asked]:
            raise PlatformError(-1, "该链接无法访问")
        if asked.get("appid") != self._official.app_id or parts.fragment != "wechat_redirect":
            raise PlatformError(10003, "redirect_uri域名与后台配置不一致")
        scope = asked.get("scope", "")
        if asked.get("response_type") != "code" or scope not in _SCOPES or "redirect_uri" not in asked:
            raise PlatformError(10005, "Scope 参数错误或没有 Scope 权限")
        code = "0" + keys.random_text(31)
        self._codes[code] = (person.id, scope, self._world.clock.epoch_s() + CODE_LIFE_S)
        back = urllib.parse.urlsplit(asked["redirect_uri"])
        query = urllib.parse.urlencode(
            [*urllib.parse.parse_qsl(back.query), ("code", code), ("state", asked.get("state", ""))]
        )
        return urllib.parse.urlunsplit(back._replace(query=query))

    def exchange(self, code: str) -> dict[str, Any]:
        """Raises: PlatformError 40029 (unknown or too old), 40163 (used before)."""
        if code in self._used:
            raise PlatformError(40163, "code been used")
        person_id, scope, ends_at = self._codes.pop(code, ("", "", 0.0))
        person = self._world.people.get(person_id)
        if person is None or self._world.clock.epoch_s() > ends_at:
            raise PlatformError(40029, "invalid code")
        self._used.add(code)
        token = keys.random_text(100)
        self._tokens[token] = (person.id, scope, self._world.clock.epoch_s() + TOKEN_LIFE_S)
        answer = {
            "access_token": token,
            "expires_in": TOKEN_LIFE_S,
            "refresh_token": keys.random_text(100),
            "openid": person.official_openid,
            "scope": scope,
        }
        if scope == "snsapi_userinfo" and self._world.settings.unionid_bound:
            answer["unionid"] = person.unionid
        return answer

    def user_info(self, token: str, openid: str) -> dict[str, Any]:
        """Raises: PlatformError 40001 (no such token), 42001 (too old), 48001 (they were not asked), 40003 (another person)."""
        person_id, scope, ends_at = self._tokens.get(token, ("", "", 0.0))
        person = self._world.people.get(person_id)
        if person is None:
            raise PlatformError(40001, "invalid credential, access_token is invalid or not latest")
        if self._world.clock.epoch_s() > ends_at:
            raise PlatformError(42001, "access_token expired")
        if scope != "snsapi_userinfo":
            raise PlatformError(48001, "api unauthorized")
        if openid != person.official_openid:
            raise PlatformError(40003, "invalid openid")
        shown = {
            "openid": openid, "nickname": person.nickname, "sex": 0, "language": "", "city": "", "province": "", "country": "",
            "headimgurl": "", "privilege": [],
        }  # fmt: skip
        if self._world.settings.unionid_bound:
            shown["unionid"] = person.unionid
        return shown
