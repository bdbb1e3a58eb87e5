"""Bills 账单: what a customer owes, or owed, for one thing. ``billing.collecting`` takes it from the balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from billing import abnormal
from core import clock, db, errors, ids
from ledger import accounts

OWED = ("open", "partly_paid")


class NoSuchBill(errors.NotFound):
    """The customer has no bill of this number."""

    code = "no_such_bill"


class BillNotOwed(errors.Conflict):
    """The bill is paid or void: nothing is owed on it."""

    code = "bill_not_owed"


class BillUnderReview(errors.Conflict):
    """The shop is checking a payment of the bill; it can be paid again when that has ended."""

    code = "bill_under_review"


class BillPaymentPending(errors.Conflict):
    """The bill is being paid through a channel; let that payment end, or cancel it, first."""

    code = "bill_payment_pending"


class BillOfAnOrder(errors.Conflict):
    """The bill belongs to an order, with which it is paid or cancelled."""

    code = "bill_of_an_order"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a customer owes, or owed, for one thing."""

    id: int
    bill_no: str
    customer_id: int
    title: str
    source: str
    amount_fen: int
    paid_fen: int
    state: str
    collect_mode: str
    automatic: bool
    due_at: datetime
    created_at: datetime
    pending_no: str | None = None
    """The combined payment or the review under way for it, if any."""
    manual_because: str | None = None
    """What ended its being taken without asking: ``refunded``, ``review_rejected`` or ``review_expired``."""

    @property
    def under_review(self) -> bool:
        """Whether an operator has to decide on taking it (异常扣款); its money is held meanwhile."""
        return self.pending_no is not None and self.pending_no.startswith(abnormal.PREFIX)

    @property
    def combined_no(self) -> str | None:
        """The combined payment under way for it, if any."""
        return None if self.under_review else self.pending_no

    @property
    def owed_fen(self) -> int:
        return self.amount_fen - self.paid_fen

    @property
    def is_of_an_order(self) -> bool:
        return self.source.startswith("order:")

    @property
    def is_paid_with_its_order(self) -> bool:
        """Whether it is an order's of which nothing was paid yet; one by instalments is afterwards a bill as any."""
        return self.is_of_an_order and not self.paid_fen


@dataclass(frozen=True, slots=True)
class NewBill:
    """A bill to be issued; ``source`` says for what and can be used once. ``automatic``: the customer consented to its
    being taken from the balance without being asked each time. ``collect_at``: when the clock comes for it; who issues a
    bill and collects it at once leaves it out. The rest is what an operator who issues it says."""

    customer_id: int
    title: str
    source: str
    amount_fen: int
    due_at: datetime
    collect_mode: str = "full"
    automatic: bool = False
    collect_at: datetime | None = None
    issued_by: str | None = None
    consent: str | None = None
    memo: str | None = None


COLUMNS = "id, bill_no, customer_id, title, source, amount_fen, paid_fen, state, collect_mode, automatic, due_at, created_at, pending_no, manual_because"
"""The fields of a ``Bill`` in its order, for statements that read bills."""

_ISSUE = f"""
INSERT INTO bill (bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode, automatic,
                  due_at, collect_at, issued_by, consent, memo, created_at)
SELECT b.*, $13 FROM (
    SELECT bill_no, customer_id, title, source, amount_fen, 0, 0, 'open', collect_mode, automatic, due_at, collect_at,
           issued_by, consent, memo
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::boolean[],
                $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[])
         AS n (bill_no, customer_id, title, source, amount_fen, collect_mode, automatic, due_at, collect_at, issued_by,
               consent, memo)
) b RETURNING {COLUMNS}
"""


async def issue(new: Sequence[NewBill]) -> list[Bill]:
    """Issues bills in the open transaction, in the given order. A source that was billed before aborts it."""
    rows = await db.fetch(
        _ISSUE,
        ids.new_run_of_nos("B", len(new)),
        [bill.customer_id for bill in new],
        [bill.title for bill in new],
        [bill.source for bill in new],
        [bill.amount_fen for bill in new],
        [bill.collect_mode for bill in new],
        [bill.automatic for bill in new],
        [bill.due_at for bill in new],
        [bill.collect_at for bill in new],
        [bill.issued_by for bill in new],
        [bill.consent for bill in new],
        [bill.memo for bill in new],
        clock.now(),
    )
    issued = {row["source"]: Bill(*row) for row in rows}
    return [issued[bill.source] for bill in new]


_LOCK = f"SELECT {COLUMNS} FROM bill WHERE bill_no = $1 FOR NO KEY UPDATE"


async def lock(bill_no: str) -> Bill:
    """Locks one bill until the transaction ends.

    Raises:
        NoSuchBill: there is none of this number.
    """
    row = await db.fetchrow(_LOCK, bill_no)
    if row is None:
        raise NoSuchBill(bill_no=bill_no)
    return Bill(*row)


def refuse_pending(bill: Bill) -> None:
    """Refuses to touch a locked bill while a payment through a channel, or a review of one, is under way for it.

    Raises:
        BillPaymentPending: it is; the refusal names the combined payment.
        BillUnderReview: an operator has to decide first.
    """
    if bill.under_review:
        raise BillUnderReview(bill_no=bill.bill_no)
    if bill.pending_no is not None:
        raise BillPaymentPending(bill_no=bill.bill_no, combined_no=bill.pending_no)


