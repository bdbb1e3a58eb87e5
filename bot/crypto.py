"""Signatures and AES of messages the WeChat platform pushes.

Source: developers.weixin.qq.com, "接入指南" and "消息加解密说明": SHA-1 over the sorted, joined parts; AES-256-CBC with
key = base64(EncodingAESKey + "="), iv = its first 16 bytes, and inside 16 random bytes, the length (big-endian), the text and
the app id, padded to blocks of 32.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32
_RANDOM = 16
_HEAD = _RANDOM + 4
_AES_BLOCK = 16
_LENGTH = struct.Struct(">I")
_PADS = [bytes([count]) * count for count in range(_BLOCK + 1)]


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
    """Opens and seals messages of one app with one EncodingAESKey. One object per event loop.

    What it seals and opens runs through one context each, made once: a context goes on from message to message instead of beginning anew
    at the initial vector. That changes nothing but what becomes of the first block, and there are the 16 random bytes that nobody reads.
    """

    def __init__(self, *, encoding_aes_key: str, app_id: str) -> None:
        key = base64.b64decode(encoding_aes_key + "=")
        if len(key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters of base64")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._opens, self._seals = self._cipher.decryptor(), self._cipher.encryptor()
        self._app_id = app_id.encode()

    def open(self, sealed: str) -> bytes:
        """The text inside.

        Raises:
            NotForUs: another key, another app, or not such a text at all.
        """
        try:
            blocks = binascii.a2b_base64(sealed, strict_mode=True)
        except ValueError as wrong:
            raise NotForUs("not whole blocks in base64") from wrong
        if len(blocks) % _AES_BLOCK:  # a part of one would stay in the context
            raise NotForUs("not whole blocks in base64")
        padded = self._opens.update(blocks)
        pad = padded[-1] if padded else 0
        if not 1 <= pad <= _BLOCK or len(padded) < _HEAD + pad or not padded.endswith(_PADS[pad]):
            raise NotForUs("another key")
        (length,) = _LENGTH.unpack_from(padded, _RANDOM)
        end = _HEAD + length
        if end > len(padded) - pad or padded[end:-pad] != self._app_id:
            raise NotForUs("another app")
        return padded[_HEAD:end]

    def seal(self, text: str, *, random16: bytes | None = None) -> str:
        """The text encrypted, in base64. ``random16`` is chosen when not given; with one that is given the same text is sealed the same
        way every time."""
        body = text.encode()
        length = _HEAD + len(body) + len(self._app_id)
        plain = b"".join(
            (
                random16 or secrets.token_bytes(_RANDOM),
                _LENGTH.pack(len(body)),
                body,
                self._app_id,
                _PADS[_BLOCK - length % _BLOCK],
            )
        )
        seals = self._seals if random16 is None else self._cipher.encryptor()
        return binascii.b2a_base64(seals.update(plain), newline=False).decode()
