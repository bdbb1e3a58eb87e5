"""Sealed values 加密保存: telephone numbers, names and numbers of persons and the like, which the database keeps encrypted.

A token is text, ``s1.<key>.<nonce and ciphertext>``: the version, the key's name, and AES-256-GCM (NIST SP 800-38D) over the value, with
the name of its column as associated data, so that it cannot be read from any other. Tokens of one value differ. What must be found again,
or must be the same twice, has a blind index beside it: an HMAC-SHA-256 under a key of its own.

Which keys there are is said once a process by ``use``: the first seals, all of them open. Every column stands in ``core/sealed_columns.py``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import errors

log = logging.getLogger(__name__)

VERSION = "s1"
KEY_BYTES = 32
HIDDEN = "***"
"""What stands for a value that cannot be opened, where the rest is worth showing without it."""
_NONCE_BYTES = 12
_KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TOKEN = re.compile(rf"{VERSION}\.([A-Za-z0-9_-]{{1,32}})\.([A-Za-z0-9_-]+)", re.ASCII)


class SealKeyMissing(errors.Unavailable):
    """A value was sealed with a key that the settings do not name."""

    code = "seal_key_missing"


class SealBroken(errors.Unavailable):
    """A sealed value is not what was sealed for its column: it was changed, cut, moved, or its key is another than it was."""

    code = "seal_broken"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that seals and opens: its name, which stands in every token, and its 32 bytes."""

    kid: str
    secret: bytes = field(repr=False)


class Keyring:
    """The keys of a shop. The first seals, all of them open; ``search_secret`` is the blind indexes' own."""

    def __init__(self, keys: Sequence[Key], search_secret: bytes) -> None:
        assert keys and len({key.kid for key in keys}) == len(keys), "keys have names of their own"
        assert all(_KEY_NAME.fullmatch(key.kid) and len(key.secret) == KEY_BYTES for key in keys)
        assert len(search_secret) >= KEY_BYTES
        self.sealing = keys[0].kid
        self._ciphers: Mapping[str, AESGCM] = {key.kid: AESGCM(key.secret) for key in keys}
        self._search_secret = search_secret

    @property
    def kids(self) -> Sequence[str]:
        """The names of all keys, the one that seals first."""
        return tuple(self._ciphers)

    def seal(self, value: str, column: str) -> str:
        """A token of the value, to be opened from this column (``table.column``) only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self.sealing].encrypt(nonce, value.encode(), column.encode())
        return f"{VERSION}.{self.sealing}.{base64.urlsafe_b64encode(nonce + sealed).rstrip(b'=').decode()}"

    def opened(self, token: str, column: str) -> str:
        """The value of a token. Why one cannot be opened is logged.

        Raises:
            SealKeyMissing, SealBroken.
        """
        found = _TOKEN.fullmatch(token)
        if found is None:
            log.error("a value of %s is not sealed", column)
            raise SealBroken(column=column)
        kid, text = found.groups()
        if kid not in self._ciphers:
            log.error("a value of %s was sealed with key %s, which the settings do not name", column, kid)
            raise SealKeyMissing(kid=kid, column=column)
        try:
            whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            opened = self._ciphers[kid].decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], column.encode())
            return opened.decode()
        except (InvalidTag, binascii.Error, ValueError):
            log.error("a value of %s is not what was sealed for it with key %s", column, kid)
            raise SealBroken(column=column) from None

    def index(self, value: str, kind: str) -> bytes:
        """What the value is found by; the same for the same value and kind, whichever column it is of."""
        return hmac.digest(self._search_secret, f"{kind}\0{value}".encode(), "sha256")


def made_up() -> Keyring:
    """Keys nobody will have again, for a database that ends with its process."""
    return Keyring([Key("made-up", secrets.token_bytes(KEY_BYTES))], secrets.token_bytes(KEY_BYTES))


_ring: Keyring | None = None


def use(ring: Keyring | None) -> None:
    """The keys of this process; all processes of a shop are given the same. None: none, and nothing can be sealed or opened."""
    global _ring
    _ring = ring


def ring() -> Keyring:
    """The keys of this process."""
    assert _ring is not None, "sealed.use has not been called"
    return _ring


def seal(value: str, column: str) -> str:
    """A token of the value, to be opened from this column (``table.column``) only."""
    return ring().seal(value, column)


def seal_if_any(value: str | None, column: str) -> str | None:
    """The same, where there may be none."""
    return None if value is None else ring().seal(value, column)


def opened(token: str, column: str) -> str:
    """The value of a token.

    Raises:
        SealKeyMissing, SealBroken.
    """
    return ring().opened(token, column)


def opened_if_any(token: str | None, column: str) -> str | None:
    """The same, where there may be none.

    Raises:
        SealKeyMissing, SealBroken.
    """
    return None if token is None else ring().opened(token, column)


def readable(token: str | None, column: str) -> str | None:
    """The value of a token, or None where there is none or it cannot be opened: for what goes on without it."""
    if token is None:
        return None
    try:
        return ring().opened(token, column)
    except (SealKeyMissing, SealBroken):
        return None


def index(value: str, kind: str) -> bytes:
    """What the value is found by in columns of blind indexes of its kind (``phone``, ``email``)."""
    return ring().index(value, kind)


def index_if_any(value: str | None, kind: str) -> bytes | None:
    """The same, where there may be none."""
    return None if value is None else ring().index(value, kind)


def key_of(token: str) -> str | None:
    """The name of the key a token was sealed with; None: it is no token."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def is_sealed(text: str) -> bool:
    """Whether a text is a token."""
    return _TOKEN.fullmatch(text) is not None
