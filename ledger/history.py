"""History 变动记录: what happened to a customer's account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import db
from ledger import accounts


@dataclass(frozen=True, slots=True)
class Change:
    """One line: signed changes of principal and bonus, and the balance after it. ``entry_no`` orders the account's lines."""

    entry_no: int
    kind: str
    reference: str
    memo: str
    operator: str
    principal_fen: int
    bonus_fen: int
    balance_after_fen: int
    at: datetime


_PAGE = """
SELECT e.entry_no, t.kind, t.reference, t.memo, t.operator, e.principal_fen, e.bonus_fen,
       e.principal_after_fen + e.bonus_after_fen, e.created_at
FROM account a
JOIN entry e ON e.account_id = a.id
JOIN transfer t ON t.id = e.transfer_id
WHERE a.code = $1 AND e.entry_no < $2
ORDER BY e.entry_no DESC LIMIT $3
"""


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Change]:
    """The latest changes, newest first; ``before`` is the ``entry_no`` the last page ended at."""
    rows = await db.fetch(
        _PAGE, accounts.of_customer(customer_id), before if before is not None else 2**62, limit
    )
    return [Change(*row) for row in rows]


_LAST_DEDUCTION = """
SELECT e.entry_no FROM account a JOIN entry e ON e.account_id = a.id
WHERE a.code = $1 AND e.principal_fen + e.bonus_fen < 0 ORDER BY e.entry_no DESC LIMIT 1
"""


async def last_deduction(customer_id: int) -> int | None:
    """The number of the latest change that took money, if any."""
    entry_no: int | None = await db.fetchval(_LAST_DEDUCTION, accounts.of_customer(customer_id))
    return entry_no
