"""Signed calls to Alipay's gateway, and the check of what it answers."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from datetime import datetime

import aiohttp

from core import clock
from gateways import http, reading
from gateways.alipay import answers, notification
from gateways.alipay.requests import SignedRequests
from gateways.alipay.settings import Settings
from gateways.alipay.trust import Keyring
from gateways.channel import BadNotification, ChannelError, PaymentNotice, RateLimited, ResultUnknown
from gateways.reading import JsonObject, Malformed

_log = logging.getLogger(__name__)

_CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_LEARN_METHOD = "alipay.open.app.alipaycert.download"
_NOBODYS = "yucun_asks_which_certificate"
_PAUSE_S = 300.0
"""Between two looks for an unknown certificate, whoever names one."""


class Calls:
    """Speaks for one app; holds the keys of both sides."""

    def __init__(self, settings: Settings, *, session: aiohttp.ClientSession | None) -> None:
        self.settings = settings
        self.keyring = Keyring(settings)
        self.requests = SignedRequests(settings, self.keyring)
        gateway = urllib.parse.urlsplit(settings.gateway_url)
        self.origin = f"{gateway.scheme}://{gateway.netloc}"
        self._path = gateway.path or "/"
        self.caller = http.Caller(
            (self.origin,),
            session=session,
            total_timeout_s=settings.total_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
        )
        self._session = session
        self._turn = asyncio.Lock()
        self._doubt = asyncio.Event()
        self._next_look_at = 0.0

    async def ask(
        self,
        method: str,
        biz: Mapping[str, str] | None,
        *,
        fields: Mapping[str, str] | None = None,
        also_answered: str = answers.DONE,
    ) -> JsonObject:
        """One signed call; every one names our number, so that repeating it changes nothing.

        `fields` go beside the public parameters (the one method that has no `biz_content`).

        Raises: ResultUnknown, ChannelRefused, RateLimited.
        """
        content = await self._proven(await self._send(method, biz, fields), method)
        # The good answer to alipay.system.oauth.token is the only one that has no code.
        if content.get("code") in (answers.DONE, also_answered) or (
            biz is None and "access_token" in content
        ):
            return content
        raise answers.failure(content)

    def caller_of(self, origin: str) -> http.Caller:
        """For files, which lie on another host than the gateway; an async context manager."""
        return http.Caller(
            (origin,), session=self._session, connect_timeout_s=self.settings.connect_timeout_s
        )

    def read_notification(self, form_pairs: Sequence[tuple[str, str]], now: datetime) -> PaymentNotice:
        """See `Alipay.read_notification`."""
        try:
            return notification.read(form_pairs, now, settings=self.settings, keyring=self.keyring)
        except BadNotification as fault:
            if fault.reason == notification.WRONG_SIGNATURE and self.keyring.uses_certificates:
                self._doubt.set()
            raise

    async def keep_certificates(self) -> None:
        """See `Alipay.keep_certificates`. Any answer names the certificate in force, so anything will do as a question."""
        while True:
            await self._doubt.wait()
            self._doubt.clear()
            with contextlib.suppress(ChannelError):
                await self.ask("alipay.trade.query", {"out_trade_no": _NOBODYS})
            await asyncio.sleep(_PAUSE_S)  # strangers may send what they like

    async def _send(
        self, method: str, biz: Mapping[str, str] | None, fields: Mapping[str, str] | None = None
    ) -> bytes:
        query, body = self.requests.query_and_body(method, biz, fields)
        try:
            answer = await self.caller.send(
                "POST",
                f"{self._path}?{query}",
                headers=lambda: {"Content-Type": _CONTENT_TYPE, "User-Agent": "yucun"},
                body=body,
                repeatable=True,
            )
        except http.NoAnswer as failed:
            raise ResultUnknown(failed.reason) from None
        if answer.status == 429:
            raise RateLimited("429", "")
        if answer.status != 200:
            raise ResultUnknown(f"HTTP {answer.status}")
        return answer.body

    async def _proven(self, raw: bytes, method: str) -> JsonObject:
        try:
            try:
                return answers.proven(raw, method, self.keyring)
            except answers.UnknownCertificate as unknown:
                await self._learn(unknown.number)
                return answers.proven(raw, method, self.keyring)
        except Malformed as fault:
            raise ResultUnknown(f"the answer: {fault}") from None

    async def _learn(self, number: str) -> None:
        """Asks for the certificate of that number. Its content proves itself by leading to the root, so the answer around
        it, signed with the very key we do not know yet, need not be believed."""
        async with self._turn:
            if self.keyring.key(number) is not None or time.monotonic() < self._next_look_at:
                return
            self._next_look_at = time.monotonic() + _PAUSE_S
            try:
                raw = await self._send(_LEARN_METHOD, {"alipay_cert_sn": number})
                content = answers.unproven(raw, _LEARN_METHOD)
                pem = base64.b64decode(reading.text(content, "alipay_cert_content")).decode()
                self.keyring.add(pem, number, clock.now())
            except (ChannelError, ValueError) as fault:
                _log.error("alipay's certificate %s could not be taken: %s", number, fault)
                return
            except asyncio.CancelledError:  # the caller hung up; the next one may look
                self._next_look_at = 0.0
                raise
            self._next_look_at = 0.0
            _log.warning("alipay signs with another certificate now: %s", number)
