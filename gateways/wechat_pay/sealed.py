"""Opening what WeChat Pay encrypts for the merchant (API v3: AES-256-GCM under the APIv3 key)."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateways import reading
from gateways.reading import JsonObject, Malformed

ALGORITHM = "AEAD_AES_256_GCM"


def opened(resource: JsonObject, cipher: AESGCM) -> bytes:
    """The plain bytes of `resource` (algorithm, nonce, associated_data, ciphertext).

    Raises:
        Malformed: another algorithm, another key, or torn.
    """
    if resource.get("algorithm") != ALGORITHM:
        raise Malformed("algorithm is not AEAD_AES_256_GCM")
    associated = reading.optional_text(resource, "associated_data") or ""
    nonce = reading.text(resource, "nonce").encode()
    try:
        ciphertext = base64.b64decode(reading.text(resource, "ciphertext"), validate=True)
        return cipher.decrypt(nonce, ciphertext, associated.encode())
    except (binascii.Error, ValueError, InvalidTag):
        raise Malformed("resource cannot be opened") from None
