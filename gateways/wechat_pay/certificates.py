"""Platform certificates: fetched, shared and kept fresh (API v3, "下载平台证书").

Certificates rotate, several are in force at once, and WeChat Pay begins to sign with a new one without a word. So they
are fetched every twelve hours and when an unknown serial turns up, at most once in five minutes whoever sends serials.
Redis shares what was fetched between processes: the answer as it came, in which each certificate is sealed with the
APIv3 key, so that who can write to Redis cannot add one. Without Redis each process fetches for itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core import clock
from gateways import http, reading
from gateways.channel import ChannelError, ResultUnknown
from gateways.reading import Malformed, understood
from gateways.wechat_pay import answers, sealed, trust

_log = logging.getLogger(__name__)

EVERY = timedelta(hours=12)
PAUSE_S = 300.0
_FAILURE_S = 5.0
_REDIS_TIMEOUT_S = 1.0
_REDIS_FAULTS = (RedisError, OSError, TimeoutError)
_SERIAL = re.compile(r"[0-9A-Fa-f]{16,40}", re.ASCII)


class Certificates:
    """Fills the certificates of a keyring."""

    def __init__(
        self,
        keyring: trust.Keyring,
        cipher: AESGCM,
        *,
        mch_id: str,
        download: Callable[[], Awaitable[http.Answer]],
        redis: Redis | None,
    ) -> None:
        self._keyring = keyring
        self._cipher = cipher
        self._download = download
        self._redis = redis
        self._key = f"wechat_pay:certificates:{mch_id}"
        self._turn = asyncio.Lock()
        self._hint = asyncio.Event()
        self._hinted = ""
        self._next_look_at = 0.0
        self._fails_until = 0.0
        self._fetched_at: datetime | None = None

    async def first(self) -> None:
        """Makes sure that there is something to verify answers with, once for all callers that come at the same time.

        Raises: ResultUnknown, ChannelRefused, RateLimited.
        """
        loop = asyncio.get_running_loop()
        async with self._turn:
            if self._keyring.preferred_serial(clock.now()) is not None or await self._adopt():
                return
            # Who waited for one that failed does not try, and make others wait, in turn.
            if loop.time() < self._fails_until:
                raise ResultUnknown("certificates could not be fetched")
            try:
                await self._refresh()
            except ChannelError:
                self._fails_until = loop.time() + _FAILURE_S
                raise

    async def refresh(self) -> None:
        """Downloads the certificates now in force; they replace the ones held.

        The list is believed because the APIv3 key opens it and a key in it, or one already held, signed it.

        Raises: ResultUnknown, ChannelRefused, RateLimited.
        """
        async with self._turn:
            await self._refresh()

    async def learn(self, serial: str) -> bool:
        """Looks for an unknown serial: in Redis, then at WeChat Pay, at most once in five minutes. True if it is known now.

        Somebody else's failure is no reason to fail here, so errors are logged only.
        """
        if _SERIAL.fullmatch(serial) is None:
            return False
        async with self._turn:
            if self._knows(serial):
                return True
            now = asyncio.get_running_loop().time()
            if now < self._next_look_at:
                return False
            self._next_look_at = now + PAUSE_S
            if await self._adopt() and self._knows(serial):
                return True
            if not await self._may_ask():
                return False
            try:
                await self._refresh()
            except ChannelError as error:
                _log.warning("certificates were not refreshed: %s", error)
            return self._knows(serial)

    def hint(self, serial: str) -> None:
        """Notes a serial that a notification named and nobody knows; `keep` looks for it. Never asks anybody itself."""
        if _SERIAL.fullmatch(serial) is not None:
            self._hinted = serial
            self._hint.set()

    async def keep(self, *, scheduled: bool) -> None:
        """Runs until cancelled: refreshes every twelve hours if `scheduled`, and looks for hinted serials, rarely."""
        loop = asyncio.get_running_loop()
        # Processes that start together do not fetch together.
        due_at = loop.time() + EVERY.total_seconds() * random.uniform(0.9, 1.0)  # noqa: S311 - no secret
        while True:
            try:
                async with asyncio.timeout_at(due_at):
                    await self._hint.wait()
            except TimeoutError:
                due_at = loop.time() + EVERY.total_seconds()
                if scheduled:
                    await self._refresh_quietly()
                continue
            self._hint.clear()
            await self.learn(self._hinted)
            await asyncio.sleep(1.0)  # strangers may send hints as fast as they like

    async def _refresh_quietly(self) -> None:
        try:
            async with self._turn:
                await self._adopt()
                if self._fetched_at is None or clock.now() - self._fetched_at >= EVERY / 2:
                    await self._refresh()
        except ChannelError as error:
            _log.warning("certificates were not refreshed: %s", error)

    async def _refresh(self) -> None:
        answer = await self._download()
        if answer.status != 200:
            raise answers.failure(answer)
        with understood():
            certificates = self._listed(answer.body)
        candidates = trust.Keyring(certificates=certificates)
        now = clock.now()
        try:
            trust.check(answer.headers, answer.body, keyring=candidates, now=now, type_required=False)
        except trust.Untrusted:
            try:
                trust.check(answer.headers, answer.body, keyring=self._keyring, now=now, type_required=False)
            except trust.Untrusted as doubt:
                raise ResultUnknown(f"the answer's signature: {doubt.reason}") from None
        self._keyring.replace_certificates(certificates)
        self._fetched_at = now
        await self._share(answer.body.decode(), now)

    def _listed(self, body: bytes) -> list[x509.Certificate]:
        listed = reading.json_object(body).get("data")
        if not isinstance(listed, list) or not listed:
            raise Malformed("data is not a list of certificates")
        return [self._certificate(each) for each in listed]

    def _certificate(self, listed: object) -> x509.Certificate:
        if not isinstance(listed, dict):
            raise Malformed("data holds something else than certificates")
        pem = sealed.opened(reading.part(listed, "encrypt_certificate"), self._cipher)
        try:
            return x509.load_pem_x509_certificate(pem)
        except ValueError:
            raise Malformed("a certificate cannot be read") from None

    def _knows(self, serial: str) -> bool:
        return self._keyring.key(serial, clock.now()) is not None

    async def _adopt(self) -> bool:
        """Takes what another process fetched. False where there is nothing of use."""
        if self._redis is None:
            return False
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                kept = await self._redis.get(self._key)
            if kept is None:
                return False
            content = reading.json_object(kept.encode() if isinstance(kept, str) else kept)
            fetched_at = reading.instant(reading.text(content, "at"), "at")
            if self._fetched_at is not None and fetched_at <= self._fetched_at:
                return True
            certificates = self._listed(reading.text(content, "answer").encode())
        except _REDIS_FAULTS as fault:
            _log.warning("going on without Redis: %s", type(fault).__name__)
            return False
        except Malformed as fault:
            _log.warning("shared certificates cannot be read: %s", fault)
            return False
        if trust.Keyring(certificates=certificates).preferred_serial(clock.now()) is None:
            return False
        self._keyring.replace_certificates(certificates)
        self._fetched_at = fetched_at
        return True

    async def _share(self, answer: str, at: datetime) -> None:
        if self._redis is None:
            return
        kept = json.dumps({"at": at.isoformat(timespec="seconds"), "answer": answer})
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                await self._redis.set(self._key, kept, ex=int(2 * EVERY.total_seconds()))
        except _REDIS_FAULTS as fault:
            _log.warning("certificates are not shared: %s", type(fault).__name__)

    async def _may_ask(self) -> bool:
        """One process in five minutes asks for all."""
        if self._redis is None:
            return True
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                return bool(await self._redis.set(f"{self._key}:asked", "1", nx=True, ex=int(PAUSE_S)))
        except _REDIS_FAULTS:
            return True
