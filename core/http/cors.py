"""Which web pages of other origins may call a door (an H5 client served elsewhere): the answers to a browser's questions."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Accept-Language, X-Request-ID"
EXPOSED_HEADERS = "X-Request-ID, ETag, Retry-After, Content-Disposition"
_PREFLIGHT_GOOD_FOR_S = 600


class Origins:
    """The origins a door trusts. Tokens travel in a header, never in a cookie, so credentials mode is not offered."""

    def __init__(self, origins: Sequence[str]) -> None:
        """``origins``: exact ones such as ``https://h5.example.com``; or ``*`` alone, for any.

        Raises:
            ValueError: not an origin (a path, no scheme), or ``*`` among others.
        """
        for origin in origins:
            scheme, _, rest = origin.partition("://")
            if origin != "*" and (scheme not in ("http", "https") or not rest or "/" in rest or "*" in rest):
                raise ValueError(f"not an origin: {origin!r}; written like https://h5.example.com")
        if "*" in origins and len(origins) > 1:
            raise ValueError("the origin * stands alone")
        self._any = "*" in origins
        self._origins = frozenset(origin.lower() for origin in origins)

    def trusts(self, origin: str) -> bool:
        """Whether pages of this origin may read our answers."""
        return self._any or origin.lower() in self._origins

    def mark(self, response: web.StreamResponse, origin: str) -> None:
        """Adds to a response what lets the origin's page read it, or what keeps caches from mixing origins up."""
        headers = response.headers
        if self._origins and not self._any:
            headers["Vary"] = f"{headers['Vary']}, Origin" if "Vary" in headers else "Origin"
        if self.trusts(origin):
            headers["Access-Control-Allow-Origin"] = "*" if self._any else origin
            headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a browser's preflight question, or None when the request is none or not to be answered."""
        asked = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or asked is None or not self.trusts(request.headers.get("Origin", "")):
            return None
        missing = request.match_info.http_exception
        if not isinstance(missing, web.HTTPMethodNotAllowed):
            return None
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": ", ".join(sorted(missing.allowed_methods)),
                "Access-Control-Allow-Headers": ALLOWED_HEADERS,
                "Access-Control-Max-Age": str(_PREFLIGHT_GOOD_FOR_S),
            },
        )
