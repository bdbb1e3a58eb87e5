"""Expiring bonus 赠送金到期提醒: its customer is told some days ahead, once for each lot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from billing import terms
from core import clock, db
from ledger import expiry
from notifications import outbox, truth

PAGE = 1_000
_SPENT, _MOVED, _CHANGED = "spent", "moved", "changed"
_TOLD = "SELECT dedup_key, state, reason FROM outbox_message WHERE dedup_key = ANY ($1::text[])"


async def remind() -> int:
    """Tells of every lot that expires within the days of the terms and was not told of. Run by the clock. Returns how many."""
    days = terms.current().bonus_reminder_days
    if days == 0:
        return 0
    until, after, told = clock.now() + timedelta(days=days), None, 0
    while page := await expiry.soon(until, after=after, limit=PAGE):
        told += await _tell(page)
        after = page[-1]
    return told


@db.retried
async def _tell(page: Sequence[expiry.Expiring]) -> int:
    async with db.transaction():
        keys = [key for lot in page for key in (_key(lot), _again(lot))]
        ends = {row["dedup_key"]: row["reason"] for row in await db.fetch(_TOLD, keys)}
        messages = []
        for lot in page:
            # a lot that was partly spent before its message went out is told of once more, with what is left
            key = _key(lot) if _key(lot) not in ends else _again(lot) if ends[_key(lot)] == _CHANGED else None
            if key is None or key in ends:
                continue
            params = {"amount_fen": lot.amount_fen, "at": lot.expires_at, "lot_id": lot.lot_id}
            messages.append(
                outbox.Message(lot.customer_id, "bonus_expiring", key, params, stale_after=lot.expires_at)
            )
        await outbox.tell(messages)
    return len(messages)


def _key(lot: expiry.Expiring) -> str:
    return f"bonus_expiring:{lot.lot_id}"


def _again(lot: expiry.Expiring) -> str:
    return f"bonus_expiring:{lot.lot_id}:again"


async def _untrue(waiting: Sequence[truth.Waiting]) -> Mapping[int, str]:
    lots = await expiry.of_lots([int(one.params["lot_id"]) for one in waiting])
    found: dict[int, str] = {}
    for one in waiting:
        lot = lots.get(int(one.params["lot_id"]))
        if lot is None or lot.amount_fen == 0:
            found[one.id] = _SPENT
        elif lot.expires_at.isoformat() != one.params["at"]:
            found[one.id] = _MOVED
        elif lot.amount_fen != one.params["amount_fen"]:
            found[one.id] = _CHANGED
    return found


truth.register("bonus_expiring", _untrue)
