"""Counter payments 柜台收款: money an operator has taken, in cash, by bank card, by bank transfer or by cheque, as a top-up or for a bill.

Above the shop's limit, or the operator's, a second person agrees first (``billing.approvals``). A wrong one is undone the same day
(``billing.counter_undo``). Lock order: approval → voucher → what a bill was issued for → bills → account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from billing import agreements, approvals, bills, collecting, credits, settled, standing, terms, top_ups
from core import clock, db, errors, ids
from ledger import accounts, idempotency, posting
from members import customers, limits
from notifications import outbox

Tender = Literal["cash", "card", "transfer", "cheque"]


class ReferenceNeeded(errors.Invalid):
    """All but cash leaves a number: the card terminal's, the bank's or the cheque's. Cash has none."""

    code = "counter_reference_needed"


class AlreadyRecorded(errors.Conflict):
    """Money with this number was recorded before."""

    code = "counter_already_recorded"


class NoSuchCounterPayment(errors.NotFound):
    """There is no counter payment of this number."""

    code = "no_such_counter_payment"


NoSuchCustomer = customers.NoSuchCustomer
CustomerHasLeft = customers.CustomerHasLeft
NoSuchAccount = accounts.NoSuchAccount
NoSuchBill = bills.NoSuchBill
BillNotOwed = bills.BillNotOwed
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
AmountAboveOwed = collecting.AmountAboveOwed
PaidInFullOnly = collecting.PaidInFullOnly
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Taking:
    """How money was taken: by which tender, under which number (None: cash), and what is noted beside it."""

    tender: Tender
    reference: str | None
    memo: str = ""

    def check(self) -> None:
        """Raises: ReferenceNeeded."""
        if (self.reference is None) != (self.tender == "cash"):
            raise ReferenceNeeded(tender=self.tender)


@dataclass(frozen=True, slots=True)
class TopUpWish:
    """A top-up paid at the counter: a package or an amount, and the agreement the customer has signed, where one is in force."""

    customer_id: int
    package_id: int | None = None
    amount_fen: int | None = None
    store: str | None = None
    agreement_version: str | None = None


