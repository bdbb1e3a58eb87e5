"""Checks requests signed with ACS3-HMAC-SHA256, as the gateway does ("V3版本请求体&签名机制", help.aliyun.com)."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from aiohttp import web

from sandbox.clock import WorldClock

_HEADER = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)
_WINDOW_S = 15 * 60
_MUST_BE_SIGNED = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}  # fmt: skip


class GatewayError(Exception):
    """A refusal of the gateway: HTTP status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class Gatekeeper:
    """Lets requests of one access key in, each nonce once."""

    def __init__(self, key_id: str, secret: str, clock: WorldClock) -> None:
        self._key_id = key_id
        self._secret = secret
        self._clock = clock
        self._nonces: set[str] = set()

    def check(self, request: web.Request, body: bytes) -> None:
        """Raises: GatewayError."""
        match = _HEADER.fullmatch(request.headers.get("Authorization", ""))
        if match is None:
            raise GatewayError(
                400, "IncompleteSignature", "The request signature does not conform to standards."
            )
        key_id, names, signature = match.groups()
        if key_id != self._key_id:
            raise GatewayError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        signed = names.split(";")
        if not set(signed) >= _MUST_BE_SIGNED or signed != sorted(signed):
            raise GatewayError(400, "IncompleteSignature", "A header that must be signed is not.")
        if request.headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
            raise GatewayError(400, "InvalidContentSha256", "The body is not what was signed.")
        if not hmac.compare_digest(signature, self._expected(request, signed)):
            raise GatewayError(
                400, "SignatureDoesNotMatch", "Specified signature does not match our calculation."
            )
        self._check_time(request.headers["x-acs-date"])
        nonce = request.headers["x-acs-signature-nonce"]
        if nonce in self._nonces:
            raise GatewayError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(nonce)

    def _expected(self, request: web.Request, signed: list[str]) -> str:
        pairs = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
        lines = [request.method, request.rel_url.raw_path or "/", "&".join(f"{n}={v}" for n, v in encoded)]
        lines += [f"{name}:{request.headers.get(name, '').strip()}" for name in signed]
        lines += ["", ";".join(signed), request.headers["x-acs-content-sha256"]]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return hmac.digest(self._secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), "sha256").hex()

    def _check_time(self, stamp: str) -> None:
        try:
            at = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise GatewayError(
                400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted."
            ) from None
        if not self._clock.is_near(at.timestamp(), _WINDOW_S):
            raise GatewayError(400, "InvalidTimeStamp.Expired", "Specified time stamp is expired.")
