"""The address the platform pushes to: proves who calls, opens the envelope, and seals the answer.

Source: developers.weixin.qq.com, "接入指南" (GET with ``echostr``) and "消息加解密说明". Whatever is wrong with a request is a
short 4xx; the platform then shows the person that the account is not available.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from bot import crypto, messages, outcomes, replies
from bot.settings import Account, Patience
from core import clock

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
MAX_AGE_S = 600
"""How old a signed request may be. The signature of plain mode does not cover the body, so an overheard one must not serve for
ever; one from the future is no replay, only a clock of ours that is slow."""

_ECHO = re.compile(r"[\x21-\x7e]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)

Respond = Callable[[messages.Message, float], Awaitable[str]]
"""From a message and the loop time by which there must be an answer, to the XML of the reply or ``success``."""


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Opened:
    """A message taken from its envelope, and what its answer is to be sealed with (None: sent plain)."""

    message: messages.Message
    cipher: crypto.MessageCipher | None


class Endpoint:
    """The push address of one account."""

    def __init__(self, account: Account, respond: Respond, *, patience: Patience) -> None:
        self._account = account
        self._respond = respond
        self._patience = patience
        self._ciphers = [
            crypto.MessageCipher(encoding_aes_key=key, app_id=account.app_id)
            for key in (account.encoding_aes_key, account.previous_encoding_aes_key)
            if key is not None
        ]

    async def verify(self, request: web.Request) -> web.Response:
        """GET: the console checks that the address is ours by having its text sent back."""
        try:
            self._check_signature(request)
            echo = request.query.get("echostr", "")
            if not _ECHO.fullmatch(echo):
                raise _Refused(400, "echostr")
        except _Refused as refused:
            return self._refuse(refused)
        return web.Response(text=echo)

    async def receive(self, request: web.Request) -> web.Response:
        """POST: a message or an event."""
        deadline = asyncio.get_running_loop().time() + self._patience.answer_s
        try:
            self._check_signature(request)
            body = await _read(request, deadline)
            opened = self._open(request, body)
        except _Refused as refused:
            return self._refuse(refused)
        except messages.Malformed as malformed:
            return self._refuse(_Refused(400, f"malformed message: {malformed}"))
        reply = await self._respond(opened.message, deadline)
        if reply == replies.NOTHING:
            return web.Response(text=reply)
        if opened.cipher is not None:
            reply = self._seal(reply, opened.cipher)
        return web.Response(text=reply, content_type="application/xml")

    def _check_signature(self, request: web.Request) -> None:
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not crypto.is_signed(query.get("signature", ""), self._account.token, timestamp, nonce):
            raise _Refused(403, "wrong signature")
        if not _SECONDS.fullmatch(timestamp):
            raise _Refused(400, "timestamp")
        if (age_s := clock.now().timestamp() - int(timestamp)) > MAX_AGE_S:
            raise _Refused(403, f"signed {age_s:.0f} s ago")

    def _open(self, request: web.Request, body: bytes) -> _Opened:
        outer = messages.fields_of(body)
        if request.query.get("encrypt_type", "raw") == "aes" and self._ciphers:
            inner, cipher = self._decrypt(request, outer)
            opened = _Opened(messages.read(messages.fields_of(inner)), cipher)
        elif self._account.mode == "plain":
            opened = _Opened(messages.read(outer), None)
        else:
            raise _Refused(403, "not encrypted")
        if self._account.original_id not in (None, opened.message.account):
            raise _Refused(403, "a message for another account")
        return opened

    def _decrypt(self, request: web.Request, outer: messages.Fields) -> tuple[bytes, crypto.MessageCipher]:
        sealed, query = outer.get("Encrypt"), request.query
        if not isinstance(sealed, str) or not sealed:
            raise _Refused(400, "Encrypt")
        given, timestamp, nonce = (
            query.get("msg_signature", ""),
            query.get("timestamp", ""),
            query.get("nonce", ""),
        )
        if not crypto.is_signed(given, self._account.token, timestamp, nonce, sealed):
            raise _Refused(403, "wrong msg_signature")
        for cipher in self._ciphers:
            try:
                return cipher.open(sealed), cipher
            except crypto.NotForUs as reason:
                refused = _Refused(403, f"cannot be decrypted: {reason}")
        raise refused

    def _seal(self, reply: str, cipher: crypto.MessageCipher) -> str:
        timestamp, nonce = str(int(clock.now().timestamp())), secrets.token_hex(8)
        encrypted = cipher.seal(reply)
        return replies.sealed(
            encrypted=encrypted,
            signature=crypto.signature(self._account.token, timestamp, nonce, encrypted),
            timestamp=timestamp,
            nonce=nonce,
        )

    def _refuse(self, refused: _Refused) -> web.Response:
        outcomes.count("refused")
        log.warning("a push to %s was refused with %s: %s", self._account.app_id, refused.status, refused)
        return web.Response(status=refused.status, text=str(refused))


async def _read(request: web.Request, deadline: float) -> bytes:
    """The body, never more than ``MAX_BODY_BYTES`` of it in memory."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _Refused(413, "too large")
    body = bytearray()
    try:
        if request.content.is_eof():  # it came with the head, as small ones do
            body += request.content.read_nowait(MAX_BODY_BYTES + 1)
            if len(body) <= MAX_BODY_BYTES:
                return bytes(body)
            raise _Refused(413, "too large")
        async with asyncio.timeout_at(deadline):
            while chunk := await request.content.read(MAX_BODY_BYTES + 1 - len(body)):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _Refused(413, "too large")
    except TimeoutError:
        raise _Refused(408, "the body did not arrive") from None
    except (aiohttp.ClientPayloadError, aiohttp.http_exceptions.HttpProcessingError, web.RequestPayloadError):
        raise _Refused(400, "the body cannot be read") from None
    return bytes(body)
