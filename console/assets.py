"""What pages load: style sheets, scripts and icons, from this host alone (``static/vendor/VERSIONS.md`` says whose they are)."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from aiohttp import web

from console.places import PREFIX
from core import errors

_STATIC = Path(__file__).parent / "static"
_YEAR = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".js")


def add_to(door: web.Application) -> None:
    """Serves them under ``/static/``."""
    door.router.add_get("/static/{name:[A-Za-z0-9_./-]+}", _file)


async def _file(request: web.Request) -> web.StreamResponse:
    content = _contents().get(request.match_info["name"])
    if content is None:
        raise errors.NotFound
    kind = mimetypes.guess_type(request.match_info["name"])[0] or "application/octet-stream"
    response = web.Response(
        body=content, content_type=kind, charset="utf-8" if kind.startswith("text/") else None
    )
    response.headers["Cache-Control"] = (
        _YEAR if request.query.get("v") == _marks()[request.match_info["name"]] else "no-cache"
    )
    response.enable_compression()
    return response


def address(name: str) -> str:
    """Where a file is, with a mark of its content, so that browsers may keep it for ever."""
    return f"{PREFIX}/static/{name}?v={_marks()[name]}"


@cache
def _contents() -> dict[str, bytes]:
    return {
        str(path.relative_to(_STATIC)): path.read_bytes() for path in _STATIC.rglob("*") if path.is_file()
    }


@cache
def _marks() -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest()[:12] for name, content in _contents().items()}
