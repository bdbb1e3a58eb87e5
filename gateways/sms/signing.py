"""Alibaba Cloud's signature V3, ACS3-HMAC-SHA256.

help.aliyun.com, "V3版本请求体&签名机制" (sdk/product-overview/v3-request-structure-and-signature): the canonical request is method,
path, sorted query, signed headers, their names and the body's SHA-256; its SHA-256 after the algorithm's name is signed by
HMAC with the secret. The page's own example is a known answer in tests/gateways/test_sms.py.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import urllib.parse
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "ACS3-HMAC-SHA256"
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def canonical_query(query: Mapping[str, str]) -> str:
    """Sorted by name, names and values encoded as RFC 3986 has it."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def headers(
    *,
    host: str,
    action: str,
    version: str,
    query: Mapping[str, str],
    key_id: str,
    secret: str,
    at: datetime,
    nonce: str | None = None,
) -> dict[str, str]:
    """The headers of a POST with everything in its query and an empty body, signed."""
    signed = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": _EMPTY_SHA256,
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce or secrets.token_hex(16),
        "x-acs-version": version,
    }
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    canonical = "\n".join(["POST", "/", canonical_query(query), lines, names, _EMPTY_SHA256])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return {
        **signed,
        "Accept": "application/json",
        "Authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}",
    }


def _encoded(text: str) -> str:
    return urllib.parse.quote(text, safe="-_.~")
