"""Automatic top-ups: before a bill that could not be taken is tried again, somebody may be able to bring the money.

Whoever can take money elsewhere unasked (delegated deduction by a channel, say) registers with ``offer`` when it is imported, as followers of
bills do with ``settled.follow``. Dunning asks it once for each case, after the first try and before the first of the ladder, outside any
transaction. What it starts comes in like any top-up, and new money settles what is owed (``matching``). Without anybody registered nothing
happens; one that refuses, fails or does not answer is logged, and the ladder goes on as if it had not been asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core import clock, db
from ledger import accounts

log = logging.getLogger(__name__)

ANSWERS_WITHIN_S = 15.0
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Short:
    """A bill of a plan that could not be taken in full: ``owed_fen`` is what is left of it, ``available_fen`` what the balance has.

    ``reference`` names the case: of whatever is started under it there is to be one."""

    reference: str
    customer_id: int
    plan_id: int
    bill_no: str
    owed_fen: int
    available_fen: int

    @property
    def missing_fen(self) -> int:
        """What is lacking."""
        return max(0, self.owed_fen - self.available_fen)


Source = Callable[[Short], Awaitable[bool]]
"""Is told what is short, and answers whether it has started a top-up. May call its channel."""

_sources: list[Source] = []


def offer(source: Source) -> Callable[[], None]:
    """From now on ``source`` is asked, after those that were there before it. Returns what takes it away again."""
    _sources.append(source)
    return lambda: _sources.remove(source)


# the mark comes before the question: who dies in between has not asked, and the ladder goes on; nobody is asked twice
_CLAIM = """
WITH due AS (
    SELECT d.id FROM dunning_case d JOIN bill b ON b.id = d.bill_id
    WHERE d.state = 'open' AND d.tries = 1 AND d.top_up_asked_at IS NULL AND b.state IN ('open', 'partly_paid') AND b.pending_no IS NULL
        AND b.automatic AND b.collect_mode <> 'instalments'
    ORDER BY d.id LIMIT $2 FOR NO KEY UPDATE OF d SKIP LOCKED
), asked AS (
    UPDATE dunning_case d SET top_up_asked_at = $1 FROM due WHERE d.id = due.id RETURNING d.id, d.bill_id, d.plan_id
)
SELECT 'dunning:' || asked.id AS reference, b.customer_id, asked.plan_id, b.bill_no, b.amount_fen - b.paid_fen AS owed_fen
FROM asked JOIN bill b ON b.id = asked.bill_id ORDER BY asked.id
"""


async def ask_for_what_is_short(most: int) -> int:
    """Asks whoever is registered about the cases that nobody was asked about yet, so many at most. Returns how many top-ups were started."""
    if not _sources:
        return 0
    rows = await db.fetch(_CLAIM, clock.now(), most)
    few = asyncio.Semaphore(_AT_ONCE)

    async def ask(row: Mapping[str, Any]) -> bool:
        async with few:
            balance = await accounts.balance(row["customer_id"])
            return await _ask(Short(**dict(row), available_fen=balance.available_fen))

    return sum(await asyncio.gather(*(ask(row) for row in rows)))


async def _ask(short: Short) -> bool:
    """The first that starts one is the last that is asked."""
    for source in tuple(_sources):
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                if await source(short):
                    log.info("a top-up was started for bill %s", short.bill_no)
                    return True
        except Exception:  # whatever it stumbles over must not stop the ladder
            log.exception("a top-up for bill %s could not be started", short.bill_no)
    return False
