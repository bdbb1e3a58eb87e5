"""Merges 合并: two customers turn out to be one person; all of one's account becomes the other's.

Money moves lot by lot and keeps kind, expiry and origin. Identities, running plans and unpaid bills follow, so the person signs in,
is charged and pays as the customer who is kept; so do points, coupons, addresses, tags and what was spent. History (changes, orders, paid bills, messages) stays under the number it was made
with; the customer who is gone points at the one who is kept. Always with a second person, and not reversible.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing import approvals, matching, plans, standing
from core import clock, db, errors, ids
from ledger import accounts, credit_line, idempotency, moves
from members import customers, leaving


class NothingToMerge(errors.Invalid):
    """A merge is of two customers."""

    code = "nothing_to_merge"


class CannotMerge(errors.Conflict):
    """Something stands in the way: a customer who is not active, money on hold, a bill paid in part or being paid, credit used,
    a refund or an after-sale under way."""

    code = "cannot_merge"


class NoSuchMerge(errors.NotFound):
    """There is no merge of this number."""

    code = "no_such_merge"


NoSuchCustomer = customers.NoSuchCustomer
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do, as things stand now. ``obstacles`` empty: it could be done."""

    gone_id: int
    kept_id: int
    principal_fen: int
    bonus_fen: int
    identities: int
    plans: int
    bills: int
    pending_top_ups: int
    unpaid_orders: int
    points: int
    coupons: int
    standing_orders: int
    bookings: int
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Two customers who became one."""

    id: int
    merge_no: str
    gone_id: int
    kept_id: int
    principal_fen: int
    bonus_fen: int
    reason: str
    operator_id: int
    approval_no: str
    created_at: datetime


_STANDS = "state IN ('active', 'paused')"
"""Of a standing order: it is still delivered, or may be again."""
_PREVIEW = f"""
SELECT (SELECT count(*) FROM identity WHERE customer_id = $1),
       (SELECT count(*) FROM plan WHERE customer_id = $1 AND state IN ('active', 'paused')),
       (SELECT count(*) FROM bill WHERE customer_id = $1 AND state = 'open' AND source NOT LIKE 'order:%'),
       (SELECT count(*) FROM top_up WHERE customer_id = $1 AND state = 'pending'),
       (SELECT count(*) FROM order_deadline d JOIN shop_order o ON o.id = d.order_id WHERE d.customer_id = $1 AND o.state = 'placed'),
       coalesce((SELECT points FROM points_account WHERE customer_id = $1), 0),
       (SELECT count(*) FROM coupon WHERE customer_id = $1 AND state = 'unused'),
       (SELECT count(*) FROM standing_order WHERE customer_id = $1 AND {_STANDS}),
       (SELECT count(*) FROM booking WHERE customer_id = $1 AND state = 'booked')
