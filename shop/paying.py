"""Orders paid from the balances as a set: the fast lane of ``shop.orders.pay``.

It does the plain case only, in one statement (``migrations/sql/orders_pay.sql``) for all who ask at once, and leaves everything else
as it was, without a word: ``shop.orders`` pays those alone and says why they cannot be paid. Whoever adds a reason not to pay an
order from the balance adds it there *and* to that statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import batches, clock, db
from ledger import idempotency

_PAY = "SELECT * FROM orders_pay($1, $2, $3, $4, $5, $6)"
_NO_LENGTH, KEY_LENGTH = 32, 64


@dataclass(frozen=True, slots=True)
class _Asked:
    customer_id: int
    order_no: str
    key: str
    fingerprint: bytes


async def at_once(customer_id: int, order_no: str, *, key: str) -> list[tuple[Any, ...]] | None:
    """Pays the order together with those of others. Returns the paid order's columns with those of each of its lines, or None:
    it is to be paid alone."""
    if not (is_plain(order_no, _NO_LENGTH) and is_plain(key, KEY_LENGTH)):
        return None  # what the database would refuse would be refused to all of the set
    return await _payments.done(
        _Asked(customer_id, order_no, key, idempotency.fingerprint({"order_no": order_no}))
    )


def is_plain(text: str, length: int) -> bool:
    """Whether a number or key is one that the database can keep."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= length


async def _pay(asked: Sequence[_Asked]) -> list[Any]:
    now = clock.now()
    rows = await db.fetch(
        _PAY,
        now,
        now.isoformat(),
        [one.customer_id for one in asked],
        [one.order_no for one in asked],
        [one.key for one in asked],
        [one.fingerprint for one in asked],
    )
    answers: dict[int, Any] = {}
    for row in rows:
        outcome, customer_id = row[0], row[3]
        if outcome == "busy":
            answers[customer_id] = batches.AGAIN
        else:
            answers.setdefault(customer_id, []).append(row[1:])
    return [answers.get(one.customer_id) for one in asked]


_payments: batches.Batches[_Asked, list[tuple[Any, ...]]] = batches.Batches(
    _pay, of=lambda asked: asked.customer_id
)
