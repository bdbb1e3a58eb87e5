"""One JSON line per request and per log record, bound together by the request id, with secrets and identities masked."""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar
from typing import Any

import pydantic_core

from core import clock

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""The request being served by the running task; "-" outside of requests."""

access = logging.getLogger("yucun.access")
"""Where the line per request goes."""

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

_MASKS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), r"\1 ***"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "***"),  # a JWT
    (
        re.compile(
            r"(?i)\b(access_token|session_key|token|secret|appsecret|password|js_code|openid|unionid|phone|mobile)"
            r"(['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,;)}]+"
        ),
        r"\1\2***",
    ),
    (  # what PostgreSQL quotes of a row that breaks a constraint may be anybody's words
        re.compile(r"(Failing row contains \().*(\)\.)$", re.MULTILINE | re.DOTALL),
        r"\1***\2",
    ),
    (re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])"), "1**********"),  # a mainland mobile number
    (re.compile(r"(?<![A-Za-z0-9_-])o[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])"), "o***"),  # an openid or unionid
)


def masked(text: str) -> str:
    """The text without tokens, passwords, phone numbers and openids."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def request_id_from(header: str | None) -> str:
    """The client's ``X-Request-ID`` when it is sane (8-64 of ``A-Za-z0-9._-``, nothing we mask), else a new one."""
    if header is not None and _SANE_ID.fullmatch(header) and masked(header) == header:
        return header
    return secrets.token_hex(12)


def write_access_line(**fields: str | float | None) -> None:
    """Writes the line of one request. The fields must be free of secrets: they are not masked again."""
    if access.isEnabledFor(logging.INFO):
        # made by hand: logger.info would walk the stack for a caller nobody asks about
        record = logging.LogRecord(access.name, logging.INFO, "", 0, "request", None, None)
        record.fields = fields
        record.masked = True
        access.handle(record)


class JsonLines(logging.Formatter):
    """Formats every log record as one JSON object in one line, masked.

    Fields handed over by ``logger.info("…", extra={"fields": {...}})`` stand beside ``time``, ``level``, ``logger``,
    ``message`` and ``request_id``.
    """

    def format(self, record: logging.LogRecord) -> str:
        done = getattr(record, "masked", False)
        line: dict[str, Any] = {
            "time": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.msg if done else masked(record.getMessage()),
            "request_id": REQUEST_ID.get(),
        }
        for name, value in getattr(record, "fields", {}).items():
            line[name] = masked(value) if isinstance(value, str) and not done else value
        if record.exc_info:
            line["exception"] = masked(self.formatException(record.exc_info))
        return pydantic_core.to_json(line, fallback=str, inf_nan_mode="constants").decode()