"""


async def preview(gone_id: int, kept_id: int) -> Preview:
    """What merging the first customer into the second would move, and what stands in the way.

    Raises:
        NothingToMerge, NoSuchCustomer.
    """
    await _check(gone_id, kept_id)
    counts = await db.fetchrow(_PREVIEW, gone_id)
    assert counts is not None, "a SELECT without FROM has one row"
    balance = await accounts.balance(gone_id)
    return Preview(
        gone_id, kept_id, balance.principal_fen, balance.bonus_fen,
        identities=counts[0], plans=counts[1], bills=counts[2], pending_top_ups=counts[3], unpaid_orders=counts[4],
        points=counts[5], coupons=counts[6], standing_orders=counts[7], bookings=counts[8],
        obstacles=await _obstacles(gone_id, kept_id),
    )  # fmt: skip


async def _check(gone_id: int, kept_id: int) -> None:
    if gone_id == kept_id:
        raise NothingToMerge
    await customers.get(gone_id)
    await customers.get(kept_id)


_OBSTACLES = """
SELECT why FROM (
    SELECT 1, 'customer_not_active' FROM customer WHERE id IN ($1, $2) AND state <> 'active'
    UNION SELECT 2, 'held' FROM account WHERE code = $3 AND held_fen > 0
    UNION SELECT 3, 'bill_partly_paid' FROM bill WHERE customer_id = $1 AND state = 'partly_paid' AND listed_fen IS NOT NULL
    UNION SELECT 4, 'bill_payment_pending' FROM bill
          WHERE customer_id = $1 AND state IN ('open', 'partly_paid') AND pending_no IS NOT NULL
    UNION SELECT 5, 'credit_used' FROM account WHERE code = $3 AND credit_used_fen > 0
    UNION SELECT 6, 'refund_open' FROM refund WHERE customer_id = $1 AND state IN ('requested', 'open')
    UNION SELECT 7, 'after_sale_open' FROM after_sale WHERE customer_id = $1 AND ended_at IS NULL
) o (place, why) ORDER BY place
"""


async def _obstacles(gone_id: int, kept_id: int) -> tuple[str, ...]:
    rows = await db.fetch(_OBSTACLES, gone_id, kept_id, accounts.of_customer(gone_id))
    return tuple(row["why"] for row in rows)


@db.retried
async def request(operator_id: int, gone_id: int, kept_id: int, *, reason: str, key: str) -> str:
    """Asks for a merge of the first customer into the second; a second person decides. Returns the approval's number.

    Raises:
        NothingToMerge, NoSuchCustomer, CannotMerge, KeyReused.
    """
    await _check(gone_id, kept_id)
    content = {"gone_id": gone_id, "kept_id": kept_id, "reason": reason}

    async def act() -> str:
        if obstacles := await _obstacles(gone_id, kept_id):
            raise CannotMerge(obstacles=", ".join(obstacles))
        balance = await accounts.balance(gone_id)
        return await approvals.request(
            "merge", content, amount_fen=balance.balance_fen, reason=reason, operator_id=operator_id,
            customer_id=gone_id,
        )  # fmt: skip

    async with db.transaction():
        return await idempotency.once(
            caller=f"operator:{operator_id}", operation="merges.request", key=key, content=content, act=act
        )


_RECORD = """
INSERT INTO customer_merge (merge_no, gone_id, kept_id, principal_fen, bonus_fen, reason, operator_id, approval_no, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_GONE = "UPDATE customer SET state = 'merged', merged_into_id = $2 WHERE id = $1 OR merged_into_id = $1"
"""Who was merged into the one who is gone now points at who is kept."""


async def _approved(approval: approvals.Approval) -> str:
    """Plans before bills before accounts, as the due run takes them; the obstacles are looked at again under all those locks."""
    gone_id, kept_id, reason = (approval.params[name] for name in ("gone_id", "kept_id", "reason"))
    number = ids.new_no("J")

    async def act() -> tuple[str, bool]:
        await moves.lock(gone_id, kept_id)
        if obstacles := await _obstacles(gone_id, kept_id):
            raise CannotMerge(obstacles=", ".join(obstacles))
        before = await accounts.balance(gone_id)
        await approvals.agree_to(approval, max(0, before.balance_fen - approval.amount_fen))
        await db.execute(
            _RECORD, number, gone_id, kept_id, before.principal_fen, before.bonus_fen, reason, approval.requested_by,
            approval.approval_no, clock.now(),
        )  # fmt: skip
        await standing.hand_over(
            gone_id, kept_id, operator=f"operator:{approval.requested_by}", reason=reason,
            approval_no=approval.approval_no,
        )  # fmt: skip
        await credit_line.set_limit(gone_id, 0, automatic_only=False)
        await db.execute(_GONE, gone_id, kept_id)
        await leaving.hand_over(gone_id, kept_id, operator=f"operator:{approval.requested_by}")
        return number, True

    await follow(gone_id, kept_id)
    return await matching.settling(kept_id, act)


approvals.register("merge", _approved, "adjustments")

_FOLLOW = (
    f"SELECT 1 FROM plan WHERE customer_id = $1 AND {plans.RUNS} ORDER BY id FOR NO KEY UPDATE",
    f"UPDATE plan SET customer_id = $2 WHERE customer_id = $1 AND {plans.RUNS}",
    f"SELECT 1 FROM standing_order WHERE customer_id = $1 AND {_STANDS} ORDER BY id FOR NO KEY UPDATE",
    f"UPDATE standing_order SET customer_id = $2 WHERE customer_id = $1 AND {_STANDS}",
    "SELECT 1 FROM booking WHERE customer_id = $1 AND state = 'booked' ORDER BY id FOR NO KEY UPDATE",
    "UPDATE booking SET customer_id = $2 WHERE customer_id = $1 AND state = 'booked'",
    """
    SELECT 1 FROM bill WHERE customer_id = $1 AND state = 'open' AND listed_fen IS NOT NULL AND source NOT LIKE 'order:%' ORDER BY id
    FOR NO KEY UPDATE
    """,
    """
    UPDATE bill SET customer_id = $2
    WHERE customer_id = $1 AND state = 'open' AND listed_fen IS NOT NULL AND pending_no IS NULL AND source NOT LIKE 'order:%'
    """,
    "UPDATE identity SET customer_id = $2 WHERE customer_id = $1",
)


async def follow(gone_id: int, kept_id: int) -> None:
    """From now on the one who is kept is charged, and signs in, for what the other had open. Part of the caller's transaction."""
    for statement in _FOLLOW:
        await db.execute(statement, *((gone_id, kept_id) if "$2" in statement else (gone_id,)))


_LEFT = f"""
SELECT c.id FROM customer c WHERE c.state = 'merged' AND (
    EXISTS (SELECT FROM plan WHERE customer_id = c.id AND {plans.RUNS})
    OR EXISTS (SELECT FROM standing_order WHERE customer_id = c.id AND {_STANDS})
    OR EXISTS (SELECT FROM booking WHERE customer_id = c.id AND state = 'booked')
    OR EXISTS (SELECT FROM bill b WHERE b.customer_id = c.id AND b.state = 'open' AND b.listed_fen IS NOT NULL AND b.pending_no IS NULL
               AND b.source NOT LIKE 'order:%')
    OR EXISTS (SELECT FROM identity i WHERE i.customer_id = c.id))
LIMIT $1
"""


async def follow_late(*, limit: int = 100) -> int:
    """Lets follow what was made for a customer at the very moment they were merged: a plan, a bill, a sign-in. Returns for how
    many there was something."""
    rows = await db.fetch(_LEFT, limit)
    for row in rows:
        async with db.transaction():
            await follow(row["id"], await standing.heir(row["id"]))
    return len(rows)


_COLUMNS = (
    "id, merge_no, gone_id, kept_id, principal_fen, bonus_fen, reason, operator_id, approval_no, created_at"
)
_GET = f"SELECT {_COLUMNS} FROM customer_merge WHERE merge_no = $1"


async def get(merge_no: str) -> Merge:
    """One merge.

    Raises:
        NoSuchMerge: there is none of this number.
    """
    row = await db.fetchrow(_GET, merge_no)
    if row is None:
        raise NoSuchMerge(merge_no=merge_no)
    return Merge(*row)


_PAGE = f"SELECT {_COLUMNS} FROM customer_merge WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Merge]:
    """Merges, newest first."""
    return [Merge(*row) for row in await db.fetch(_PAGE, before if before is not None else 2**62, limit)]
