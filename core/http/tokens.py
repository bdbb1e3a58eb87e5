"""Customers' access tokens: signed, short-lived, kept nowhere, so that a lost cache signs nobody out.

JWT, HS256. Keys rotate: the first key signs, all keys verify; a new key goes in front, the old one leaves once its last
token has expired.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt
from aiohttp import web

from core import clock, errors

_ALGORITHM = "HS256"
_MIN_SECRET_BYTES = 32  # RFC 7518 section 3.2: a key at least as long as the hash
_CLOCK_SKEW = timedelta(seconds=60)
_MAX_TOKEN_CHARS = 4096


class InvalidToken(errors.Unauthenticated):
    """The token is not one of ours, or was changed."""

    code = "invalid_token"


class ExpiredToken(errors.Unauthenticated):
    """The token was good and is too old now; sign in again."""

    code = "expired_token"


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key: its public name (``kid``) and at least 32 secret bytes."""

    kid: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh token and the instant it stops working."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    subject: str
    issued_at: datetime
    expires_at: datetime


class Tokens:
    """Issues and verifies the tokens of one audience."""

    def __init__(
        self,
        keys: Sequence[Key],
        *,
        issuer: str,
        audience: str,
        lifetime: timedelta,
        remembered: int = 4096,
    ) -> None:
        """``remembered``: how many verified tokens skip the signature check when they come again.

        Raises:
            ValueError: no key, a short key, or two keys of one name.
        """
        if not keys:
            raise ValueError("at least one token key is needed")
        if len({key.kid for key in keys}) != len(keys):
            raise ValueError("two token keys have the same kid")
        for key in keys:
            if len(key.secret) < _MIN_SECRET_BYTES:
                raise ValueError(f"token key {key.kid!r} is shorter than {_MIN_SECRET_BYTES} bytes")
        self._signing = keys[0]
        self._secrets = {key.kid: key.secret for key in keys}
        self._issuer, self._audience, self._lifetime = issuer, audience, lifetime
        self._remembered = remembered
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, subject: str) -> Issued:
        """A token for this subject (a customer's id as text), good from now for the configured lifetime."""
        now = clock.now().replace(microsecond=0)
        expires_at = now + self._lifetime
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        token = jwt.encode(
            claims, self._signing.secret, algorithm=_ALGORITHM, headers={"kid": self._signing.kid}
        )
        return Issued(token, expires_at)

    def verify(self, token: str) -> Claims:
        """What the token says, if it is ours and still good.

        Raises:
            InvalidToken: malformed, changed, signed by an unknown key, or for another audience.
            ExpiredToken: it was good, and is not any more.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self._checked(token)
            self._verified[token] = claims
            if len(self._verified) > self._remembered:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(token)
        if claims.expires_at <= clock.now():
            self._verified.pop(token, None)
            raise ExpiredToken
        return claims

    def _checked(self, token: str) -> Claims:
        if len(token) > _MAX_TOKEN_CHARS:
            raise InvalidToken
        try:
            secret = self._secrets[jwt.get_unverified_header(token)["kid"]]
            found = jwt.decode(
                token,
                secret,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                # times are compared with our clock, which may be moved; PyJWT would ask the machine's
                options={
                    "require": ["exp", "iat", "sub", "iss", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            issued_at, expires_at = (datetime.fromtimestamp(found[name], UTC) for name in ("iat", "exp"))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError, OSError):
            raise InvalidToken from None
        if issued_at > clock.now() + _CLOCK_SKEW or not found["sub"]:
            raise InvalidToken
        return Claims(found["sub"], issued_at, expires_at)


def bearer(request: web.Request) -> str:
    """The token of ``Authorization: Bearer …``.

    Raises:
        Unauthenticated: there is no such header.
        InvalidToken: there is one, but of another scheme or shape.
    """
    header = request.headers.get("Authorization")
    if header is None:
        raise errors.Unauthenticated
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or " " in token:
        raise InvalidToken
    return token
