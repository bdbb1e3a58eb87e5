"""Numbers that people read out and channels accept."""

from __future__ import annotations

import secrets

from core import clock

_DIGITS_AFTER_DATE = 13


def new_no(prefix: str) -> str:
    """A new human number: prefix, business day, thirteen random digits, e.g. ``T2611231234567890123``.

    Digits and capitals only, at most 24 characters: legal as ``out_trade_no`` for WeChat Pay (6-32, section 1.12 of its
    prepay rules) and Alipay (up to 64). Unguessable enough not to be walked; uniqueness is the table's constraint.
    """
    return f"{prefix}{clock.today():%y%m%d}{secrets.randbelow(10**_DIGITS_AFTER_DATE):0{_DIGITS_AFTER_DATE}d}"
