"""Where a process's log lines go, and how they look."""

from __future__ import annotations

import logging
import sys

from app import config
from core.http import logs


def to_stderr(settings: config.Logging, *, access: bool = True) -> None:
    """Sends all log lines of this process to stderr, as the settings want them."""
    line = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    line.setFormatter(logs.JsonLines() if settings.format == "json" else text)
    logging.basicConfig(level=settings.level.upper(), handlers=[line], force=True)
    logs.access.disabled = not access
    for loud in ("apscheduler", "tortoise", "asyncio"):
        logging.getLogger(loud).setLevel(logging.WARNING)
