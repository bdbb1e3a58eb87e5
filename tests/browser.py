"""The Chromium that browser tests drive: ``YUCUN_CHROMIUM``, or what PATH knows."""

from __future__ import annotations

import os
import shutil

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("YUCUN_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def needed() -> str:
    """Where it is. Where there is none the test is skipped, or fails if ``YUCUN_BROWSER_REQUIRED`` is set, as it is in CI."""
    if CHROMIUM is not None and os.path.exists(CHROMIUM):
        return CHROMIUM
    missing = f"no Chromium at {CHROMIUM!r}: install it or set YUCUN_CHROMIUM"
    if os.environ.get("YUCUN_BROWSER_REQUIRED"):
        pytest.fail(missing)
    pytest.skip(missing)
