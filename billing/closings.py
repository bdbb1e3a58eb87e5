"""Closings 销户: a customer gives the account up; the principal is paid out, the bonus goes back to the house.

Always with a second person. From the approval on the customer is ``closing``: plans have ended, bonus, points and coupons are gone, nobody signs in.
Where that is wanted, what is left of top-ups goes back by the channel it came through, within the channel's year: it leaves the
account at once, the clock takes it to the channel, and what the channel refuses returns. The rest of the principal is paid out at
the counter against a receipt. When nothing is left and no refund is under way the customer is ``closed``. Money that comes later
opens the closing again (``billing.standing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing import approvals, plans, refund_records, staff_alerts, top_up_refunds
from core import clock, db, errors, ids
from ledger import accounts, credit_line, idempotency, moves, posting
from members import customers, leaving
from notifications import outbox


class CannotClose(errors.Conflict):
    """Something stands in the way: a bill that is owed, money on hold, a refund under way, an invoice that is asked for, or the account is gone
    already."""

    code = "cannot_close"


class NoSuchClosing(errors.NotFound):
    """There is no closing of this number."""

    code = "no_such_closing"


NoSuchCustomer = customers.NoSuchCustomer
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Preview:
    """What closing an account would do, as things stand now. ``obstacles`` empty: it could be done."""

    customer_id: int
    principal_fen: int
    """To be paid out, by channels or at the counter."""
    by_channel_fen: int
    """How much of that channels can still pay back."""
    bonus_fen: int
    """To go back to the house."""
    plans: int
    """To be ended."""
    pending_top_ups: int
    points: int
    """To be gone, as the coupons."""
    coupons: int
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """An account that is being closed (``paying``) or is ``closed``."""

    id: int
    closing_no: str
    customer_id: int
    reason: str
    operator_id: int
    approval_no: str
    state: str
    bonus_fen: int
    paid_out_fen: int
    created_at: datetime
    closed_at: datetime | None


_COUNTS = """
SELECT (SELECT count(*) FROM plan WHERE customer_id = $1 AND state IN ('active', 'paused')),
       (SELECT count(*) FROM top_up WHERE customer_id = $1 AND state = 'pending'),
       coalesce((SELECT points FROM points_account WHERE customer_id = $1), 0),
       (SELECT count(*) FROM coupon WHERE customer_id = $1 AND state = 'unused')
"""
_OBSTACLES = """
SELECT why FROM (
    SELECT 1, 'customer_not_active' FROM customer WHERE id = $1 AND state NOT IN ('active', 'blocked')
    UNION SELECT 2, 'held' FROM account WHERE code = $2 AND held_fen > 0
    UNION SELECT 3, 'bill_owed' FROM bill
          WHERE customer_id = $1 AND state IN ('open', 'partly_paid') AND (pending_no IS NOT NULL OR state = 'partly_paid' OR source NOT LIKE 'order:%')
    UNION SELECT 4, 'credit_used' FROM account WHERE code = $2 AND credit_used_fen > 0
    UNION SELECT 5, 'refund_open' FROM refund WHERE customer_id = $1 AND state IN ('requested', 'open')
    UNION SELECT 6, 'invoice_open' FROM invoice_request WHERE customer_id = $1 AND state = 'requested'
) o (place, why) ORDER BY place
"""


_RULE: Final = "unspent_only"
"""Nobody keeps an account for a rule's sake: all principal leaves, whatever its top-ups say of refunds."""
_LOOKED_AT = 200


async def preview(customer_id: int) -> Preview:
    """What closing the account would do, and what stands in the way.

    Raises:
        NoSuchCustomer: there is none of this id.
    """
    await customers.get(customer_id)
    counts = await db.fetchrow(_COUNTS, customer_id)
    assert counts is not None, "a SELECT without FROM has one row"
    balance = await accounts.balance(customer_id)
    top_ups = await top_up_refunds.newest(customer_id, limit=_LOOKED_AT)
    offers = [await top_up_refunds.offer(one, rule=_RULE) for one in top_ups if one.tender != "counter"]
    return Preview(
        customer_id, balance.principal_fen, sum(one.refundable_fen for one in offers), balance.bonus_fen, plans=counts[0],
        pending_top_ups=counts[1], points=counts[2], coupons=counts[3],
        obstacles=await _obstacles(customer_id),
    )  # fmt: skip


