"""Upkeep: what the clock does for the books themselves."""

from __future__ import annotations

import logging
from datetime import timedelta

from core import clock
from ledger import holds, idempotency, proof

log = logging.getLogger(__name__)

Violation = proof.Violation

KEYS_KEPT = timedelta(days=7)
"""How long a caller's key is remembered."""


async def expire_holds() -> int:
    """Frees holds whose time is over. Returns how many."""
    return await holds.expire_due()


async def forget_keys() -> int:
    """Drops callers' keys older than a week. Returns how many."""
    return await idempotency.forget_before(clock.now() - KEYS_KEPT)


async def prove(*, freshness: bool = True) -> list[Violation]:
    """Proves the books and logs each violation as an error; an empty list is the proof."""
    found = await proof.check(freshness=freshness)
    for violation in found:
        log.error("the books do not balance: %s", violation)
    return found
