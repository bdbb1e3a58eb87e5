"""Message signatures and AES of safe mode.

Facts: developers.weixin.qq.com, "消息加解密说明": AES-256-CBC, key from EncodingAESKey, iv = first 16 bytes,
16 random bytes ‖ length (big-endian) ‖ XML ‖ app id, padding to 32.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class BadMessage(Exception):
    """The merchant's answer cannot be decrypted or is meant for another app."""


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


class MessageCipher:
    def __init__(self, *, encoding_aes_key: str, app_id: str) -> None:
        self._key = base64.b64decode(encoding_aes_key + "=")
        self._app_id = app_id.encode()

    def encrypt(self, text: str, *, random16: bytes | None = None) -> str:
        body = text.encode()
        plain = (random16 or secrets.token_bytes(16)) + struct.pack(">I", len(body)) + body + self._app_id
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Raises: BadMessage."""
        try:
            decryptor = self._cipher().decryptor()
            plain = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
            pad = plain[-1]
            if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
                raise BadMessage("padding")
            plain = plain[:-pad]
            (length,) = struct.unpack(">I", plain[16:20])
            text, app_id = plain[20 : 20 + length].decode(), plain[20 + length :]
        except (ValueError, IndexError, struct.error) as wrong:
            raise BadMessage(str(wrong)) from wrong
        if app_id != self._app_id:
            raise BadMessage("app id")
        return text

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
