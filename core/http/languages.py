"""Which of our languages a client reads."""

from __future__ import annotations

import functools

from aiohttp import web

from core import words

_MAX_HEADER = 256


def of(request: web.BaseRequest) -> str:
    """The locale to answer in: the best of ``Accept-Language``, Chinese when nothing else is asked for."""
    header = request.headers.get("Accept-Language")
    return words.DEFAULT_LOCALE if not header else chosen(header[:_MAX_HEADER])


@functools.lru_cache(maxsize=512)
def chosen(accept_language: str) -> str:
    """The locale that an ``Accept-Language`` value (RFC 9110 section 12.5.4) prefers among ours."""
    best, best_weight = words.DEFAULT_LOCALE, 0.0
    for option in accept_language.split(","):
        tag, _, parameters = option.strip().partition(";")
        locale = {"zh": "zh-CN", "en": "en", "*": words.DEFAULT_LOCALE}.get(
            tag.strip().lower().split("-", 1)[0]
        )
        weight = _weight(parameters)
        if locale is not None and weight > best_weight:
            best, best_weight = locale, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