_MANUAL = """
WITH period AS (UPDATE plan_period SET reason = $2 WHERE bill_id = $1 AND state IN ('owed', 'partly'))
UPDATE bill SET automatic = false, manual_because = $2 WHERE id = $1 AND (automatic OR collect_mode = 'instalments')
"""


async def no_more_unasked(
    bill_id: int, because: Literal["refunded", "review_rejected", "review_expired"]
) -> None:
    """From now on nobody takes a locked bill from the balance without asking, although the customer had consented; whoever
    reads the bill is told why. A new arrangement with their consent begins it again."""
    await db.execute(_MANUAL, bill_id, because)


def refuse_of_an_order(bill: Bill) -> None:
    """Refuses what is done to bills themselves for those of orders.

    Raises:
        BillOfAnOrder: it is one.
    """
    if bill.is_of_an_order:
        raise BillOfAnOrder(bill_no=bill.bill_no)


def refuse_with_its_order(bill: Bill) -> None:
    """Refuses what is done to what is owed for those bills that are paid with their orders.

    Raises:
        BillOfAnOrder: it is one.
    """
    if bill.is_paid_with_its_order:
        raise BillOfAnOrder(bill_no=bill.bill_no)


_VOID = """
WITH periods AS (
    UPDATE plan_period SET state = 'failed', reason = 'void', ended_at = $2 WHERE bill_id = $1
)
UPDATE bill SET state = 'void', voided_at = $2, voided_by = $3, void_reason = $4
WHERE id = $1 AND state IN ('open', 'partly_paid') AND pending_no IS NULL
"""


async def void(bill: Bill, *, operator: str | None = None, reason: str | None = None) -> None:
    """Nothing is owed on a locked bill any more; a review that waits for a decision on it ends with it. What was paid of it goes back by
    a refund, which is the caller's. Money that was held for one is free then: ``matching.voiding`` does with it what is due.

    Raises:
        BillPaymentPending: it is being paid through a channel.
    """
    if bill.under_review and bill.pending_no is not None:
        await abnormal.withdraw(
            bill.id, bill.pending_no, by=operator or accounts.of_customer(bill.customer_id)
        )
        bill = replace(bill, pending_no=None)
    refuse_pending(bill)
    done = await db.execute(_VOID, bill.id, clock.now(), operator, reason)
    assert done, f"nothing is owed on bill {bill.bill_no}"


_REPRICE = "UPDATE bill SET amount_fen = $2, title = $3 WHERE id = $1 AND state = 'open' AND paid_fen = 0 AND pending_no IS NULL"


async def reprice(bill: Bill, *, amount_fen: int, title: str) -> None:
    """What is owed on a locked bill of which nothing was paid is another amount now.

    Raises:
        BillPaymentPending, BillUnderReview: it is being paid.
    """
    refuse_pending(bill)
    done = await db.execute(_REPRICE, bill.id, amount_fen, title)
    assert done, f"something was paid on bill {bill.bill_no}"


_LOCK_OVERDUE = f"""
SELECT {COLUMNS} FROM bill
WHERE customer_id = $1 AND listed_fen IS NOT NULL AND pending_no IS NULL AND automatic AND due_at <= $2
ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_FREE_OVERDUE = f"{_LOCK_OVERDUE} SKIP LOCKED"


async def lock_overdue(customer_id: int, *, wait: bool = True) -> list[Bill]:
    """Locks the customer's due bills that may be taken without asking, in the order they were issued.

    Bills are locked before accounts, so who holds the account already must not ``wait``: bills that another transaction
    holds are then left out.
    """
    statement = _LOCK_OVERDUE if wait else _LOCK_FREE_OVERDUE
    return [Bill(*row) for row in await db.fetch(statement, customer_id, clock.now())]


_GET = f"SELECT {COLUMNS} FROM bill WHERE bill_no = $1 AND customer_id = $2"


async def get(customer_id: int, bill_no: str) -> Bill:
    """One bill of the customer.

    Raises:
        NoSuchBill: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, bill_no, customer_id)
    if row is None:
        raise NoSuchBill(bill_no=bill_no)
    return Bill(*row)


_FIND = f"SELECT {COLUMNS} FROM bill WHERE bill_no = $1"


async def find(bill_no: str) -> Bill:
    """One bill, whosever it is, for operators.

    Raises:
        NoSuchBill: there is none of this number.
    """
    row = await db.fetchrow(_FIND, bill_no)
    if row is None:
        raise NoSuchBill(bill_no=bill_no)
    return Bill(*row)


_PAGE = f"""
SELECT {COLUMNS} FROM bill WHERE customer_id = $1 AND id < $2 AND ($3::text[] IS NULL OR state = ANY ($3))
ORDER BY id DESC LIMIT $4
"""


async def page(
    customer_id: int, *, states: Sequence[str] | None = None, before: int | None = None, limit: int = 20
) -> list[Bill]:
    """The customer's bills, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, states, limit)
    return [Bill(*row) for row in rows]


_DUE = f"""
SELECT {COLUMNS} FROM bill WHERE listed_fen IS NOT NULL AND due_at <= $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""


async def due(*, before: int | None = None, limit: int = 20) -> list[Bill]:
    """All customers' bills that are due and not paid, newest first, for operators; not those of orders that wait for their payment."""
    return [
        Bill(*row)
        for row in await db.fetch(_DUE, clock.now(), before if before is not None else 2**62, limit)
    ]
