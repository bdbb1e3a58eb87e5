"""Numbers that people read out and channels accept."""

from __future__ import annotations

import secrets

from core import clock

_DIGITS_AFTER_DATE = 13
_BEYOND = 10**_DIGITS_AFTER_DATE


def new_no(prefix: str) -> str:
    """A new human number: prefix, business day, thirteen random digits, e.g. ``T2611231234567890123``.

    Digits and capitals only, at most 24 characters: legal as ``out_trade_no`` for WeChat Pay (6-32, section 1.12 of its
    prepay rules) and Alipay (up to 64). Unguessable enough not to be walked; uniqueness is the table's constraint.
    """
    return new_nos(prefix, 1)[0]


def new_nos(prefix: str, count: int) -> list[str]:
    """So many of them."""
    begins = f"{prefix}{clock.today():%y%m%d}"
    return [f"{begins}{secrets.randbelow(_BEYOND):0{_DIGITS_AFTER_DATE}d}" for _ in range(count)]
