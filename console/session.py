"""The session of a browser: a cookie that scripts cannot read, and the token that every form carries against requests from other sites
(OWASP: synchroniser token, bound to the session)."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from aiohttp import web

from console.places import PREFIX
from core import errors

_LANGUAGE = "yucun_language"


class ForeignRequest(errors.Forbidden):
    """The form was not one of the console's own pages, or the session it was made in is over."""

    code = "foreign_request"


def cookie_name(secure: bool) -> str:
    """``__Host-`` binds a cookie to this host and to https; a demo without https cannot have it."""
    return "__Host-yucun" if secure else "yucun_console"


def keep(response: web.StreamResponse, token: str, *, secure: bool, max_age_s: int) -> None:
    """Gives the browser its session."""
    response.set_cookie(
        cookie_name(secure), token, max_age=max_age_s, path="/", httponly=True, secure=secure, samesite="Lax"
    )


def forget(response: web.StreamResponse, *, secure: bool) -> None:
    """Takes the session from the browser."""
    response.del_cookie(cookie_name(secure), path="/", httponly=True, secure=secure, samesite="Lax")


def token_of(request: web.Request, *, secure: bool) -> str | None:
    """The session token the browser came with."""
    return request.cookies.get(cookie_name(secure)) or None


def form_token(session_token: str) -> str:
    """What forms of this session carry."""
    return hashlib.sha256(f"form:{session_token}".encode()).hexdigest()


def check_origin(request: web.Request) -> None:
    """Refuses what another site has sent.

    Raises:
        ForeignRequest.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise ForeignRequest
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ForeignRequest


def check_form(sent: str | None, expected: str) -> None:
    """Refuses a form that does not carry the session's token.

    Raises:
        ForeignRequest.
    """
    if not sent or not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise ForeignRequest


def own_address(wanted: str | None) -> str:
    """Where to go next: an address of the console's own, else its first page."""
    if (
        wanted is None
        or not wanted.startswith(f"{PREFIX}/")
        or any(one in wanted for one in ("\\", "//", "\r", "\n", "\0"))
    ):
        return f"{PREFIX}/"
    return wanted


def language(request: web.Request) -> str | None:
    """The language the reader chose."""
    return request.cookies.get(_LANGUAGE)


def keep_language(response: web.StreamResponse, locale: str, *, secure: bool) -> None:
    """Remembers it."""
    response.set_cookie(
        _LANGUAGE, locale, max_age=365 * 86_400, path="/", httponly=True, secure=secure, samesite="Lax"
    )
