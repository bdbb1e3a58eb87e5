"""A stretch of time in a few figures: what was topped up, taken, given back and lapsed, what is overdue and what customers own at its
end, and what customers were told. Of all customers, or of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing import parts
from core import clock, db

_TO_BALANCE, _OUT, _RETURNED = "bill_refund", "top_up_refund", "top_up_refund_return"
_NAMED = frozenset({"top_up", "bill_payment", "bonus_expiry", _TO_BALANCE, _OUT, _RETURNED})


@dataclass(frozen=True, slots=True)
class Digest:
    """Amounts in fen. What moved is by the kind of change, with its sign as customers' accounts see it."""

    moved_fen: Mapping[str, int]
    owed_fen: int
    """What customers owe at the end: bills that are due and not paid."""
    bills_owed: int
    liability_fen: int
    """What the shop owes its customers at the end."""
    messages: Mapping[str, int]
    """Written in this time, by kind."""
    last_message_id: int
    last_transfer_id: int

    @property
    def topped_up_fen(self) -> int:
        return self.moved_fen.get("top_up", 0)

    @property
    def deducted_fen(self) -> int:
        return -self.moved_fen.get("bill_payment", 0)

    @property
    def refunded_fen(self) -> int:
        """To balances, and out of them to where top-ups came from."""
        back, out, returned = (self.moved_fen.get(kind, 0) for kind in (_TO_BALANCE, _OUT, _RETURNED))
        return back - out - returned

    @property
    def expired_fen(self) -> int:
        return -self.moved_fen.get("bonus_expiry", 0)

    @property
    def other_fen(self) -> int:
        """Every other change of balances, with its sign."""
        return sum(fen for kind, fen in self.moved_fen.items() if kind not in _NAMED)


_MOVED = """
SELECT t.kind, sum(e.principal_fen + e.bonus_fen)::bigint AS fen
FROM transfer t JOIN entry e ON e.transfer_id = t.id JOIN account a ON a.id = e.account_id
WHERE t.id > $3 AND e.created_at >= $1 AND a.kind = 'customer' AND ($2::bigint IS NULL OR a.code = 'customer:' || $2::bigint)
GROUP BY t.kind ORDER BY t.kind
"""
_HELD = """
SELECT coalesce(sum(principal_fen + bonus_fen), 0)::bigint FROM account
WHERE kind = 'customer' AND ($1::bigint IS NULL OR code = 'customer:' || $1::bigint)
"""
_OWED = f"""
SELECT coalesce(sum(b.listed_fen - {parts.NOT_YET_DUE_FEN.format(instant="$1")}), 0)::bigint AS fen, count(*) AS bills
FROM bill b WHERE b.listed_fen IS NOT NULL AND b.due_at <= $1 AND ($2::bigint IS NULL OR b.customer_id = $2)
"""
_MESSAGES = """
SELECT kind, count(*) AS number FROM outbox_message WHERE id > $1 AND ($2::bigint IS NULL OR customer_id = $2) GROUP BY kind ORDER BY kind
"""
_LAST_MESSAGE = "SELECT coalesce(max(id), 0) FROM outbox_message"
_LAST_TRANSFER = "SELECT coalesce(max(id), 0) FROM transfer"
_BY_THESE_NUMBERS = "SET LOCAL plan_cache_mode = force_custom_plan"
"""What is new is the end of tables that grow: a plan made for any number there may be would read all of them."""


async def since(
    begins_at: datetime, *, after_message_id: int, after_transfer_id: int = 0, customer_id: int | None = None
) -> Digest:
    """From an instant to now; of messages those after that one. With ``customer_id`` what concerns that customer.

    ``after_transfer_id`` says that no transfer up to it was stamped at that instant or later, so that those need not be looked at. It is for
    where nothing happens meanwhile: each figure is read by itself.
    """
    async with db.transaction():
        await db.execute(_BY_THESE_NUMBERS)
        moved = await db.fetch(_MOVED, begins_at, customer_id, after_transfer_id)
        owed = await db.fetchrow(_OWED, clock.now(), customer_id)
        assert owed is not None, "a sum has one row"
        messages = await db.fetch(_MESSAGES, after_message_id, customer_id)
        return Digest(
            moved_fen={row["kind"]: row["fen"] for row in moved},
            owed_fen=owed["fen"],
            bills_owed=owed["bills"],
            liability_fen=await db.fetchval(_HELD, customer_id),
            messages={row["kind"]: row["number"] for row in messages},
            last_message_id=await last_message_id(),
            last_transfer_id=await db.fetchval(_LAST_TRANSFER),
        )


async def last_message_id() -> int:
    """Of the newest message there is; 0: none."""
    return int(await db.fetchval(_LAST_MESSAGE))


_NEWEST = """
SELECT greatest((SELECT created_at FROM transfer ORDER BY id DESC LIMIT 1),
                (SELECT created_at FROM outbox_message ORDER BY id DESC LIMIT 1))
"""


async def newest() -> datetime | None:
    """When the newest change or message was written; None: there is none."""
    found: datetime | None = await db.fetchval(_NEWEST)
    return found
