"""Opening what WeChat Pay encrypts for the merchant (API v3: AES-256-GCM under the APIv3 key), and the other way round."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
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


def for_key(key: rsa.RSAPublicKey, text: str) -> str:
    """A sensitive field of a request for the holder of `key`: base64 of RSA-OAEP with SHA-1 (wechatpay-skills, WXPayUtility)."""
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 - the protocol's choice
    return base64.b64encode(key.encrypt(text.encode(), oaep)).decode()