async def _obstacles(customer_id: int) -> tuple[str, ...]:
    rows = await db.fetch(_OBSTACLES, customer_id, accounts.of_customer(customer_id))
    return tuple(row["why"] for row in rows)


@db.retried
async def request(
    operator_id: int, customer_id: int, *, reason: str, by_channel: bool = False, key: str
) -> str:
    """Asks for an account to be closed; a second person decides. Returns the approval's number. ``by_channel``: what is left of
    top-ups goes back by their channels as far as those can; else all of it is paid out at the counter.

    Raises:
        NoSuchCustomer, CannotClose, KeyReused.
    """
    await customers.get(customer_id)
    content = {"customer_id": customer_id, "reason": reason, "by_channel": by_channel}

    async def act() -> str:
        if obstacles := await _obstacles(customer_id):
            raise CannotClose(obstacles=", ".join(obstacles))
        balance = await accounts.balance(customer_id)
        return await approvals.request(
            "closing", content, amount_fen=balance.principal_fen, reason=reason, operator_id=operator_id,
            customer_id=customer_id,
        )  # fmt: skip

    async with db.transaction():
        return await idempotency.once(
            caller=f"operator:{operator_id}", operation="closings.request", key=key, content=content, act=act
        )


_LOCK_CUSTOMER = "SELECT 1 FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_CLOSING = "UPDATE customer SET state = 'closing' WHERE id = $1"
_START = """
INSERT INTO closing (closing_no, customer_id, reason, operator_id, approval_no, state, bonus_fen, paid_out_fen, created_at)
VALUES ($1, $2, $3, $4, $5, 'paying', 0, 0, $6) RETURNING id
"""


async def _approved(approval: approvals.Approval) -> str:
    """Top-ups and plans before the account, as everywhere; the obstacles are looked at again under all of them."""
    customer_id, reason = approval.params["customer_id"], approval.params["reason"]
    number, now = ids.new_no("Z"), clock.now()
    top_ups = await top_up_refunds.lock_of(customer_id) if approval.params["by_channel"] else []
    operator = f"operator:{approval.requested_by}"
    await plans.end_all(customer_id, by=operator)
    await moves.lock(customer_id)
    await db.fetchval(
        _LOCK_CUSTOMER, customer_id
    )  # who asks for an invoice has it locked, and not the account
    if obstacles := await _obstacles(customer_id):
        raise CannotClose(obstacles=", ".join(obstacles))
    closing_id = await db.fetchval(
        _START, number, customer_id, reason, approval.requested_by, approval.approval_no, now
    )
    await credit_line.set_limit(customer_id, 0, automatic_only=False)
    await db.execute(_CLOSING, customer_id)
    await plans.end_all(customer_id, by=operator)  # one that began while we waited for the customer's row
    forfeited_fen = await forfeit(closing_id, number, customer_id, operator)
    await leaving.end(customer_id, operator=operator)
    balance = await accounts.balance(customer_id)
    await approvals.agree_to(approval, max(0, balance.principal_fen - approval.amount_fen))
    await _send_back(top_ups, number, operator, decided_by=f"operator:{approval.decided_by}")
    told = {"bonus_fen": forfeited_fen, "amount_fen": balance.principal_fen, "reason": reason, "at": now}
    await outbox.tell([outbox.Message(customer_id, "account_closing", f"closing:{number}", told)])
    await finish(closing_id, customer_id)
    return number


approvals.register("closing", _approved, "refunds")


async def _send_back(
    top_ups: Sequence[top_up_refunds.TopUp], closing_no: str, operator: str, *, decided_by: str
) -> None:
    """Takes what channels can pay back out of the account, for the clock to take there: if we die now, it does all the same."""
    for top_up in top_ups:
        offered = await top_up_refunds.offer(top_up, rule=_RULE)
        if top_up.tender != "counter" and offered.amount_fen:
            await top_up_refunds.hold(
                top_up, None, operator=operator, reason=closing_no, tender=None, decided_by=decided_by, ask_at=clock.now(),
                rule=_RULE, closing_no=closing_no,
            )  # fmt: skip


async def refunds(closing_no: str) -> Sequence[refund_records.Refund]:
    """What went, or is to go, back by channels when the account was given up."""
    return await refund_records.of_closing(closing_no)


