"""One shop account that receives everything, against the same payments spread over many.

House accounts carry no balance, so there should be nothing to queue for. Books that update the shop's row with every payment
show what it is like where there is: ``peer-pgledger`` and ``peer-pgledger-spread``.
"""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import AsyncIterator

from benchmarks import counters, crowd, place, seeds
from benchmarks.rounds import Contest
from core import clock, db
from ledger import accounts, posting

SHOPS = 500
FLOOR = f"the same payments spread over {SHOPS} shop accounts"

_OPEN = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy,
                     created_at)
SELECT 'house:shop_' || n, 'house', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', $2 FROM generate_series(1, $1::int) AS n
RETURNING code
"""


@contextlib.asynccontextmanager
async def payments(where: place.Place) -> AsyncIterator[Contest]:
    """``ledger.posting.post_one`` of random customers, all to ``house:revenue`` or each to a random shop."""
    async with place.opened(where):
        customers = await seeds.rich()
        shops = [row["code"] for row in await db.fetch(_OPEN, SHOPS, clock.now())]

        async def pay(shop: str) -> None:
            code = accounts.of_customer(random.choice(customers))
            leg = posting.debit(code, shop, seeds.PRICE_FEN)
            await posting.post_one(
                posting.Transfer(f"benchmark:{uuid.uuid4().hex}", "benchmark", (leg,), operator=code)
            )

        async def spread(seconds: float) -> float:
            return await crowd.at_once(lambda: pay(random.choice(shops)), seconds)

        async def hot(seconds: float) -> float:
            return await crowd.at_once(lambda: pay(accounts.REVENUE), seconds)

        async def counted() -> dict[str, float]:
            return await counters.per_operation(where.database_url, lambda _: pay(accounts.REVENUE))

        async def before_round() -> None:
            """Nothing is used up but money, of which there is plenty."""

        yield Contest(floor=spread, subject=hot, counters=counted, before_round=before_round)
