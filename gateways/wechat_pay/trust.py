"""Whom we believe: the keys of WeChat Pay by serial, and the check of what is signed with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateways import keys

MAX_SKEW_S = 300
SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
UNKNOWN_SERIAL = "unknown serial"

_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)


class Untrusted(Exception):
    """Not provably from WeChat Pay. `reason` is a short phrase without content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Keyring:
    """The keys that WeChat Pay signs with, by serial: a public key that never expires, certificates that rotate.

    Both kinds may be held at once; during a migration either may sign.
    """

    def __init__(
        self,
        *,
        public_key_id: str | None = None,
        public_key: rsa.RSAPublicKey | None = None,
        certificates: Iterable[x509.Certificate] = (),
    ) -> None:
        self._public_key_id = public_key_id
        self._public_key = public_key
        self._certificates: dict[str, x509.Certificate] = {}
        self.replace_certificates(certificates)

    def replace_certificates(self, certificates: Iterable[x509.Certificate]) -> None:
        """From now on exactly these certificates count."""
        self._certificates = {_serial(f"{each.serial_number:X}"): each for each in certificates}

    def key(self, serial: str, now: datetime) -> rsa.RSAPublicKey | None:
        """The key of that serial if it is known and in force. Never asks anybody."""
        if self._public_key is not None and serial == self._public_key_id:
            return self._public_key
        certificate = self._certificates.get(_serial(serial))
        if certificate is None or not _in_force(certificate, now):
            return None
        key = certificate.public_key()
        return key if isinstance(key, rsa.RSAPublicKey) else None

    def preferred_key(self, now: datetime) -> rsa.RSAPublicKey | None:
        """The key of `preferred_serial`."""
        serial = self.preferred_serial(now)
        return None if serial is None else self.key(serial, now)

    def preferred_serial(self, now: datetime) -> str | None:
        """The serial we ask WeChat Pay to answer with: the public key, else the certificate that lasts longest."""
        if self._public_key_id is not None:
            return self._public_key_id
        valid = [each for each in self._certificates.values() if _in_force(each, now)]
        if not valid:
            return None
        return f"{max(valid, key=lambda each: each.not_valid_after_utc).serial_number:040X}"


def check(
    headers: Mapping[str, str], body: bytes, *, keyring: Keyring, now: datetime, type_required: bool
) -> None:
    """Checks that WeChat Pay signed `body` within the last five minutes (API v3, response verification).

    `headers` have lower-case names. Answers may lack the signature type (the vendor's Go SDK reads that as RSA),
    notifications may not. Every text is tolerated, and nothing is fetched.

    Raises: Untrusted.
    """
    signature_type = headers.get("wechatpay-signature-type")
    if signature_type != SIGNATURE_TYPE and (signature_type is not None or type_required):
        raise Untrusted("signature type")
    timestamp, nonce, serial, signature = (
        headers.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "serial", "signature")
    )
    if not (timestamp and nonce and serial and signature):
        raise Untrusted("signature headers missing")
    if _TIMESTAMP.fullmatch(timestamp) is None or abs(now.timestamp() - int(timestamp)) >= MAX_SKEW_S:
        raise Untrusted("timestamp outside the window")
    if signature.startswith(PROBE_PREFIX):
        raise Untrusted("signature probe")
    key = keyring.key(serial, now)
    if key is None:
        raise Untrusted(UNKNOWN_SERIAL)
    try:
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    except UnicodeEncodeError:
        raise Untrusted("nonce is not text") from None
    if not keys.verified(key, message, signature):
        raise Untrusted("wrong signature")


def _serial(given: str) -> str:
    return given.upper().lstrip("0")


def _in_force(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
