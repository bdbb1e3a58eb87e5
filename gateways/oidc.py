"""The shop's identity provider, by OpenID Connect: where to send somebody, and who they are when they come back.

The code flow with PKCE. What the provider says of somebody is taken only from an ID token that one of its own keys has signed for us, now, and
for this very question (nonce). Keys change: one that is not known, or does not fit any more, is looked for once in a fresh set.

Sources: OpenID Connect Core 1.0 sections 3.1.2, 3.1.3; Discovery 1.0 section 4.3; RFC 7636 (PKCE); RFC 9700 (security of OAuth 2.0).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import jwt

from gateways import http, reading
from gateways.reading import JsonObject, Malformed

_KNOWN_FOR_S = 3600.0
_LEEWAY_S = 60
_LONGEST_SUBJECT = 255
"""OpenID Connect Core section 2."""
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Only those in which nobody but the provider can sign: a shared secret is none (RFC 8725 section 3.2)."""


class ProviderError(Exception):
    """The provider did not say who somebody is."""


class ProviderSilent(ProviderError):
    """It did not answer, or nothing that can be read."""


class ProviderRefused(ProviderError):
    """It does not know the code, or what it said is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the shop is known to its provider."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False, default=None)
    scopes: tuple[str, ...] = ("openid", "email", "profile")


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is at the provider. ``email`` only where the provider says it is verified."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


class Provider:
    """One provider. What it says of itself is asked for when it is first needed, and hourly."""

    def __init__(self, settings: Settings, *, session: aiohttp.ClientSession) -> None:
        self._settings, self._session = settings, session
        self._itself: tuple[float, JsonObject] | None = None
        self._keys: jwt.PyJWKSet | None = None

    @property
    def issuer(self) -> str:
        """What it is called in its tokens."""
        return self._settings.issuer

    async def address(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send somebody who is to sign in.

        Raises:
            ProviderSilent.
        """
        endpoint = self._endpoint(await self._about(), "authorization_endpoint")
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _b64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def person(self, code: str, *, redirect_uri: str, nonce: str, verifier: str) -> Person:
        """Who came back with this code.

        Raises:
            ProviderSilent, ProviderRefused.
        """
        about = await self._about()
        said = await self._exchanged(about, code, redirect_uri, verifier)
        claims = await self._claims(about, _text(said, "id_token"))
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise ProviderRefused("the nonce is another's")
        subject = _text(claims, "sub")
        if len(subject) > _LONGEST_SUBJECT:
            raise ProviderRefused("the subject is longer than there are")
        email = _text_if_any(claims, "email") if claims.get("email_verified") is True else None
        return Person(self.issuer, subject, email, _text_if_any(claims, "name"))

    async def _about(self) -> JsonObject:
        if self._itself is not None and time.monotonic() < self._itself[0]:
            return self._itself[1]
        about = await self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self.issuer:
            raise ProviderSilent("it calls itself something else")
        self._itself = (time.monotonic() + _KNOWN_FOR_S, about)
        return about

    async def _exchanged(self, about: JsonObject, code: str, redirect_uri: str, verifier: str) -> JsonObject:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secret, client_id = self._settings.client_secret, self._settings.client_id
        ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret is None:
            form["client_id"] = client_id
        elif isinstance(ways, list) and "client_secret_basic" not in ways:
            form |= {"client_id": client_id, "client_secret": secret}
        else:  # RFC 6749 section 2.3.1: both are form-encoded first
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        endpoint = self._endpoint(about, "token_endpoint")
        answer = await self._send("POST", endpoint, headers, urlencode(form).encode())
        if 400 <= answer.status < 500:
            raise ProviderRefused(f"the code: {answer.status}")
        return _object(answer)

    async def _claims(self, about: JsonObject, token: str) -> Mapping[str, Any]:
        """What a token says, by the keys that are known, else once by fresh ones."""
        fresh = self._keys is None
        for _ in range(2):
            if fresh:
                self._keys = await self._fresh_keys(about)
            assert self._keys is not None
            try:
                return self._verified(token, self._keys)
            except (jwt.InvalidSignatureError, KeyError):
                if fresh:
                    break
                fresh = True
            except jwt.PyJWTError as fault:
                raise ProviderRefused(f"its token: {type(fault).__name__}") from None
        raise ProviderRefused("its token is signed by nobody known")

    def _verified(self, token: str, keys: jwt.PyJWKSet) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        named = [key for key in keys.keys if key.key_id == header.get("kid")]
        found = named or (keys.keys if "kid" not in header and len(keys.keys) == 1 else [])
        if not found:
            raise KeyError(header.get("kid"))
        # its times are the world's, which the machine's clock has: the shop's own may have been moved
        claims = jwt.decode(
            token,
            found[0],
            algorithms=[one for one in _ALGORITHMS if _fits(one, found[0])],
            audience=self._settings.client_id,
            issuer=self.issuer,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if claims.get("azp", None if several else self._settings.client_id) != self._settings.client_id:
            raise jwt.InvalidAudienceError("it is for another client")
        return cast("Mapping[str, Any]", claims)

    async def _fresh_keys(self, about: JsonObject) -> jwt.PyJWKSet:
        said = await self._read(self._endpoint(about, "jwks_uri"))
        try:
            return jwt.PyJWKSet([key for key in cast("list[Any]", said.get("keys")) if _signs(key)])
        except (jwt.PyJWTError, ValueError, TypeError):
            raise ProviderSilent("its keys cannot be read") from None

    async def _read(self, url: str) -> JsonObject:
        answer = await self._send("GET", url, {"Accept": "application/json"})
        if answer.status != 200:
            raise ProviderSilent(f"status {answer.status}")
        return _object(answer)

    def _endpoint(self, about: JsonObject, name: str) -> str:
        url = _text(about, name)
        if _scheme(url) not in {"https", urlsplit(self.issuer).scheme}:
            raise ProviderSilent(f"{name} is not https")
        return url

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> http.Answer:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        caller = http.Caller([f"{parts.scheme}://{parts.netloc}"], session=self._session)
        try:
            return await caller.send(
                method, target, headers=lambda: headers, body=body, repeatable=method == "GET"
            )
        except http.NoAnswer as failed:
            raise ProviderSilent(failed.reason) from None


def _signs(key: object) -> bool:
    return isinstance(key, dict) and key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC", "OKP")


def _fits(algorithm: str, key: jwt.PyJWK) -> bool:
    """Whether a key signs so: what it names, else what is of its kind."""
    kind = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("Ed",)}[str(key.key_type)]
    return algorithm.startswith(kind)


def _object(answer: http.Answer) -> JsonObject:
    try:
        return reading.json_object(answer.body)
    except Malformed as fault:
        raise ProviderSilent(str(fault)) from None


def _text(said: Mapping[str, Any], name: str) -> str:
    try:
        return reading.text(said, name)
    except Malformed as fault:
        raise ProviderSilent(str(fault)) from None


def _text_if_any(said: Mapping[str, Any], name: str) -> str | None:
    """A text that may be left out, and is where nobody could keep it."""
    try:
        return reading.optional_text(said, name)
    except Malformed:
        return None


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
