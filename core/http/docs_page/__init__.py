"""The page ``/docs``: a viewer for our OpenAPI documents, with nothing loaded from elsewhere.

The viewer is openapi-explorer (see VENDORED.md), shipped as it was published.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def build(documents: Sequence[tuple[str, str]]) -> web.Application:
    """The page for these documents, given as (title, address); to be mounted at ``/docs``."""
    page = web.Application()
    viewer = (_HERE / "openapi-explorer.min.js").read_bytes()
    version = hashlib.sha256(viewer).hexdigest()[:12]

    async def shown(request: web.Request) -> web.Response:
        number = request.query.get("api", "0")
        chosen = int(number) if number.isascii() and number.isdigit() and int(number) < len(documents) else 0
        return web.Response(
            text=_page(documents, chosen, version),
            content_type="text/html",
            headers={"Content-Security-Policy": _POLICY},
        )

    async def script(_request: web.Request) -> web.Response:
        return web.Response(
            body=viewer,
            content_type="text/javascript",
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

    page.router.add_get("", shown)
    page.router.add_get(f"/openapi-explorer-{version}.js", script)
    return page


def _page(documents: Sequence[tuple[str, str]], chosen: int, version: str) -> str:
    links = " · ".join(
        f"<b>{html.escape(title)}</b>"
        if number == chosen
        else f'<a href="/docs?api={number}">{html.escape(title)}</a>'
        for number, (title, _address) in enumerate(documents)
    )
    address = html.escape(documents[chosen][1]) if documents else ""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>预存 · Yucun API</title>
<script type="module" src="/docs/openapi-explorer-{version}.js"></script>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0 }}
nav {{ padding: 12px 16px; font: 15px/1.5 system-ui, sans-serif; color: #fff }}
nav a {{ color: inherit; opacity: .8 }}
</style>
</head>
<body>
<openapi-explorer spec-url="{address}" server-url="" hide-console="false" table="true">
<nav slot="nav-header">{links}</nav>
</openapi-explorer>
</body>
</html>
"""
