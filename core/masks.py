"""Masks 打码: as much of a value as its owner recognises it by, and nobody else can use."""

from __future__ import annotations


def phone(number: str) -> str:
    """``138****0001``; of a number that is too short to leave anything out, nothing is shown."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > 8 else "****"


def email(address: str) -> str:
    """``z***@example.com``."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def name(given: str) -> str:
    """``张**``: the first letter, and as many stars as letters are left out, two at most."""
    return given[:1] + "*" * min(len(given) - 1, 2) if given else ""


def number(given: str) -> str:
    """The last four of a number of a document, of a card or of a taxpayer."""
    return f"****{given[-4:]}" if len(given) > 8 else "****"
