"""Standing: where money goes that comes for a customer who is gone.

A payment can succeed late, a refund can come back after its customer's account was merged into another or closed. It is posted
as ever, to the account it belongs to, and in the same transaction: of a merged customer it moves on to the one they were merged
into; a closed customer is being closed again, and the shop's people are alerted to pay the money out.

The state of a customer changes under the lock of the account; who holds that lock sees it.
"""

from __future__ import annotations

from billing import caps, staff_alerts
from core import clock, db, ids
from ledger import accounts, moves
from members import customers
from notifications import outbox

_STATE = "SELECT state, merged_into_id FROM customer WHERE id = $1"
_REOPENED = """
WITH again AS (
    UPDATE closing SET state = 'paying', closed_at = NULL
    WHERE id = (SELECT max(id) FROM closing WHERE customer_id = $1) RETURNING customer_id
)
UPDATE customer SET state = 'closing' FROM again WHERE customer.id = again.customer_id
"""
LONGEST_CHAIN = 16
"""So often may a customer have been merged into another who was merged in turn."""


async def keeper(customer_id: int) -> int:
    """Whose the money is that just came to this customer's account: their own, or after a merge another's, to whom it is moved
    at once. Part of the caller's transaction, which holds the account's lock."""
    row = await db.fetchrow(_STATE, customer_id)
    if row is None or row["state"] not in ("merged", "closed"):
        return customer_id
    if row["state"] == "merged":
        heir_id = await heir(customer_id)
        await hand_over(customer_id, heir_id, operator="clock", reason="")
        return await keeper(heir_id)  # whose account may be closed by now
    await db.execute(_REOPENED, customer_id)
    balance = await accounts.balance(customer_id)
    told = {"customer_id": customer_id, "amount_fen": balance.balance_fen}
    await staff_alerts.raise_once("late_money", str(customer_id), told)
    return customer_id


async def stays(customer_id: int) -> bool:
    """Whether a customer's account is neither merged nor closed nor being closed; it stays so until the caller's transaction ends, which
    locks the account here."""
    await accounts.locked([accounts.of_customer(customer_id)])
    row = await db.fetchrow(_STATE, customer_id)
    return row is not None and row["state"] not in customers.LEFT


async def heir(customer_id: int) -> int:
    """Who a merged customer is today; themselves if they were not merged."""
    for _ in range(LONGEST_CHAIN):
        row = await db.fetchrow(_STATE, customer_id)
        if row is None or row["merged_into_id"] is None:
            return customer_id
        customer_id = row["merged_into_id"]
    raise AssertionError(f"customer {customer_id} was merged in a circle")


_RECORD = """
INSERT INTO move (move_no, kind, giver_id, receiver_id, principal_fen, bonus_fen, reason, operator, approval_no, created_at)
VALUES ($1, 'merge', $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def hand_over(
    gone_id: int, kept_id: int, *, operator: str, reason: str, approval_no: str | None = None
) -> str | None:
    """Moves all that one customer has to another, lot by lot, and tells the other. None: there was nothing to move.

    Both customers' accounts are locked here.
    """
    await moves.lock(gone_id, kept_id)
    parts = await moves.open_parts(gone_id, expired_too=True)
    if not parts:
        return None
    number, now = ids.new_no("X"), clock.now()
    amounts = {
        kind: sum(part.amount_fen for part in parts if part.kind == kind) for kind in ("principal", "bonus")
    }
    await db.execute(
        _RECORD,
        number,
        gone_id,
        kept_id,
        amounts["principal"],
        amounts["bonus"],
        reason,
        operator,
        approval_no,
        now,
    )
    _, given = await moves.post(
        "merge", number, parts, giver=gone_id, receiver=kept_id, operator=operator, memo=reason
    )
    told = {"amount_fen": given.moved_fen, "available_fen": given.available_after_fen, "at": now}
    await outbox.tell([outbox.Message(kept_id, "merged", given.reference, told)])
    await caps.alert_if_over(kept_id)
    return number
