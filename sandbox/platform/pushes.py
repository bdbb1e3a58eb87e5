"""Messages and events pushed to the merchant's server, and the check of that server's address.

Facts: developers.weixin.qq.com, "接入指南", "接收普通消息", "被动回复用户消息": five seconds, three tries in all
with the same MsgId, plain and safe mode.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from sandbox import keys
from sandbox.faults import Rule
from sandbox.platform import message_xml
from sandbox.platform.accounts import Account, AccountName
from sandbox.platform.message_cipher import MessageCipher, signature
from sandbox.world import World

TRIES = 3
Mode = Literal["plain", "safe"]


@dataclass(frozen=True)
class Reply:
    """What the merchant's server answered: its HTTP status and text. None of this is checked yet."""

    status: int
    text: str


class Pushes:
    """One address per account, as set in the account's console."""

    def __init__(self, world: World, accounts: Mapping[AccountName, Account]) -> None:
        self._world = world
        self._accounts = accounts
        settings = world.settings
        given = {"official": settings.official_push_url, "mini": settings.mini_push_url}
        for name, url in given.items():
            if url is not None:
                self.set_address(self._accounts[name], url, settings.message_mode)  # type: ignore[index]
        world.faults.declare("platform.push", {"drop", "duplicate", "bad_signature", "wrong_app_id"})
        self._ciphers = {
            name: MessageCipher(encoding_aes_key=account.encoding_aes_key, app_id=account.app_id)
            for name, account in accounts.items()
        }

    def set_address(self, account: Account, url: str | None, mode: Mode) -> None:
        self._world.store.save_value(f"push.{account.name}", {"url": url, "mode": mode})

    def address(self, account: Account) -> tuple[str | None, Mode]:
        kept = self._world.store.load_value(f"push.{account.name}", {"url": None, "mode": "safe"})
        return kept["url"], kept["mode"]

    def cipher(self, account: Account) -> MessageCipher:
        return self._ciphers[account.name]

    async def verify(self, account: Account) -> str | None:
        """GET with echostr, as the console does when the address is saved. Returns what is wrong, or None."""
        url, _ = self.address(account)
        if url is None:
            return "no address is set"
        echostr = keys.random_digits(19)
        query = self._signed_query(account) | {"echostr": echostr}
        try:
            async with self._world.http.get(url, params=query, allow_redirects=False) as answer:
                text = await answer.text()
        except (TimeoutError, aiohttp.ClientError) as error:
            return f"请求URL超时 {type(error).__name__}"
        if answer.status != 200 or text.strip() != echostr:
            return f"token验证失败 HTTP {answer.status} {text[:60]!r}"
        return None

    async def push(self, account: Account, openid: str, fields: Mapping[str, Any]) -> Reply | None:
        """Sends one message, up to three times when there is no answer in time. None: nobody answered."""
        url, mode = self.address(account)
        if url is None:
            return None
        for _ in range(TRIES):
            fault = self._world.faults.take("platform.push")
            if fault is not None and fault.do == "drop":
                continue
            reply = await self._post(account, url, mode, openid, fields, fault)
            if fault is not None and fault.do == "duplicate":
                await self._post(account, url, mode, openid, fields, None)
            if reply is not None:
                return reply
        return None

    async def _post(
        self,
        account: Account,
        url: str,
        mode: Mode,
        openid: str,
        fields: Mapping[str, Any],
        fault: Rule | None,
    ) -> Reply | None:
        xml = message_xml.write(fields)
        query = self._signed_query(account) | {"openid": openid}
        if mode == "safe":
            encrypted = self._encrypt(account, xml, fault)
            query["encrypt_type"] = "aes"
            query["msg_signature"] = signature(account.token, query["timestamp"], query["nonce"], encrypted)
            xml = message_xml.write({"ToUserName": account.original_id, "Encrypt": encrypted})
        if fault is not None and fault.do == "bad_signature":
            query["signature"] = query["msg_signature"] = "0" * 40
        try:
            async with self._world.http.post(
                url,
                params=query,
                data=xml.encode(),
                headers={"Content-Type": "text/xml"},
                allow_redirects=False,
            ) as answer:
                return Reply(answer.status, await answer.text(errors="replace"))
        except (TimeoutError, aiohttp.ClientError):
            return None

    def _encrypt(self, account: Account, xml: str, fault: Rule | None) -> str:
        if fault is not None and fault.do == "wrong_app_id":
            key = account.encoding_aes_key
            return MessageCipher(encoding_aes_key=key, app_id="wx0000000000000000").encrypt(xml)
        return self.cipher(account).encrypt(xml)

    def _signed_query(self, account: Account) -> dict[str, str]:
        timestamp, nonce = str(int(self._world.clock.epoch_s())), str(secrets.randbelow(10**9))
        return {
            "signature": signature(account.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }
