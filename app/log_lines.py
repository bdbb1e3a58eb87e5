"""Where a process's log lines go, and how they look."""

from __future__ import annotations

import logging
import sys

from app import config
from core.http import logs


def to_stderr(settings: config.Logging, *, access: bool = True) -> None:
    """Sends all log lines of this process to stderr, as the settings want them."""
    line = logging.StreamHandler(sys.stderr)
    line.setFormatter(logs.JsonLines() if settings.format == "json" else _Text())
    logging.basicConfig(level=settings.level.upper(), handlers=[line], force=True)
    logs.access.disabled = not access
    for loud in ("apscheduler", "tortoise", "asyncio"):
        logging.getLogger(loud).setLevel(logging.WARNING)


class _Text(logging.Formatter):
    """For reading: one line, what JSON lines hold as fields at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(
            f"{name}={value}" for name, value in getattr(record, "fields", {}).items() if name != "at"
        )
        return logs.masked(f"{super().format(record)} {fields}".rstrip())
