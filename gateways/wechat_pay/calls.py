"""Signed calls to WeChat Pay, and the check of what it answers."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from core import clock
from gateways import http, keys, reading
from gateways.channel import BadNotification, PaymentNotice, ResultUnknown
from gateways.reading import JsonObject, understood
from gateways.wechat_pay import answers, notification, sealed, trust
from gateways.wechat_pay.certificates import Certificates
from gateways.wechat_pay.settings import Settings
from gateways.wechat_pay.signing import Signer


class Calls:
    """Speaks for one merchant; holds the keys of both sides."""

    def __init__(
        self, settings: Settings, *, session: aiohttp.ClientSession | None, redis: Redis | None
    ) -> None:
        self.settings = settings
        self.signer = Signer(
            mch_id=settings.mch_id,
            serial_no=settings.serial_no,
            private_key=keys.private_key(settings.private_key_pem),
        )
        public_key_pem = settings.public_key_pem
        self._keyring = trust.Keyring(
            public_key_id=settings.public_key_id,
            public_key=None if public_key_pem is None else keys.public_key(public_key_pem),
            certificates=[
                x509.load_pem_x509_certificate(each.encode()) for each in settings.platform_certificates_pem
            ],
        )
        self._cipher = AESGCM(settings.api_v3_key.encode())
        self.caller = http.Caller(
            settings.base_urls,
            session=session,
            total_timeout_s=settings.total_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
        )
        self.certificates = Certificates(
            self._keyring,
            self._cipher,
            mch_id=settings.mch_id,
            download=lambda: self._send("GET", "/v3/certificates", b""),
            redis=redis,
        )

    async def ask(
        self, method: str, target: str, fields: JsonObject | None = None, *, expected_status: int = 200
    ) -> JsonObject:
        """One signed call; every one names our number, so that repeating it changes nothing.

        Raises: ResultUnknown, ChannelRefused, RateLimited.
        """
        await self.ready()
        body = (
            b"" if fields is None else json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        )
        answer = await self._send(method, target, body)
        if answer.status != expected_status:
            raise answers.failure(answer)
        await self._check(answer)
        if expected_status == 204:
            return {}
        with understood():
            return reading.json_object(answer.body)

    async def ready(self) -> None:
        """Fetches certificates if there is nothing to verify answers with.

        Raises: ResultUnknown, ChannelRefused, RateLimited.
        """
        if self._keyring.preferred_serial(clock.now()) is None:
            await self.certificates.first()

    async def download(
        self, target: str, *, take: Callable[[bytes], Awaitable[None]], begin: Callable[[], None]
    ) -> http.Answer | None:
        """A bill's file; `http.Caller.download`. Its answer carries no signature (wechatpay-go, FAQ): check the hash."""
        return await self.caller.download(
            target,
            headers=lambda: {**self._headers("GET", target, b""), "Accept-Encoding": "identity"},
            take=take,
            begin=begin,
        )

    def sealed_for_wechat_pay(self, text: str) -> str:
        """A sensitive field, sealed with the key whose serial every request of ours names. Call `ready` before."""
        key = self._keyring.preferred_key(clock.now())
        assert key is not None, "ready() comes first"
        return sealed.for_key(key, text)

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> PaymentNotice:
        """See `WechatPay.read_notification`."""
        try:
            return notification.read(headers, body, now, keyring=self._keyring, cipher=self._cipher)
        except BadNotification as fault:
            if fault.reason == trust.UNKNOWN_SERIAL:
                self.certificates.hint(_serial_of(headers))
            raise

    async def _send(self, method: str, target: str, body: bytes) -> http.Answer:
        try:
            return await self.caller.send(
                method,
                target,
                headers=lambda: self._headers(method, target, body),
                body=body,
                repeatable=True,
            )
        except http.NoAnswer as failed:
            raise ResultUnknown(failed.reason) from None

    def _headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        lines = {
            "Authorization": self.signer.authorization(method, target, body),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "yucun",
        }
        serial = self._keyring.preferred_serial(clock.now())
        return lines if serial is None else {**lines, "Wechatpay-Serial": serial}

    async def _check(self, answer: http.Answer) -> None:
        # An unproven 2xx may be a probe on a call that was executed: the result is unknown, not failed.
        reason = self._doubt(answer)
        if reason == trust.UNKNOWN_SERIAL and await self.certificates.learn(_serial_of(answer.headers)):
            reason = self._doubt(answer)
        if reason is not None:
            raise ResultUnknown(f"the answer's signature: {reason}")

    def _doubt(self, answer: http.Answer) -> str | None:
        try:
            trust.check(
                answer.headers, answer.body, keyring=self._keyring, now=clock.now(), type_required=False
            )
        except trust.Untrusted as doubt:
            return doubt.reason
        return None


def quoted(part: str) -> str:
    """A number as part of a path or query."""
    return urllib.parse.quote(part, safe="")


def _serial_of(headers: Mapping[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "wechatpay-serial"), "")
