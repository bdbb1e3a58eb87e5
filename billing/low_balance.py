"""Low balances 余额不足提醒: what follows when a deduction takes a balance below its owner's alert line.

The customer's message is written with the deduction, once per crossing (``notifications.outbox``); here it learns how long the
balance will last, and the shop's people are alerted: one open alert a customer, until the balance is above the line again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from billing import forecast, job_record, staff_alerts
from core import db
from ledger import accounts
from notifications import outbox, truth


async def tell(messages: Sequence[outbox.Message], movements: Sequence[outbox.Movement]) -> None:
    """``outbox.tell``, and what follows for the customers whose balance fell below their line."""
    if crossed := await outbox.tell(messages, movements):
        await _follow(crossed)


_ADD_FORECAST = """
UPDATE outbox_message SET params = params || f.more::jsonb FROM unnest($1::text[], $2::text[]) AS f (dedup_key, more)
WHERE outbox_message.dedup_key = f.dedup_key
"""
_NAMES = "SELECT id, name FROM customer WHERE id = ANY ($1::bigint[])"


async def _follow(crossed: Sequence[outbox.Crossing]) -> None:
    ids = sorted({one.customer_id for one in crossed})
    names = {row["id"]: row["name"] for row in await db.fetch(_NAMES, ids)}
    await staff_alerts.raise_all(
        "low_balance",
        {
            str(one.customer_id): {
                "customer_id": one.customer_id,
                "name": names[one.customer_id],
                "available_fen": one.available_fen,
                "threshold_fen": one.threshold_fen,
            }
            for one in crossed
        },
    )
    lasts = await forecast.of_many(ids)
    known = [
        (one.dedup_key, {"days": found.days, "runs_out_on": found.runs_out_on.isoformat()})
        for one in crossed
        if (found := lasts[one.customer_id]).runs_out_on is not None
    ]
    if known:
        await db.execute(_ADD_FORECAST, [key for key, _ in known], [json.dumps(more) for _, more in known])


_LINES = f"SELECT c.id, {outbox.ALERT_LINE} AS threshold_fen FROM customer c WHERE c.id = ANY ($1::bigint[])"


async def resolve_recovered(*, limit: int = 5_000) -> int:
    """Ends the alerts of customers whose balance is not below their line any more. Run by the clock. Returns how many."""
    open_for = [int(key) for key in await staff_alerts.open_keys("low_balance", limit=limit)]
    lines = {row["id"]: row["threshold_fen"] for row in await db.fetch(_LINES, open_for)}
    balances = await accounts.balances([accounts.of_customer(number) for number in open_for])
    recovered = [
        str(number)
        for number in open_for
        if lines.get(number) is None
        or (held := balances.get(accounts.of_customer(number))) is None
        or held.available_fen >= lines[number]
    ]
    async with db.transaction():
        await job_record.still_ours()
        return await staff_alerts.resolve("low_balance", recovered)


_RECOVERED = "recovered"


async def _recovered(waiting: Sequence[truth.Waiting]) -> Mapping[int, str]:
    """An alert is not true any more when the balance is back above the line that it told of."""
    codes = {one.customer_id: accounts.of_customer(one.customer_id) for one in waiting}
    balances = await accounts.balances(sorted(set(codes.values())))
    return {
        one.id: _RECOVERED
        for one in waiting
        if (held := balances.get(codes[one.customer_id])) is not None
        and "threshold_fen" in one.params
        and held.available_fen >= int(one.params["threshold_fen"])
    }


truth.register("low_balance", _recovered)
