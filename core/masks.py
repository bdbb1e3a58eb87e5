"""Masks 打码: as much of a value as its owner recognises it by, and nobody else can use."""

from __future__ import annotations

import re
from typing import Any

_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def phone(number: str) -> str:
    """``138****0001``; of one that is too short to leave anything out, nothing is shown."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > 8 else "****"


def email(address: str) -> str:
    """``z***@example.com``."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def address(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """A delivery address whose phone is masked."""
    return None if found is None else found | {"phone": phone(found["phone"])}


def name(given: str) -> str:
    """``张**``: the first letter, and as many stars as letters are left out, two at most."""
    return given[:1] + "*" * min(len(given) - 1, 2) if given else ""


def email_if_any(address: str | None) -> str | None:
    """The same, where there may be none."""
    return None if address is None else email(address)


def number_if_any(given: str | None) -> str | None:
    """``number``, where there may be none."""
    return None if given is None else number(given)


def number(given: str) -> str:
    """The last four of a number of a document, of a card or of a taxpayer."""
    return f"****{given[-4:]}" if len(given) > 8 else "****"


def within(text: str) -> str:
    """A text of others in which mobile numbers of mainland China and e-mail addresses are masked."""
    text = _MOBILE.sub(lambda found: phone(re.sub("[ -]", "", found[0])), text)
    return _EMAIL.sub(lambda found: email(found[0]), text)
