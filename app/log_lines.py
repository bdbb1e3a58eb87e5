"""Where a process's log lines go, and how they look."""

from __future__ import annotations

import logging
import sys

from aiohttp.http_exceptions import HttpProcessingError

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
    logging.getLogger("aiohttp.server").addFilter(_no_fault_of_ours)


def _no_fault_of_ours(record: logging.LogRecord) -> bool:
    """What is not HTTP was refused before any door saw it: anybody can send it, so it is told in one line, not as a fault with its trace."""
    why = record.exc_info[1] if record.exc_info else None
    if not isinstance(why, HttpProcessingError):
        return True
    record.msg, record.args = f"refused what is not HTTP: {type(why).__name__}", ()
    record.exc_info = None
    record.levelno, record.levelname = logging.INFO, "INFO"
    return logging.getLogger(record.name).isEnabledFor(logging.INFO)


class _Text(logging.Formatter):
    """For reading: one line, what JSON lines hold as fields at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(
            f"{name}={value}" for name, value in getattr(record, "fields", {}).items() if name != "at"
        )
        return logs.masked(f"{super().format(record)} {fields}".rstrip())
