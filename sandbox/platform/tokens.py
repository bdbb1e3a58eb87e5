"""access_token of both kinds. Facts: developers.weixin.qq.com, "获取接口调用凭据" and "获取稳定版接口调用凭据"."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import keys
from sandbox.platform.accounts import Account, PlatformError
from sandbox.store import Shelf
from sandbox.world import World

LIFE_S = 7200
OVERLAP_S = 300
FORCED_GAP_S = 30
FORCED_PER_DAY = 20


@dataclass
class Token:
    """`line` stable | plain: the two ways of fetching do not disturb each other."""

    value: str
    app_id: str
    line: str
    issued_at: float
    ends_at: float
    forced: bool = False


class Tokens:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens = Shelf(world.store, "platform.token", Token)

    def plain(self, account: Account) -> Token:
        """A new token at every call; the one before lives on for five minutes."""
        return self._issue(account, "plain", forced=False)

    def stable(self, account: Account, *, force_refresh: bool) -> Token:
        """The same token while it is valid. Forcing ends the old one at once, unless it comes too soon.

        Raises: PlatformError 45009 after twenty forced refreshes within a day.
        """
        now = self._world.clock.epoch_s()
        current = self._newest(account, "stable")
        if force_refresh and (
            current is None or now - current.issued_at >= FORCED_GAP_S or not current.forced
        ):
            forced_today = [
                one
                for one in self._tokens
                if one.app_id == account.app_id and one.forced and one.issued_at > now - 86400
            ]
            if len(forced_today) >= FORCED_PER_DAY:
                raise PlatformError(45009, "reach max api daily quota limit")
            if current is not None:
                self._end(current, now)
            return self._issue(account, "stable", forced=True)
        if current is not None and current.ends_at - OVERLAP_S > now:
            return current
        return self._issue(account, "stable", forced=False)

    def account_of(self, value: str | None, accounts: list[Account]) -> Account:
        """Raises: PlatformError 41001, 40001, 42001."""
        if not value:
            raise PlatformError(41001, "access_token missing")
        token = self._tokens.get(value)
        account = next((one for one in accounts if token is not None and one.app_id == token.app_id), None)
        if token is None or account is None:
            raise PlatformError(
                40001,
                "invalid credential, access_token is invalid or not latest, could get access_token by "
                "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
            )
        if token.ends_at <= self._world.clock.epoch_s():
            raise PlatformError(42001, "access_token expired")
        return account

    def forget(self, value: str | None) -> None:
        """The platform drops a token before its time (a fault, or a reset secret)."""
        if value is not None:
            self._tokens.remove(value)

    def _newest(self, account: Account, line: str) -> Token | None:
        now = self._world.clock.epoch_s()
        found = [
            one
            for one in self._tokens
            if one.app_id == account.app_id and one.line == line and one.ends_at > now
        ]
        return found[-1] if found else None

    def _issue(self, account: Account, line: str, *, forced: bool) -> Token:
        now = self._world.clock.epoch_s()
        before = self._newest(account, line)
        if before is not None and before.ends_at > now + OVERLAP_S:
            self._end(before, now + OVERLAP_S)
        value = "9" + keys.random_digits(1) + "_" + keys.random_text(133, keys.LETTERS_AND_DIGITS + "_-")
        token = Token(value, account.app_id, line, now, now + LIFE_S, forced)
        self._tokens.put(value, token)
        self._clear_old(now)
        return token

    def _end(self, token: Token, at: float) -> None:
        token.ends_at = at
        self._tokens.put(token.value, token)

    def _clear_old(self, now: float) -> None:
        for token in self._tokens:
            if token.ends_at < now - 86400:
                self._tokens.remove(token.value)