_FORFEITED = "UPDATE closing SET bonus_fen = bonus_fen + $2 WHERE id = $1"
_ENTRY = "SELECT entry_no FROM account WHERE code = $1"


async def forfeit(closing_id: int, closing_no: str, customer_id: int, operator: str) -> int:
    """Gives what is there of bonus back to the house. The account must be locked; its entry number makes the reference once."""
    balance = await accounts.balance(customer_id)
    bonus_fen = min(balance.bonus_fen, balance.balance_fen - balance.held_fen)
    if not bonus_fen:
        return 0
    code = accounts.of_customer(customer_id)
    reference = f"bonus_forfeit:{closing_no}:{await db.fetchval(_ENTRY, code)}"
    leg = posting.debit(code, accounts.BONUS_COST, bonus_fen, kind="bonus")
    await posting.post_one(posting.Transfer(reference, "bonus_forfeit", [leg], operator=operator))
    await db.execute(_FORFEITED, closing_id, bonus_fen)
    return bonus_fen


_LOCK = "SELECT id, customer_id, closing_no FROM closing WHERE closing_no = $1 FOR NO KEY UPDATE"


async def locked(closing_no: str) -> tuple[int, int]:
    """Locks a closing until the transaction ends. Returns its id and its customer's.

    Raises:
        NoSuchClosing.
    """
    row = await db.fetchrow(_LOCK, closing_no)
    if row is None:
        raise NoSuchClosing(closing_no=closing_no)
    return row["id"], row["customer_id"]


_CLOSED = """
WITH done AS (
    UPDATE closing SET state = 'closed', closed_at = $3
    WHERE id = $1 AND state = 'paying'
      AND NOT EXISTS (SELECT FROM refund WHERE customer_id = $2 AND state IN ('requested', 'open'))
    RETURNING customer_id
)
UPDATE customer SET state = 'closed' FROM done WHERE customer.id = done.customer_id
"""


async def finish(closing_id: int, customer_id: int) -> None:
    """Closes for good once nothing is left. The account must be locked."""
    balance = await accounts.balance(customer_id)
    if balance.balance_fen == 0 and balance.held_fen == 0:
        await db.execute(_CLOSED, closing_id, customer_id, clock.now())
        await staff_alerts.resolve("late_money", [str(customer_id)])


_EMPTY = """
SELECT c.closing_no FROM closing c JOIN account a ON a.code = 'customer:' || c.customer_id
WHERE c.state = 'paying' AND a.principal_fen = 0 AND a.held_fen = 0 ORDER BY c.id LIMIT $1
"""


async def finish_paid(*, limit: int = 100) -> int:
    """Closes accounts whose last money left another way than over the counter, or came back as bonus only, which nobody can pay
    out. Returns how many were looked at."""
    rows = await db.fetch(_EMPTY, limit)
    for row in rows:
        async with db.transaction():
            closing = await db.fetchrow(_LOCK, row["closing_no"])
            if closing is not None:
                await moves.lock(closing["customer_id"])
                if not (await accounts.balance(closing["customer_id"])).principal_fen:
                    await forfeit(closing["id"], closing["closing_no"], closing["customer_id"], "clock")
                await finish(closing["id"], closing["customer_id"])
    return len(rows)


_COLUMNS = """
id, closing_no, customer_id, reason, operator_id, approval_no, state, bonus_fen, paid_out_fen, created_at, closed_at
"""
_GET = f"SELECT {_COLUMNS} FROM closing WHERE closing_no = $1"


async def get(closing_no: str) -> Closing:
    """One closing.

    Raises:
        NoSuchClosing: there is none of this number.
    """
    row = await db.fetchrow(_GET, closing_no)
    if row is None:
        raise NoSuchClosing(closing_no=closing_no)
    return Closing(*row)


_PAGE = f"""
SELECT {_COLUMNS} FROM closing WHERE id < $1 AND ($2::text IS NULL OR state = $2) ORDER BY id DESC LIMIT $3
"""


async def page(*, state: str | None = None, before: int | None = None, limit: int = 20) -> list[Closing]:
    """Closings, newest first: all, or those ``paying`` or ``closed``."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, limit)
    return [Closing(*row) for row in rows]
