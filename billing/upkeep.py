"""Upkeep: what the clock does for the books themselves, and for what is written down of operators."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from billing import job_record, staff_alerts
from core import chain, clock, db
from ledger import idempotency, proof
from ledger import seal as seals
from members import act_seals

log = logging.getLogger(__name__)

Violation = proof.Violation
Proof = proof.Proof

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


async def check_acts() -> act_seals.Checked:
    """Looks at whether what operators did is as it was sealed, each day of theirs once a day; logs what is not and alerts the shop's people.

    One alert is open per day that is not; it is resolved when its acts are found as they were sealed.
    """
    found = await act_seals.check()
    await _alert_of_acts(found.differences, found.days)
    return found


async def verify_acts() -> act_seals.Verified:
    """Computes all seals of what operators did again, and alerts as ``check_acts`` does."""
    found = await act_seals.verify()
    if found.difference is not None:
        await _alert_of_acts([found.difference], [])
    else:
        open_days = await staff_alerts.open_keys("acts_changed", limit=1_000)
        await _alert_of_acts([], [date.fromisoformat(day) for day in open_days])
    return found


async def _alert_of_acts(differences: Sequence[chain.Difference], intact: Iterable[date]) -> None:
    for one in differences:
        log.error("what operators did is not as it was sealed: %s", one)
    first = {one.day: one for one in reversed(differences)}
    async with db.transaction():
        await job_record.still_ours()
        for day, one in sorted(first.items()):
            await staff_alerts.raise_once(
                "acts_changed", day.isoformat(), {"day": day.isoformat(), "what": str(one)}
            )
        await staff_alerts.resolve("acts_changed", [day.isoformat() for day in intact if day not in first])


async def seal() -> seals.Sealed:
    """Seals the finished business days that have no seal yet."""
    return await seals.run()


async def verify_seals() -> seals.Verified:
    """Computes all seals again from the books and compares."""
    return await seals.verify()
