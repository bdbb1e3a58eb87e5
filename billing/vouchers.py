"""Transfer vouchers 付款凭证: a customer has transferred money to the shop's bank account and shows the bank's voucher.

An operator compares it with the bank's statement and confirms what was received, which makes it a counter payment, or rejects it with a
reason. What the customer says of the amount moves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from billing import approvals, bills, counter, staff_alerts, voucher_images
from core import clock, db, errors, ids
from ledger import accounts, idempotency
from members import customers, limits
from notifications import outbox

State = Literal["started", "submitted", "confirmed", "rejected", "withdrawn"]
MOST_WAITING = 5
"""So many vouchers of a customer may wait at once."""


class NoSuchVoucher(errors.NotFound):
    """There is no voucher of this number, or it is not theirs."""

    code = "no_such_voucher"


class VoucherStateForbids(errors.Conflict):
    """The voucher was decided on already, or is about to be: that waits for a second person."""

    code = "voucher_state_forbids"


class TooManyVouchers(errors.Conflict):
    """The customer has as many waiting as may wait."""

    code = "too_many_vouchers"


NotAnImage = voucher_images.NotAnImage
ImageTooLarge = voucher_images.ImageTooLarge
NoSuchBill = bills.NoSuchBill
BillNotOwed = bills.BillNotOwed
BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
AmountAboveOwed = counter.AmountAboveOwed
PaidInFullOnly = counter.PaidInFullOnly
CustomerHasLeft = counter.CustomerHasLeft
AlreadyRecorded = counter.AlreadyRecorded
NoSuchAccount = accounts.NoSuchAccount
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher. ``amount_fen`` is what the customer says; ``same_as_no`` an older voucher, anybody's, with the very same image."""

    id: int
    voucher_no: str
    customer_id: int
    bill_no: str | None
    amount_fen: int
    note: str
    state: State
    approval_no: str | None
    counter_no: str | None
    decided_by: str | None
    reject_reason: str | None
    created_at: datetime
    decided_at: datetime | None
    same_as_no: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What confirming came to: the voucher, and an approval where it waits for a second person."""

    voucher: Voucher
    approval_no: str | None


_COUNT = "SELECT count(*) FROM voucher WHERE customer_id = $1 AND state IN ('started', 'submitted')"
_CREATE = """
INSERT INTO voucher (voucher_no, customer_id, bill_no, amount_fen, note, state, created_at) VALUES ($1, $2, $3, $4, $5, 'started', $6)
"""


@db.retried
async def start(
    customer_id: int, *, amount_fen: int, bill_no: str | None = None, note: str = "", key: str
) -> Voucher:
    """The customer says what they have transferred, as a top-up or for one of their bills. The image follows (``show``).

    Raises:
        NoSuchBill, BillNotOwed, NoSuchAccount, TooManyVouchers, KeyReused.
    """

    async def act() -> str:
        if bill_no is not None:
            owed = await bills.get(customer_id, bill_no)
            if owed.state not in bills.OWED:
                raise BillNotOwed(bill_no=bill_no, state=owed.state)
        await accounts.locked_balance(customer_id)  # of two at once the second is counted after the first
        if await db.fetchval(_COUNT, customer_id) >= MOST_WAITING:
            raise TooManyVouchers(most=MOST_WAITING)
        number = ids.new_no("U")
        await db.execute(_CREATE, number, customer_id, bill_no, amount_fen, note, clock.now())
        return number

    content = {"amount_fen": amount_fen, "bill_no": bill_no, "note": note}
    async with db.transaction():
        made = await idempotency.once(
            caller=accounts.of_customer(customer_id),
            operation="vouchers.start",
            key=key,
            content=content,
            act=act,
        )
    return await get(made, customer_id=customer_id)


_SHOWN = "UPDATE voucher SET state = 'submitted', image_hash = $2 WHERE voucher_no = $1"
_HASH = "SELECT image_hash FROM voucher WHERE voucher_no = $1"


async def show(customer_id: int, voucher_no: str, file: bytes) -> Voucher:
    """The customer uploads the image; the shop's people are alerted. The same image again changes nothing.

    Raises:
        NoSuchVoucher, VoucherStateForbids, NotAnImage, ImageTooLarge.
    """
    found = await get(voucher_no, customer_id=customer_id)
    if found.state not in ("started", "submitted"):
        raise VoucherStateForbids(voucher_no=voucher_no, state=found.state)
    await _submit(customer_id, voucher_no, await voucher_images.drawn(file))
    return await get(voucher_no, customer_id=customer_id)


@db.retried
async def _submit(customer_id: int, voucher_no: str, image: voucher_images.Drawn) -> None:
    async with db.transaction():
        found = await _locked(voucher_no, customer_id=customer_id)
        if found.state == "submitted" and await db.fetchval(_HASH, voucher_no) == image.file_hash:
            return
        if found.state != "started":
            raise VoucherStateForbids(voucher_no=voucher_no, state=found.state)
        await voucher_images.keep(voucher_no, image.jpeg)
        await db.execute(_SHOWN, voucher_no, image.file_hash)
        told = {"customer_id": customer_id, "voucher_no": voucher_no, "amount_fen": found.amount_fen}
        await staff_alerts.raise_once("voucher_submitted", voucher_no, told)


@db.retried
async def withdraw(customer_id: int, voucher_no: str) -> Voucher:
    """The customer takes a voucher back that nobody has decided on. Again is harmless.

    Raises:
        NoSuchVoucher, VoucherStateForbids.
    """
    async with db.transaction():
        found = await _locked(voucher_no, customer_id=customer_id)
        if found.state != "withdrawn":
            _refuse_decided(found, "started", "submitted")
            await _refuse_waiting(found)
            await _decide(found, "withdrawn", by=accounts.of_customer(customer_id))
    return await get(voucher_no, customer_id=customer_id)


async def confirm(
    operator_id: int, voucher_no: str, *, amount_fen: int, reference: str, to_balance: bool = False, key: str
) -> Outcome:
    """An operator has found the money on the bank's statement: so much of it, under this number of the bank's. It pays the bill it was
    meant for, or goes on the balance as a top-up, as it does ``to_balance`` in any case. Above the shop's limit a second person agrees first.

    Raises:
        NoSuchVoucher, VoucherStateForbids, AlreadyRecorded, BillNotOwed, BillPaymentPending, BillUnderReview, AmountAboveOwed, PaidInFullOnly,
        CustomerHasLeft, KeyReused.
    """
    wish = {
        "voucher_no": voucher_no, "amount_fen": amount_fen, "reference": reference, "to_balance": to_balance,
    }  # fmt: skip

    async def act() -> str:
        allowance = await limits.of(operator_id, "counter", "money.approve")
        found = await _locked(voucher_no)
        _refuse_decided(found, "submitted")
        await _refuse_waiting(found)
        if found.bill_no is not None and not to_balance:
            customers.refuse_left(await customers.get((await bills.find(found.bill_no)).customer_id))
        alone = not counter.needs_second_person(amount_fen)
        if alone and await allowance.takes(amount_fen, accounts.of_customer(found.customer_id)):
            return await _confirm(wish, counter.By(f"operator:{operator_id}", voucher_no=voucher_no))
        approval_no = await approvals.request(
            "voucher", wish, amount_fen=amount_fen, reason=f"{voucher_no} {reference}"[:200], operator_id=operator_id,
            customer_id=found.customer_id,
        )  # fmt: skip
        await db.execute(_WAITS, voucher_no, approval_no)
        return approval_no

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="vouchers.confirm", key=key, content=wish, act=act
    )
    return Outcome(await get(voucher_no), made if made.startswith(approvals.PREFIX) else None)


_WAITS = "UPDATE voucher SET approval_no = $2 WHERE voucher_no = $1"


async def _confirm(wish: Mapping[str, Any], by: counter.By) -> str:
    found = await _locked(wish["voucher_no"])
    _refuse_decided(found, "submitted")
    taking = counter.Taking("transfer", wish["reference"], found.note)
    if found.bill_no is not None and not wish["to_balance"]:
        number = await counter.pay_bill(found.bill_no, wish["amount_fen"], taking, by)
    else:
        number = await counter.credit_received(found.customer_id, wish["amount_fen"], taking, by)
    await _decide(found, "confirmed", by=by.operator, counter_no=number)
    return number


async def _approved(approval: approvals.Approval) -> str:
    by = counter.By(
        f"operator:{approval.requested_by}", approval.approval_no, voucher_no=approval.params["voucher_no"]
    )
    return await _confirm(approval.params, by)


approvals.register("voucher", _approved, "counter")


async def reject(operator_id: int, voucher_no: str, *, reason: str, key: str) -> Voucher:
    """An operator does not find the money, or the voucher is not one; the customer is told why.

    Raises:
        NoSuchVoucher, VoucherStateForbids, KeyReused.
    """

    async def act() -> str:
        found = await _locked(voucher_no)
        _refuse_decided(found, "submitted")
        await _refuse_waiting(found)
        await _decide(found, "rejected", by=f"operator:{operator_id}", reason=reason)
        told = {"voucher_no": voucher_no, "amount_fen": found.amount_fen, "reason": reason, "at": clock.now()}
        message = outbox.Message(found.customer_id, "voucher_rejected", f"voucher:{voucher_no}", told)
        await outbox.tell([message])
        return voucher_no

    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="vouchers.reject", key=key,
        content={"voucher_no": voucher_no, "reason": reason}, act=act,
    )  # fmt: skip
    return await get(voucher_no)


def _refuse_decided(found: Voucher, *states: State) -> None:
    if found.state not in states:
        raise VoucherStateForbids(voucher_no=found.voucher_no, state=found.state)


async def _refuse_waiting(found: Voucher) -> None:
    """While a second person may still agree to it nobody else decides."""
    if found.approval_no is not None and (await approvals.get(found.approval_no)).state == "waiting":
        raise VoucherStateForbids(voucher_no=found.voucher_no, state="waiting")


_DECIDE = """
UPDATE voucher SET state = $2, decided_by = $3, decided_at = $4, counter_no = $5, reject_reason = $6 WHERE voucher_no = $1
"""


async def _decide(
    found: Voucher, state: State, *, by: str, counter_no: str | None = None, reason: str | None = None
) -> None:
    await db.execute(_DECIDE, found.voucher_no, state, by, clock.now(), counter_no, reason)
    await staff_alerts.resolve("voucher_submitted", [found.voucher_no])


_COLUMNS = ", ".join(f"v.{field.name}" for field in fields(Voucher) if field.name != "same_as_no")
_SAME = """
(SELECT o.voucher_no FROM voucher o WHERE o.image_hash = v.image_hash AND o.id < v.id ORDER BY o.id LIMIT 1) AS same_as_no
"""
_GET = f"SELECT {_COLUMNS}, {_SAME} FROM voucher v WHERE v.voucher_no = $1 AND ($2::bigint IS NULL OR v.customer_id = $2)"


async def get(voucher_no: str, *, customer_id: int | None = None) -> Voucher:
    """One voucher, of this customer if one is named.

    Raises:
        NoSuchVoucher.
    """
    return await _one(_GET, voucher_no, customer_id)


async def _locked(voucher_no: str, *, customer_id: int | None = None) -> Voucher:
    return await _one(f"{_GET} FOR NO KEY UPDATE OF v", voucher_no, customer_id)


async def _one(query: str, voucher_no: str, customer_id: int | None) -> Voucher:
    row = await db.fetchrow(query, voucher_no, customer_id)
    if row is None:
        raise NoSuchVoucher(voucher_no=voucher_no)
    return Voucher(*row)


async def image(voucher_no: str, *, customer_id: int | None = None) -> bytes:
    """The picture, as JPEG.

    Raises:
        NoSuchVoucher: there is none of this number, or nothing was uploaded yet.
    """
    await get(voucher_no, customer_id=customer_id)
    found = await voucher_images.get(voucher_no)
    if found is None:
        raise NoSuchVoucher(voucher_no=voucher_no)
    return found


_PAGE = f"""
SELECT {_COLUMNS}, {_SAME} FROM voucher v
WHERE v.id < $1 AND ($2::bigint IS NULL OR v.customer_id = $2) AND ($3::text IS NULL OR v.state = $3) ORDER BY v.id DESC LIMIT $4
"""


async def page(
    *, customer_id: int | None = None, state: State | None = None, before: int | None = None, limit: int = 20
) -> list[Voucher]:
    """Vouchers, newest first: all, or one customer's, or those in one state."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, customer_id, state, limit)
    return [Voucher(*row) for row in rows]
