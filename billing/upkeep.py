"""Upkeep: what the clock does for the books themselves."""

from __future__ import annotations

import logging
from datetime import timedelta

from billing import job_record, staff_alerts
from core import clock, db
from ledger import idempotency, proof
from ledger import seal as seals

log = logging.getLogger(__name__)

Violation = proof.Violation
Proof = proof.Proof
Sealed = seals.Sealed
Verified = seals.Verified

KEYS_KEPT = timedelta(days=7)
"""How long a caller's key is remembered."""


async def forget_keys() -> int:
    """Drops callers' keys older than a week. Returns how many."""
    return await idempotency.forget_before(clock.now() - KEYS_KEPT)


async def prove(*, freshness: bool = True, since_last: bool = False) -> Proof:
    """Proves the books, records the result, logs each violation as an error and alerts the shop's people.

    With ``since_last`` only what changed since the last successful proof is checked. One alert is open per broken invariant;
    it is resolved by a proof of the whole database that finds the invariant kept. A worker that was frozen while it looked, so that
    another has looked since, records nothing and resolves nothing.
    """
    result = await proof.run(
        freshness=freshness, since_last=since_last, before_recording=job_record.still_ours
    )
    for violation in result.violations:
        log.error("the books do not balance: %s", violation)
    await _alert(result, freshness=freshness)
    return result


async def _alert(result: Proof, *, freshness: bool) -> None:
    broken = {violation.invariant: violation for violation in reversed(result.violations)}
    async with db.transaction():
        await job_record.still_ours()
        for invariant, violation in sorted(broken.items()):
            params = {
                "invariant": invariant,
                "title": violation.title,
                "count": violation.count,
                "where": ", ".join(violation.where),
            }
            await staff_alerts.raise_once("proof_failed", invariant, params)
        if result.since is None:
            kept = set(proof.INVARIANTS) - broken.keys() - (set() if freshness else {proof.FRESHNESS})
            await staff_alerts.resolve("proof_failed", kept)


async def seal() -> seals.Sealed:
    """Seals the finished business days that have no seal yet."""
    return await seals.run()


async def verify_seals() -> seals.Verified:
    """Computes all seals again from the books and compares."""
    return await seals.verify()
