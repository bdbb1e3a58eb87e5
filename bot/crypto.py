"""Signatures and AES of messages the WeChat platform pushes.

Source: developers.weixin.qq.com, "接入指南" and "消息加解密说明": SHA-1 over the sorted, joined parts; AES-256-CBC with
key = base64(EncodingAESKey + "="), iv = its first 16 bytes, and inside 16 random bytes, the length (big-endian), the text and
the app id, padded to blocks of 32.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32
_RANDOM = 16
_HEAD = _RANDOM + 4


class NotForUs(Exception):
    """An encrypted text that this key does not open, or that was written for another app."""


def signature(*parts: str) -> str:
    """The signature over a token and what was sent with it, as 40 hex digits."""
    joined = "".join(sorted(parts)).encode(errors="replace")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Whether ``given`` is the signature over the parts; takes the same time wherever it differs."""
    return hmac.compare_digest(given.encode(errors="replace"), signature(*parts).encode())


class MessageCipher:
    """Opens and seals messages of one app with one EncodingAESKey."""

    def __init__(self, *, encoding_aes_key: str, app_id: str) -> None:
        key = base64.b64decode(encoding_aes_key + "=")
        if len(key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters of base64")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._app_id = app_id.encode()

    def open(self, sealed: str) -> bytes:
        """The text inside.

        Raises:
            NotForUs: another key, another app, or not such a text at all.
        """
        try:
            padded = base64.b64decode(sealed, validate=True)
            decryptor = self._cipher.decryptor()
            padded = decryptor.update(padded) + decryptor.finalize()
        except ValueError as wrong:
            raise NotForUs("not whole blocks in base64") from wrong
        pad = padded[-1] if padded else 0
        if len(padded) < _HEAD + pad or not 1 <= pad <= _BLOCK or padded[-pad:] != bytes([pad]) * pad:
            raise NotForUs("another key")
        (length,) = struct.unpack_from(">I", padded, _RANDOM)
        text, app_id = padded[_HEAD:-pad][:length], padded[_HEAD:-pad][length:]
        if len(text) != length or app_id != self._app_id:
            raise NotForUs("another app")
        return text

    def seal(self, text: str, *, random16: bytes | None = None) -> str:
        """The text encrypted, in base64. ``random16`` is chosen when not given."""
        body = text.encode()
        plain = (
            (random16 or secrets.token_bytes(_RANDOM)) + struct.pack(">I", len(body)) + body + self._app_id
        )
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()
