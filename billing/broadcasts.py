"""Broadcasts 群发: a word to everybody in a segment who agreed to marketing. Above the shop's limit a second person agrees to it, to the very
text and rule.

What is sent is marketing like any other: consent, quiet hours and how often are looked at when each message goes out (``notifications``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from billing import approvals, terms
from core import clock, db, errors
from ledger import idempotency
from members import segment_reach, segment_rules, segment_runs, segments
from members.segment_reach import Reach

KeyReused = idempotency.KeyReused
NoSuchSegment = segments.NoSuchSegment
KIND = "broadcast"


class BroadcastUnderWay(errors.Conflict):
    """The same words are on their way to this segment already, or wait for a second person."""

    code = "broadcast_under_way"


class BroadcastNeedsSecond(errors.Conflict):
    """So many are reached that a second person has to agree; ask for it as a broadcast."""

    code = "broadcast_needs_second"


class NobodyToReach(errors.Conflict):
    """Nobody in the segment has agreed to marketing."""

    code = "nobody_to_reach"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking for a broadcast came to: begun (``run``), or waiting for a second person (``approval_no``)."""

    run: segment_runs.Run | None
    approval_no: str | None


async def preview(segment_id: int) -> Reach:
    """Whom it would reach now, and why others not.

    Raises:
        NoSuchSegment.
    """
    return await segment_reach.of((await segments.get(segment_id)).rule)


@db.retried
async def start(operator_id: int, segment_id: int, text: str, *, alone: bool = False, key: str) -> Outcome:
    """Begins one, or has it wait for a second person; ``alone``: refuses what takes one. What the same person began alone within the
    shop's window counts with it, so that a large segment is not written to in small ones.

    Raises:
        NoSuchSegment, BroadcastUnderWay, BroadcastNeedsSecond, NobodyToReach, KeyReused.
    """

    async def act() -> str:
        await approvals.one_request(KIND, f"operator:{operator_id}")
        await approvals.one_request(KIND, f"{segment_id}:{hashlib.sha256(text.encode()).hexdigest()}")
        rule = (await segments.get(segment_id)).rule
        await _refuse_same(segment_id, text)
        reach = await segment_reach.of(rule)
        if not reach.told and not alone:
            raise NobodyToReach
        written = segments.dumped(rule)
        if await _may_alone(operator_id, reach.told):
            return await segment_runs.begin(
                segment_id, "message", written, text=text, by=f"operator:{operator_id}", expected=reach.told
            )
        if alone:
            raise BroadcastNeedsSecond(customers=reach.told, most=terms.current().broadcast_approval_above)
        params = {"segment_id": segment_id, "text": text, "rule": written, "expected": reach.told}
        reason = f"{reach.told} 人 · people: {text}"
        return await approvals.request(
            KIND, params, amount_fen=0, reason=reason[:200], operator_id=operator_id
        )

    content = {"segment_id": segment_id, "text": text, "alone": alone}
    async with db.transaction():
        made = await idempotency.once(
            caller=f"operator:{operator_id}", operation="broadcasts.start", key=key, content=content, act=act
        )
    waits = made.startswith(approvals.PREFIX)
    return Outcome(None if waits else await segment_runs.get(made), made if waits else None)


_ALONE = """
SELECT coalesce(sum(greatest(expected, done)), 0) FROM segment_run
WHERE kind = 'message' AND asked_by = $1 AND created_at > $2 AND approval_no IS NULL
"""


async def _may_alone(operator_id: int, told: int) -> bool:
    since = clock.now() - timedelta(hours=terms.current().approval_window_hours)
    before = int(await db.fetchval(_ALONE, f"operator:{operator_id}", since))
    return before + told <= terms.current().broadcast_approval_above


_SAME = """
SELECT EXISTS (SELECT FROM segment_run
               WHERE segment_id = $1 AND kind = 'message' AND text = $2 AND state IN ('running', 'paused'))
"""


async def _refuse_same(segment_id: int, text: str) -> None:
    waits = await approvals.is_waiting(KIND, {"segment_id": segment_id, "text": text})
    if waits or await db.fetchval(_SAME, segment_id, text):
        raise BroadcastUnderWay


async def _approved(approval: approvals.Approval) -> str:
    params = approval.params
    segment_rules.check(segment_rules.read(json.loads(params["rule"])))
    return await segment_runs.begin(
        params["segment_id"], "message", params["rule"], text=params["text"], by=f"operator:{approval.requested_by}",
        expected=params["expected"], approval_no=approval.approval_no,
    )  # fmt: skip


approvals.register(KIND, _approved, None)