@dataclass(frozen=True, slots=True)
class CounterPayment:
    """Money that was taken. ``purpose_no`` is the top-up it made or the bill it paid."""

    id: int
    counter_no: str
    customer_id: int
    purpose: str
    purpose_no: str
    tender: Tender
    reference: str | None
    amount_fen: int
    memo: str
    operator: str
    approval_no: str | None
    voucher_no: str | None
    transfer_reference: str
    state: str
    undone_by: str | None
    undo_reason: str | None
    created_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What recording came to: the payment, or an approval that waits for a second person."""

    payment: CounterPayment | None
    approval_no: str | None


@dataclass(frozen=True, slots=True)
class By:
    """Who took the money, who else agreed, and which voucher showed it."""

    operator: str
    approval_no: str | None = None
    voucher_no: str | None = None


PREFIX = "N"


def needs_second_person(amount_fen: int) -> bool:
    """Whether recording, or undoing, so much needs one."""
    return amount_fen > terms.current().counter_approval_above_fen


async def top_up(operator_id: int, wish: TopUpWish, taking: Taking, *, key: str) -> Outcome:
    """Records a top-up that was paid at the counter; it is credited at once, by the rules and limits of any top-up.

    Raises:
        ReferenceNeeded, AlreadyRecorded, NoSuchCustomer, CustomerHasLeft, PackageOrAmount, AmountOutOfRange, BalanceLimit, NoSuchStore,
        NoSuchAccount, AgreementRequired, AgreementOutdated, KeyReused, and what ``package_rules`` says against a package.
    """
    taking.check()
    named = _named(wish, taking)

    async def act() -> str:
        allowance = await limits.of(operator_id, "counter", "money.take", store=wish.store or "")
        agreed = await _agreed(wish, taking)
        alone = not needs_second_person(agreed.pay_fen)
        if not (alone and await allowance.takes(agreed.pay_fen, accounts.of_customer(wish.customer_id))):
            return await approvals.request(
                "counter_top_up", named, amount_fen=agreed.pay_fen, reason=_reason(taking), operator_id=operator_id,
                customer_id=wish.customer_id,
            )  # fmt: skip
        return await _top_up(wish, agreed, taking, By(f"operator:{operator_id}"))

    return await _once("counter.top_up", operator_id, named, act, key)


async def bill(
    operator_id: int, bill_no: str, taking: Taking, *, amount_fen: int | None = None, key: str
) -> Outcome:
    """Records that a bill was paid at the counter: all that is owed, or ``amount_fen`` of one that may be paid in part. A bill of
    an order pays the order.

    Raises:
        ReferenceNeeded, AlreadyRecorded, NoSuchBill, BillNotOwed, BillPaymentPending, BillUnderReview, AmountAboveOwed,
        PaidInFullOnly, CustomerHasLeft, KeyReused.
    """
    taking.check()
    named = {"bill_no": bill_no, "amount_fen": amount_fen, **_taking(taking)}

    async def act() -> str:
        allowance = await limits.of(operator_id, "counter", "money.take")
        await _refuse_recorded(taking)
        owed = await _owed(bill_no)
        fen = _fits(owed, amount_fen)
        customers.refuse_left(await customers.get(owed.customer_id))
        alone = not needs_second_person(fen)
        if not (alone and await allowance.takes(fen, accounts.of_customer(owed.customer_id))):
            exact = {**named, "amount_fen": fen}
            return await approvals.request(
                "counter_bill", exact, amount_fen=fen, reason=_reason(taking), operator_id=operator_id,
                customer_id=owed.customer_id,
            )  # fmt: skip
        return await pay_bill(bill_no, fen, taking, By(f"operator:{operator_id}"))

    return await _once("counter.bill", operator_id, named, act, key)


async def _once(operation: str, operator_id: int, named: Mapping[str, Any], act: Any, key: str) -> Outcome:
    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation=operation, key=key, content=named, act=act
    )
    if made.startswith(approvals.PREFIX):
        return Outcome(None, made)
    return Outcome(await get(made), None)


def _named(wish: TopUpWish, taking: Taking) -> dict[str, Any]:
    return {field.name: getattr(wish, field.name) for field in fields(TopUpWish)} | _taking(taking)


def _taking(taking: Taking) -> dict[str, Any]:
    return {"tender": taking.tender, "reference": taking.reference, "memo": taking.memo}


def _reason(taking: Taking) -> str:
    return " ".join(part for part in (taking.tender, taking.reference, taking.memo) if part)[:200]


async def _approved_top_up(approval: approvals.Approval) -> str:
    given = dict(approval.params)
    taking = Taking(given.pop("tender"), given.pop("reference"), given.pop("memo"))
    wish = TopUpWish(**given)
    by = By(f"operator:{approval.requested_by}", approval.approval_no)
    return await _top_up(wish, await _agreed(wish, taking), taking, by)


async def _approved_bill(approval: approvals.Approval) -> str:
    given = approval.params
    taking = Taking(given["tender"], given["reference"], given["memo"])
    by = By(f"operator:{approval.requested_by}", approval.approval_no)
    return await pay_bill(given["bill_no"], given["amount_fen"], taking, by)


approvals.register("counter_top_up", _approved_top_up, "counter")
approvals.register("counter_bill", _approved_bill, "counter")


_RECORDED = "SELECT counter_no FROM counter_payment WHERE tender = $1 AND reference = $2 AND state = 'taken'"


async def _refuse_recorded(taking: Taking) -> None:
    """The unique index decides; of two at once the loser is retried and finds the winner here."""
    if taking.reference is None:
        return
    number = await db.fetchval(_RECORDED, taking.tender, taking.reference)
    if number is not None:
        raise AlreadyRecorded(reference=taking.reference, counter_no=number)


async def _agreed(wish: TopUpWish, taking: Taking) -> top_ups.Terms:
    """What the top-up would be, with everything locked that it changes: bills come before the account, which the terms lock."""
    customers.refuse_left(await customers.staying(wish.customer_id))
    await _refuse_recorded(taking)
    await bills.lock_overdue(wish.customer_id)
    return await top_ups.terms_of(wish.customer_id, wish.package_id, wish.amount_fen, wish.store)


async def _top_up(wish: TopUpWish, agreed: top_ups.Terms, taking: Taking, by: By) -> str:
    top_up_no = await top_ups.create(wish.customer_id, wish.package_id, wish.store, agreed)
    await agreements.fix_terms(top_up_no, wish.agreement_version, channel="counter")
    return await _credit(wish.customer_id, top_up_no, agreed.pay_fen, taking, by)


async def credit_received(customer_id: int, amount_fen: int, taking: Taking, by: By) -> str:
    """Credits money that is there already (a customer's transfer), whatever the limits of top-ups say; part of the caller's
    transaction. Returns the counter payment's number.

    Raises:
        AlreadyRecorded.
    """
    await _refuse_recorded(taking)
    await bills.lock_overdue(customer_id)
    top_up_no = await top_ups.create(customer_id, None, None, top_ups.Terms(amount_fen, 0, None))
    await agreements.fix_refund_terms(top_up_no)
    return await _credit(customer_id, top_up_no, amount_fen, taking, by)


async def _credit(customer_id: int, top_up_no: str, pay_fen: int, taking: Taking, by: By) -> str:
    number = await _record(customer_id, "top_up", top_up_no, pay_fen, taking, by, f"top_up:{top_up_no}")
    await credits.top_up(await credits.locked(top_up_no), channel="counter", operator=by.operator)
    return number


async def _owed(bill_no: str) -> bills.Bill:
    await settled.lock_issuer((await bills.find(bill_no)).source)
    return await bills.lock(bill_no)


def _fits(owed: bills.Bill, amount_fen: int | None) -> int:
    if owed.state not in bills.OWED:
        raise BillNotOwed(bill_no=owed.bill_no, state=owed.state)
    bills.refuse_pending(owed)
    fen = owed.owed_fen if amount_fen is None else amount_fen
    if fen > owed.owed_fen:
        raise AmountAboveOwed(amount_fen=fen, owed_fen=owed.owed_fen)
    if owed.collect_mode == "full" and fen < owed.owed_fen:
        raise PaidInFullOnly(bill_no=owed.bill_no, owed_fen=owed.owed_fen)
    return fen


async def pay_bill(bill_no: str, amount_fen: int, taking: Taking, by: By) -> str:
    """Posts so much of a bill as paid at the counter, in the caller's transaction. Returns the counter payment's number.

    Raises:
        AlreadyRecorded, NoSuchBill, BillNotOwed, BillPaymentPending, BillUnderReview, AmountAboveOwed, PaidInFullOnly,
        CustomerHasLeft: what they owe goes to who they are now, but an order that is not paid does not.
    """
    await _refuse_recorded(taking)
    owed = await _owed(bill_no)
    fen = _fits(owed, amount_fen)
    if not await standing.stays(owed.customer_id):
        raise customers.CustomerHasLeft(customer_id=owed.customer_id)
    number = ids.new_no(PREFIX)
    reference = f"counter:{number}"
    await _record(owed.customer_id, "bill", bill_no, fen, taking, by, reference, number=number)
    leg = posting.between_houses(accounts.COUNTER, accounts.REVENUE, fen)
    await posting.post_one(
        posting.Transfer(reference, "counter_payment", [leg], operator=by.operator, memo=owed.title)
    )
    await settled.settle(owed, [settled.Part("counter", fen, reference)])
    told = {
        "title": owed.title, "bill_no": bill_no, "amount_fen": fen, "owed_fen": owed.owed_fen - fen, "at": clock.now(),
    }  # fmt: skip
    await outbox.tell([outbox.Message(owed.customer_id, "counter_paid", reference, told)])
    return number


_RECORD = """
INSERT INTO counter_payment (counter_no, customer_id, purpose, purpose_no, tender, reference, amount_fen, memo, operator,
                             approval_no, voucher_no, transfer_reference, state, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'taken', $13)
"""


async def _record(
    customer_id: int,
    purpose: str,
    purpose_no: str,
    amount_fen: int,
    taking: Taking,
    by: By,
    transfer_reference: str,
    *,
    number: str | None = None,
) -> str:
    number = number or ids.new_no(PREFIX)
    await db.execute(
        _RECORD, number, customer_id, purpose, purpose_no, taking.tender, taking.reference, amount_fen, taking.memo, by.operator,
        by.approval_no, by.voucher_no, transfer_reference, clock.now(),
    )  # fmt: skip
    return number


_COLUMNS = ", ".join(field.name for field in fields(CounterPayment))
_GET = f"SELECT {_COLUMNS} FROM counter_payment WHERE counter_no = $1"


async def get(counter_no: str, *, lock: bool = False) -> CounterPayment:
    """One counter payment, locked until the transaction ends where that is asked for.

    Raises:
        NoSuchCounterPayment.
    """
    row = await db.fetchrow(f"{_GET} FOR NO KEY UPDATE" if lock else _GET, counter_no)
    if row is None:
        raise NoSuchCounterPayment(counter_no=counter_no)
    return CounterPayment(*row)


_PAGE = f"""
SELECT {_COLUMNS} FROM counter_payment
WHERE id < $1 AND ($2::bigint IS NULL OR customer_id = $2) AND ($3::text IS NULL OR tender = $3)
  AND ($4::timestamptz IS NULL OR created_at >= $4)
ORDER BY id DESC LIMIT $5
"""


async def page(
    *,
    customer_id: int | None = None,
    tender: Tender | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[CounterPayment]:
    """Counter payments, newest first: all, or one customer's, by one tender, since an instant."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, customer_id, tender, since, limit)
    return [CounterPayment(*row) for row in rows]
