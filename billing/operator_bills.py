"""What operators do with bills: issue one, take it from the balance for the customer, void it."""

from __future__ import annotations

from datetime import date, datetime

from billing import arrangements, bills, collecting, matching
from core import clock, db, errors, ids
from ledger import accounts, idempotency
from members import customers, limits
from notifications import outbox


class ConsentMissing(errors.Invalid):
    """A bill may be taken without asking only if it is written down that, and how, the customer agreed to it."""

    code = "consent_missing"


class DueOnOrAt(errors.Invalid):
    """Both a day and an instant were given for when a bill is due."""

    code = "due_on_or_at"


class BillHasPayments(errors.Conflict):
    """Something was paid on the bill; refund it instead of voiding the bill."""

    code = "bill_has_payments"


NoSuchCustomer = customers.NoSuchCustomer
CustomerHasLeft = customers.CustomerHasLeft
NoSuchAccount = accounts.NoSuchAccount
KeyReused = idempotency.KeyReused


@db.retried
async def issue(
    operator_id: int,
    customer_id: int,
    *,
    title: str,
    amount_fen: int,
    due_on: date | None = None,
    due_at: datetime | None = None,
    collect_mode: str = "full",
    automatic: bool = False,
    consent: str | None = None,
    memo: str | None = None,
    key: str,
) -> str:
    """Issues a bill to a customer and tells them. The clock takes an ``automatic`` one when it is due, and reminds of any other.

    It is due when the day ``due_on`` begins, or at ``due_at``, or at once. Returns the bill's number.

    Raises:
        NoSuchCustomer, CustomerHasLeft, ConsentMissing, DueOnOrAt, KeyReused.
    """
    if due_on and due_at:
        raise DueOnOrAt
    if automatic and not (consent or "").strip():
        raise ConsentMissing
    await customers.get(customer_id)
    operator = f"operator:{operator_id}"

    async def act() -> str:
        customers.refuse_left(await customers.staying(customer_id))
        due = due_at or (clock.now() if due_on is None else clock.start_of(due_on))
        new = bills.NewBill(
            customer_id,
            title,
            f"operator:{ids.new_no('M')}",
            amount_fen,
            due,
            collect_mode=collect_mode,
            automatic=automatic,
            collect_at=due,
            issued_by=operator,
            consent=consent if automatic else None,
            memo=memo,
        )
        (bill,) = await bills.issue([new])
        await _tell(bill)
        return bill.bill_no

    content = {
        "customer_id": customer_id, "title": title, "amount_fen": amount_fen, "due_on": due_on, "due_at": due_at,
        "collect_mode": collect_mode, "automatic": automatic, "consent": consent, "memo": memo,
    }  # fmt: skip
    async with db.transaction():
        return await idempotency.once(
            caller=operator, operation="operator_bills.issue", key=key, content=content, act=act
        )


async def _tell(bill: bills.Bill) -> None:
    params = {
        "title": bill.title,
        "bill_no": bill.bill_no,
        "amount_fen": bill.amount_fen,
        "at": bill.due_at,
    }
    await outbox.tell(
        [outbox.Message(bill.customer_id, "bill_issued", f"bill_issued:{bill.bill_no}", params)]
    )


@db.retried
async def pay(operator_id: int, bill_no: str, *, amount_fen: int | None, key: str) -> str:
    """Takes a bill, or ``amount_fen`` of it, from its customer's balance at the customer's request. Returns its number.

    Raises:
        NoSuchBill, BillOfAnOrder, BillNotOwed, BillPaymentPending, BillUnderReview, AmountAboveOwed, PaidInFullOnly, InsufficientBalance,
        KeyReused.
    """
    operator = f"operator:{operator_id}"

    async def act() -> None:
        bill = await bills.lock(bill_no)
        bills.refuse_with_its_order(bill)
        await collecting.take(bill, amount_fen, operator=operator)

    async with db.transaction():
        return await idempotency.once(
            caller=operator,
            operation="operator_bills.pay",
            key=key,
            content={"bill_no": bill_no, "amount_fen": amount_fen},
            act=act,
            answer=bill_no,
        )


@db.retried
async def void(operator_id: int, bill_no: str, *, reason: str, key: str) -> str:
    """Nothing is owed on an unpaid bill any more; the bill and the reason stay on record. Returns its number.

    Raises:
        NoSuchBill, BillOfAnOrder, BillHasPayments, BillNotOwed, BillPaymentPending, BillUnderReview, AboveYourLimit, KeyReused.
    """
    operator = f"operator:{operator_id}"

    async def act() -> None:
        allowance = await limits.of(operator_id, "write_offs", "money.take")
        bill = await bills.lock(bill_no)
        bills.refuse_of_an_order(bill)
        if bill.paid_fen:
            raise BillHasPayments(bill_no=bill_no, paid_fen=bill.paid_fen)
        if bill.state not in bills.OWED:
            raise bills.BillNotOwed(bill_no=bill_no, state=bill.state)
        await allowance.take(bill.owed_fen, accounts.of_customer(bill.customer_id))
        await matching.voiding(bill, operator=operator, reason=reason)
        await arrangements.end(bill.id, "proposed", "withdrawn", by=operator, reason=reason)
        await arrangements.end(bill.id, "running", "cancelled", by=operator, reason=reason)

    async with db.transaction():
        return await idempotency.once(
            caller=operator,
            operation="operator_bills.void",
            key=key,
            content={"bill_no": bill_no, "reason": reason},
            act=act,
            answer=bill_no,
        )
