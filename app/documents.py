"""Files that are generated from the code and kept in the repository, so that a change of an interface shows in review."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pydantic_core

import admin_api.routes
import miniapp_api.routes
from core import http as kit


def apis() -> Mapping[str, kit.Api]:
    """The JSON doors by the file name of their OpenAPI document."""
    return {"miniapp": miniapp_api.routes.API, "admin": admin_api.routes.API}


def write(into: Path, *, check: bool) -> list[Path]:
    """Writes the OpenAPI documents and returns the files that differed; ``check`` leaves them as they were."""
    differing = []
    for name, api in apis().items():
        path = into / f"{name}.json"
        text = pydantic_core.to_json(kit.openapi(api), indent=2) + b"\n"
        if path.exists() and path.read_bytes() == text:
            continue
        differing.append(path)
        if not check:
            into.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    return differing
