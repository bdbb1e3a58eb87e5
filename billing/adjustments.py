"""Adjustments 调整: an operator corrects a balance, with a reason. A wrong one is undone by another that names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing import approvals, credits, low_balance
from core import clock, db, errors, ids, money
from ledger import accounts, idempotency, posting
from members import limits
from notifications import outbox


class AdjustmentOutOfRange(errors.Invalid):
    """An adjustment moves at least one fen, and leaves no more than the books can hold."""

    code = "adjustment_out_of_range"


class NoSuchAdjustment(errors.NotFound):
    """There is no adjustment of this number."""

    code = "no_such_adjustment"


InsufficientBalance = posting.InsufficientBalance
NothingMoved = posting.NothingMoved
NoSuchAccount = accounts.NoSuchAccount
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction that was made. ``amount_fen`` is what the customer got, or lost where negative."""

    id: int
    adjustment_no: str
    customer_id: int
    kind: posting.LotKind
    amount_fen: int
    reason: str
    operator_id: int
    approval_no: str | None
    reverses_no: str | None
    reversed_by_no: str | None
    transfer_reference: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking for an adjustment came to: made (``adjustment_no``), or waiting for a second person (``approval_no``);
    and the balance now."""

    adjustment_no: str | None
    approval_no: str | None
    balance: accounts.Balance


@dataclass(frozen=True, slots=True)
class Wish:
    """The correction an operator asks for."""

    customer_id: int
    kind: posting.LotKind
    amount_fen: int
    reason: str


@db.retried
async def adjust(
    operator_id: int, customer_id: int, *, kind: posting.LotKind, amount_fen: int, reason: str, key: str
) -> Outcome:
    """Adds to (or with a negative amount takes from) one kind of a customer's balance; above the shop's limit, or the operator's, it waits
    for a second person instead.

    Raises:
        AdjustmentOutOfRange, InsufficientBalance, NoSuchAccount, KeyReused.
    """
    if not 0 < abs(amount_fen) <= money.MAX_FEN:
        raise AdjustmentOutOfRange
    await accounts.balance(customer_id)
    wish = Wish(customer_id, kind, amount_fen, reason)

    async def act() -> str:
        await approvals.one_by_one(operator_id, customer_id)
        allowance = await limits.of(operator_id, "adjustments", "money.move")
        if not await approvals.alone(allowance, amount_fen, customer_id=customer_id):
            return await approvals.request(
                "adjustment", {"customer_id": customer_id, "kind": kind, "amount_fen": amount_fen, "reason": reason},
                amount_fen=amount_fen, reason=reason, operator_id=operator_id, customer_id=customer_id,
            )  # fmt: skip
        return await _make(wish, operator_id)

    content = {"customer_id": customer_id, "kind": kind, "amount_fen": amount_fen, "reason": reason}
    async with db.transaction():
        made = await idempotency.once(
            caller=f"operator:{operator_id}",
            operation="adjustments.adjust",
            key=key,
            content=content,
            act=act,
        )
    return await outcome(made, customer_id)


async def outcome(made: str, customer_id: int) -> Outcome:
    """An outcome from the number that was made."""
    waits = made.startswith(approvals.PREFIX)
    balance = await accounts.balance(customer_id)
    return Outcome(None if waits else made, made if waits else None, balance)


async def _approved(approval: approvals.Approval) -> str:
    return await _make(Wish(**approval.params), approval.requested_by, approval_no=approval.approval_no)


approvals.register("adjustment", _approved, "adjustments")


_RECORD = """
INSERT INTO adjustment (adjustment_no, customer_id, kind, amount_fen, reason, operator_id, approval_no, reverses_no,
                        transfer_reference, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def record(
    number: str,
    wish: Wish,
    transfer: posting.Transfer,
    operator_id: int,
    *,
    approval_no: str | None,
    reverses_no: str | None = None,
) -> None:
    """Writes an adjustment down before its transfer is posted, in the open transaction."""
    await db.execute(
        _RECORD, number, wish.customer_id, wish.kind, wish.amount_fen, wish.reason, operator_id, approval_no,
        reverses_no, transfer.reference, clock.now(),
    )  # fmt: skip


async def _make(wish: Wish, operator_id: int, *, approval_no: str | None = None) -> str:
    customer, house = accounts.of_customer(wish.customer_id), other_side(wish.kind)
    leg = (
        posting.credit(house, customer, wish.amount_fen, kind=wish.kind)
        if wish.amount_fen > 0
        else posting.debit(customer, house, -wish.amount_fen, kind=wish.kind)
    )
    number = ids.new_no("A")
    transfer = posting.Transfer(
        f"adjustment:{number}",
        "manual_adjustment",
        [leg],
        operator=f"operator:{operator_id}",
        memo=wish.reason,
    )
    await record(number, wish, transfer, operator_id, approval_no=approval_no)
    await (give if wish.amount_fen > 0 else take)(wish, transfer)
    return number


async def give(wish: Wish, transfer: posting.Transfer) -> None:
    """Posts an adjustment that adds, tells the customer and settles what is due with it.

    Raises:
        AdjustmentOutOfRange: the books could not hold the balance after it.
    """
    posted = await credits.credit(wish.customer_id, transfer, told=lambda posted: _told(wish, posted))
    if (posted.available_after_fen or 0) > money.MAX_FEN:
        raise AdjustmentOutOfRange


async def take(wish: Wish, transfer: posting.Transfer) -> None:
    """Posts an adjustment that takes, and tells the customer.

    Raises:
        InsufficientBalance: there is less of that kind, or less available.
    """
    try:
        posted = await posting.post_one(transfer)
    except InsufficientBalance:
        # what the account has of the other kind is no help here, so it is not called available
        held = await accounts.balance(wish.customer_id)
        of_kind_fen = held.bonus_fen if wish.kind == "bonus" else held.principal_fen
        raise InsufficientBalance(
            available_fen=min(of_kind_fen, held.available_fen), amount_fen=-wish.amount_fen
        ) from None
    before_fen, after_fen = posted.available_before_fen or 0, posted.available_after_fen or 0
    await low_balance.tell(
        [_told(wish, posted)], [outbox.Movement(wish.customer_id, posted.reference, before_fen, after_fen)]
    )


def _told(wish: Wish, posted: posting.Posted) -> outbox.Message:
    params = {
        "amount_fen": wish.amount_fen,
        "reason": wish.reason,
        "available_fen": posted.available_after_fen,
        "at": clock.now(),
    }
    return outbox.Message(wish.customer_id, "adjusted", posted.reference, params)


def other_side(kind: posting.LotKind) -> str:
    """The house account that adjustments of a kind come from and go to."""
    return accounts.BONUS_COST if kind == "bonus" else accounts.ADJUSTMENT


_COLUMNS = """
a.id, a.adjustment_no, a.customer_id, a.kind, a.amount_fen, a.reason, a.operator_id, a.approval_no, a.reverses_no,
(SELECT r.adjustment_no FROM adjustment r WHERE r.reverses_no = a.adjustment_no) AS reversed_by_no, a.transfer_reference,
a.created_at
"""
_GET = f"SELECT {_COLUMNS} FROM adjustment a WHERE a.adjustment_no = $1"


async def get(adjustment_no: str) -> Adjustment:
    """One adjustment.

    Raises:
        NoSuchAdjustment: there is none of this number.
    """
    row = await db.fetchrow(_GET, adjustment_no)
    if row is None:
        raise NoSuchAdjustment(adjustment_no=adjustment_no)
    return Adjustment(*row)


_PAGE = f"""
SELECT {_COLUMNS} FROM adjustment a
WHERE a.id < $1 AND ($2::bigint IS NULL OR a.customer_id = $2) AND ($3::bigint IS NULL OR a.operator_id = $3)
ORDER BY a.id DESC LIMIT $4
"""


async def page(
    *,
    customer_id: int | None = None,
    operator_id: int | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Adjustment]:
    """Adjustments, newest first: all, or one customer's, or those one operator made."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, customer_id, operator_id, limit)
    return [Adjustment(*row) for row in rows]
