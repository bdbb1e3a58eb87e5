"""A day is closed when everything is explained, and only then; its fees go into the books with it. It can be opened again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from core import clock, db, errors
from ledger import idempotency
from reconciliation import days, differences, fee_postings, history


class NotExplained(errors.Conflict):
    """Differences of the day are not resolved, or its bill has not been compared yet."""

    code = "day_not_explained"


class NothingToReopen(errors.Conflict):
    """The day is not closed."""

    code = "day_not_closed"


KeyReused = idempotency.KeyReused

_CLOSED = """
UPDATE channel_day SET state = 'closed', closed_at = $2, closed_by = $3, match_at = NULL, fetch_at = NULL WHERE id = $1
"""


async def close(operator_id: int, channel: str, day: date, *, key: str) -> days.Day:
    """An operator closes a day. A closed one stays as it is.

    Raises:
        NoSuchDay, NotExplained, KeyReused.
    """

    async def act() -> str:
        found = await days.locked(channel, day)
        if found.state != "closed":
            if found.state != "matched" or await differences.unresolved(found.id):
                raise NotExplained(differences=await differences.unresolved(found.id))
            await _close(found, f"operator:{operator_id}")
        return channel

    await _once("closing.close", operator_id, channel, day, "", key, act)
    return await days.get(channel, day)


@db.retried
async def close_if_explained(day_id: int) -> bool:
    """The clock closes a compared day that has nothing left to explain. Says whether it did."""
    async with db.transaction():
        found = await days.locked_by_id(day_id)
        if found.state != "matched" or found.match_at is not None or await differences.unresolved(day_id):
            return False
        await _close(found, history.CLOCK)
        return True


_ASK_FOR_FUNDS = "UPDATE channel_day SET funds_at = $2 WHERE id = $1"
"""The shop may have taken its money to the bank on a day without trades."""
_OURS = """
SELECT EXISTS (SELECT FROM payment WHERE channel = $1 AND paid_at >= $2 AND paid_at < $3)
    OR EXISTS (SELECT FROM refund_part WHERE tender = $1 AND state = 'paid' AND ended_at >= $2 AND ended_at < $3)
"""


@db.retried
async def close_if_empty(day_id: int) -> bool:
    """Closes a day for which there is no bill, where we have nothing either: channels make none of days without trades. Says
    whether it did."""
    async with db.transaction():
        found = await days.locked_by_id(day_id)
        if found.state != "waiting" or await db.fetchval(_OURS, found.channel, found.begins, found.ends):
            return False
        await _close(found, history.CLOCK)
        await db.execute(_ASK_FOR_FUNDS, day_id, clock.now())
        return True


async def _close(day: days.Day, by: str) -> None:
    fee_fen = await fee_postings.post(day, by=by)
    await db.execute(_CLOSED, day.id, clock.now(), by)
    await history.add(day.id, "closed", by, fee_fen=fee_fen)
    await differences.alert(day)


_OPENED = """
UPDATE channel_day SET state = $2, closed_at = NULL, closed_by = NULL, match_at = $3, fetch_at = $4 WHERE id = $1
"""
_HAS_BILL = "SELECT EXISTS (SELECT FROM bill_file WHERE day_id = $1 AND is_current)"


async def reopen(operator_id: int, channel: str, day: date, *, reason: str, key: str) -> days.Day:
    """Opens a closed day again, with a reason: its fees are taken back out of the books, and it is compared anew.

    Raises:
        NoSuchDay, NothingToReopen, KeyReused.
    """

    async def act() -> str:
        found, who = await days.locked(channel, day), f"operator:{operator_id}"
        if found.state != "closed":
            raise NothingToReopen(channel=channel, day=day)
        await fee_postings.reverse(found, by=who)
        has_bill = await db.fetchval(_HAS_BILL, found.id)
        now = clock.now()
        await db.execute(
            _OPENED,
            found.id,
            "imported" if has_bill else "waiting",
            now if has_bill else None,
            None if has_bill else now,
        )
        await history.add(found.id, "reopened", who, reason=reason)
        return channel

    await _once("closing.reopen", operator_id, channel, day, reason, key, act)
    return await days.get(channel, day)


async def _once(
    operation: str,
    operator_id: int,
    channel: str,
    day: date,
    reason: str,
    key: str,
    act: Callable[[], Awaitable[str]],
) -> None:
    await idempotency.alone(
        caller=f"operator:{operator_id}", operation=operation, key=key,
        content={"channel": channel, "day": day, "reason": reason}, act=act, answer=channel,
    )  # fmt: skip
