"""Invoices 发票 that customers ask for, and what becomes of the requests. Issuing one electronically is not done here: an operator issues it
where the shop does and notes its number.

An invoice is for money that came in, once: a top-up is invoiced when it is paid (a prepaid card is sold: ordinary invoice, code 601
"预付卡销售和充值", not taxed), and what is paid from the balance afterwards is not invoiced again (announcement of the State Taxation Administration 2016
no. 53, articles 3 and 4). Of a bill only what came by a channel or over the counter is.

So for each top-up and bill there is a most, what came in less what went back or is on its way, and the requests that wait or were met are never more.
It is judged under the lock of the top-up or bill, which its payments and refunds take too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from billing import invoices_shown, standing, tax_numbers
from billing.invoices_shown import Invoice, NoSuchInvoice, Open, State, Subject, get, open_for, page
from billing.tax_numbers import TaxNumberWrong
from core import clock, db, errors, ids, sealed
from ledger import idempotency
from ledger.idempotency import KeyReused
from members import customers
from members.customers import CustomerHasLeft
from notifications import addresses, outbox
from notifications.addresses import AddressNotUsable

__all__ = [
    "AddressNotUsable",
    "CustomerHasLeft",
    "Invoice",
    "InvoiceAboveLeft",
    "InvoiceNumberTaken",
    "InvoiceStateForbids",
    "InvoiceTitleWrong",
    "KeyReused",
    "NoSuchInvoice",
    "NothingToInvoice",
    "Open",
    "TaxNumberWrong",
    "Title",
    "TooManyInvoices",
    "get",
    "issue",
    "open_for",
    "page",
    "refuse",
    "request",
    "withdraw",
]

MOST_WAITING = 20
"""So many requests of one customer wait at most."""
LONGEST_TITLE = 100


class NothingToInvoice(errors.NotFound):
    """The customer has no such top-up or bill, or nothing came in for it that is not invoiced yet. What was paid from the balance was
    invoiced, or can be, as a top-up."""

    code = "nothing_to_invoice"


class InvoiceAboveLeft(errors.Conflict):
    """It is more than came in and is not invoiced yet."""

    code = "invoice_above_left"


class InvoiceTitleWrong(errors.Invalid):
    """A company's invoice needs the tax number, a person's has none; the title has a hundred characters at most."""

    code = "invoice_title_wrong"


class TooManyInvoices(errors.Conflict):
    """Too many requests of the customer wait for the shop."""

    code = "too_many_invoices"


class InvoiceStateForbids(errors.Conflict):
    """The request was decided on or taken back already."""

    code = "invoice_state_forbids"


class InvoiceNumberTaken(errors.Conflict):
    """An invoice of this number is noted for another request."""

    code = "invoice_number_taken"


@dataclass(frozen=True, slots=True)
class Title:
    """抬头: whom the invoice is made out to. ``tax_no``: of a company, as it gave it; ``email``: where it is to go, None: nowhere."""

    kind: Literal["personal", "company"]
    title: str
    tax_no: str | None = None
    email: str | None = None


_LOCK = {
    "top_up": "SELECT id FROM top_up WHERE top_up_no = $1 AND ($2::bigint IS NULL OR customer_id = $2) FOR NO KEY UPDATE",
    "bill": "SELECT id FROM bill WHERE bill_no = $1 AND ($2::bigint IS NULL OR customer_id = $2) FOR NO KEY UPDATE",
}
_OF_ORDER = "SELECT bill_no FROM shop_order WHERE order_no = $1 AND customer_id = $2"
_LOCK_CUSTOMER = "SELECT 1 FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_WAITING = "SELECT count(*) FROM invoice_request WHERE customer_id = $1 AND state = 'requested'"
_ADD = """
INSERT INTO invoice_request (invoice_no, customer_id, subject, subject_no, amount_fen, title_kind, title, tax_no, email, door, state, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'requested', $11)
"""


async def request(
    customer_id: int,
    subject: Literal["top_up", "bill", "order"],
    subject_no: str,
    title: Title,
    *,
    amount_fen: int | None = None,
    door: str,
    key: str,
) -> Invoice:
    """Asks for an invoice for money that came in for a top-up, a bill, or an order's bill; without an amount for all that is left of it.

    Raises:
        NothingToInvoice, InvoiceAboveLeft, InvoiceTitleWrong, TaxNumberWrong, AddressNotUsable, TooManyInvoices, CustomerHasLeft, KeyReused.
    """
    tax_no, email = _checked(title)
    said = {"title": title.title, "tax_no": tax_no, "email": email}
    content = {
        "subject": subject, "subject_no": subject_no, "amount_fen": amount_fen, "title_kind": title.kind,
        **{name: None if one is None else sealed.index(one, name).hex() for name, one in said.items()},
    }  # fmt: skip

    async def act() -> str:
        kind: Subject = "top_up" if subject == "top_up" else "bill"
        number = await db.fetchval(_OF_ORDER, subject_no, customer_id) if subject == "order" else subject_no
        left_fen = await _locked_left(kind, number or "", customer_id)
        await db.fetchval(_LOCK_CUSTOMER, customer_id)
        customers.refuse_left(await customers.get(customer_id))
        if left_fen <= 0:
            raise NothingToInvoice
        asked_fen = left_fen if amount_fen is None else amount_fen
        if asked_fen > left_fen:
            raise InvoiceAboveLeft(left_fen=left_fen)
        if await db.fetchval(_WAITING, customer_id) >= MOST_WAITING:
            raise TooManyInvoices(most=MOST_WAITING)
        made = ids.new_no("FP")
        await db.execute(
            _ADD, made, customer_id, kind, number, asked_fen, title.kind,
            *(sealed.seal_if_any(said[name], invoices_shown.column(name)) for name in invoices_shown.SEALED), door, clock.now(),
        )  # fmt: skip
        return made

    caller = f"customer:{customer_id}"
    made = await idempotency.alone(
        caller=caller, operation="invoices.request", key=key, content=content, act=act
    )
    return await get(made)


def _checked(title: Title) -> tuple[str | None, str | None]:
    if (title.kind == "company") != (title.tax_no is not None) or not 0 < len(
        title.title.strip()
    ) <= LONGEST_TITLE:
        raise InvoiceTitleWrong
    tax_no = None if title.tax_no is None else tax_numbers.usable(title.tax_no)
    return tax_no, None if title.email is None else addresses.usable("email", title.email)


async def _locked_left(subject: Subject, subject_no: str, customer_id: int | None = None) -> int:
    """What can be invoiced still of a top-up or bill, which stays so until the transaction ends: it is read after the lock, in a statement
    of its own."""
    number = await db.fetchval(_LOCK[subject], subject_no, customer_id)
    return 0 if number is None else int(await db.fetchval(invoices_shown.LEFT[subject], number))


async def withdraw(customer_id: int, invoice_no: str, *, key: str) -> Invoice:
    """The customer takes a request back that nobody has decided on.

    Raises:
        NoSuchInvoice, InvoiceStateForbids, KeyReused.
    """

    async def act() -> str:
        found = await get(invoice_no, customer_id=customer_id)
        await _end(found, "withdrawn", by=f"customer:{customer_id}")
        return invoice_no

    caller = f"customer:{customer_id}"
    await idempotency.alone(
        caller=caller, operation="invoices.withdraw", key=key, content={"no": invoice_no}, act=act
    )
    return await get(invoice_no)


async def issue(operator_id: int, invoice_no: str, number: str, *, key: str) -> Invoice:
    """An operator has issued the invoice, under this number; the customer is told.

    Raises:
        NoSuchInvoice, InvoiceStateForbids, InvoiceAboveLeft: money went back since it was asked for. InvoiceNumberTaken, KeyReused.
    """

    async def act() -> str:
        found = await get(invoice_no)
        left_fen = await _locked_left(found.subject, found.subject_no)  # less this request
        if left_fen < 0 and (await get(invoice_no)).state == "requested":
            raise InvoiceAboveLeft(left_fen=max(0, found.amount_fen + left_fen))
        await _end(found, "issued", by=f"operator:{operator_id}", number=number)
        return invoice_no

    content = {"no": invoice_no, "number": number}
    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="invoices.issue", key=key, content=content, act=act
    )
    return await get(invoice_no)


async def refuse(operator_id: int, invoice_no: str, reason: str, *, key: str) -> Invoice:
    """An operator does not issue the invoice, and says why; the customer is told.

    Raises:
        NoSuchInvoice, InvoiceStateForbids, KeyReused.
    """

    async def act() -> str:
        await _end(await get(invoice_no), "refused", by=f"operator:{operator_id}", reason=reason)
        return invoice_no

    content = {"no": invoice_no, "reason": reason}
    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="invoices.refuse", key=key, content=content, act=act
    )
    return await get(invoice_no)


_END = """
UPDATE invoice_request SET state = $2, number = $3, reason = $4, ended_by = $5, ended_at = $6
WHERE invoice_no = $1 AND state = 'requested' RETURNING id
"""
_NUMBER = "SELECT invoice_no FROM invoice_request WHERE number = $1"
_TOLD: dict[State, outbox.Kind] = {"issued": "invoice_issued", "refused": "invoice_refused"}


async def _end(
    found: Invoice, state: State, *, by: str, number: str | None = None, reason: str | None = None
) -> None:
    """Once: of two who decide at once the second finds it decided."""
    if number is not None and (other := await db.fetchval(_NUMBER, number)) not in (None, found.invoice_no):
        raise InvoiceNumberTaken(number=number, invoice_no=other)
    if await db.fetchval(_END, found.invoice_no, state, number, reason, by, clock.now()) is None:
        raise InvoiceStateForbids(invoice_no=found.invoice_no)
    kind = _TOLD.get(state)
    if kind is None:
        return
    told: dict[str, Any] = {
        "title": found.title_masked, "amount_fen": found.amount_fen, "number": number, "reason": reason, "invoice_no": found.invoice_no,
    }  # fmt: skip
    whose = await standing.heir(found.customer_id)
    await outbox.tell([outbox.Message(whose, kind, f"{kind}:{found.invoice_no}", told)])
