"""Invoices as they are looked at: what one can be asked for, the requests, and how much of what was issued is for money that went back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from core import db, errors, masks, sealed

CODE_PREPAID = "601"
"""The tax code of selling and topping up a prepaid card, 不征税."""

Subject = Literal["top_up", "bill"]
State = Literal["requested", "issued", "refused", "withdrawn"]


class NoSuchInvoice(errors.NotFound):
    """There is no request of this number, or it is another customer's."""

    code = "no_such_invoice"


@dataclass(frozen=True, slots=True)
class Invoice:
    """A request. ``about``: what the top-up or bill is called; ``number``: of the invoice that was issued; ``over_fen``: so much of it is for
    money that went back since, and needs a red letter."""

    id: int
    invoice_no: str
    customer_id: int
    subject: Subject
    subject_no: str
    about: str
    amount_fen: int
    title_kind: str
    title: str
    tax_no: str | None
    email: str | None
    door: str
    state: State
    number: str | None
    reason: str | None
    ended_by: str | None
    created_at: datetime
    ended_at: datetime | None
    over_fen: int

    @property
    def title_masked(self) -> str:
        """The title as lists and messages show it: of a person, no more than they are recognised by."""
        return masks.name(self.title) if self.title_kind == "personal" else self.title

    @property
    def tax_code(self) -> str | None:
        """``601`` for a top-up, which is not taxed; None: the tax code of what was sold."""
        return CODE_PREPAID if self.subject == "top_up" else None


@dataclass(frozen=True, slots=True)
class Open:
    """Something of which ``left_fen`` can be invoiced."""

    subject: Subject
    subject_no: str
    about: str
    left_fen: int
    at: datetime

    @property
    def code(self) -> str:
        """By which it is named in a chat."""
        return self.subject_no[-4:]


_PAID = {
    "top_up": "CASE WHEN {0}.state = 'credited' THEN {0}.pay_fen - {0}.refunded_fen ELSE 0 END",
    "bill": """coalesce((SELECT sum(p.amount_fen - p.refunded_fen - p.refunding_fen) FROM bill_payment p
               WHERE p.bill_id = {0}.id AND p.tender <> 'balance'), 0)""",
}
_TAKEN = """coalesce((SELECT sum(r.amount_fen) FROM invoice_request r WHERE r.subject = '{1}' AND r.subject_no = {0}.{1}_no
            AND r.state IN ({2})), 0)"""


def _left(subject: str, row: str, states: str = "'requested', 'issued'") -> str:
    return f"({_PAID[subject].format(row)} - {_TAKEN.format(row, subject, states)})"


_ISSUED_LATER = """coalesce((SELECT sum(l.amount_fen) FROM invoice_request l WHERE l.subject = r.subject AND l.subject_no = r.subject_no
            AND l.state = 'issued' AND l.id > r.id), 0)"""


def _over(subject: str, row: str) -> str:
    """So much less came in and stayed than was issued (what waits can still be refused), of the newest invoice first, so that each fen is
    told of once."""
    left = _left(subject, row, "'issued'")
    return f"-{left} - {_ISSUED_LATER}"


_OPEN = f"""
SELECT * FROM (
    SELECT 'top_up', t.top_up_no, NULL, {_left("top_up", "t")}::bigint AS left_fen, t.credited_at AS at
    FROM (SELECT * FROM top_up WHERE customer_id = $1 AND state = 'credited' ORDER BY id DESC LIMIT $2) t
    UNION ALL
    SELECT 'bill', b.bill_no, b.title, {_left("bill", "b")}::bigint, b.created_at
    FROM (SELECT * FROM bill WHERE customer_id = $1 AND paid_fen > 0 ORDER BY id DESC LIMIT $2) b
) o WHERE o.left_fen > 0 ORDER BY o.at DESC, o.top_up_no LIMIT $3
"""
_LOOKED_AT = 100


async def open_for(customer_id: int, *, limit: int = 20) -> list[Open]:
    """What the customer can ask an invoice for, the newest first; among their last hundred top-ups and hundred bills."""
    rows = await db.fetch(_OPEN, customer_id, _LOOKED_AT, limit)
    return [Open(row[0], row[1], row[2] or "", row[3], row[4]) for row in rows]


LEFT = {
    "top_up": f"SELECT {_left('top_up', 't')}::bigint FROM top_up t WHERE t.id = $1",
    "bill": f"SELECT {_left('bill', 'b')}::bigint FROM bill b WHERE b.id = $1",
}


_COLUMNS = f"""
r.id, r.invoice_no, r.customer_id, r.subject, r.subject_no, coalesce(b.title, '') AS about, r.amount_fen, r.title_kind, r.title, r.tax_no,
r.email, r.door, r.state, r.number, r.reason, r.ended_by, r.created_at, r.ended_at,
CASE WHEN r.state = 'issued'
     THEN greatest(0, least(r.amount_fen, CASE r.subject WHEN 'top_up' THEN {_over("top_up", "t")} ELSE {_over("bill", "b")} END))::bigint ELSE 0 END AS over_fen
FROM invoice_request r LEFT JOIN top_up t ON r.subject = 'top_up' AND t.top_up_no = r.subject_no
LEFT JOIN bill b ON r.subject = 'bill' AND b.bill_no = r.subject_no
"""
_GET = f"SELECT {_COLUMNS} WHERE r.invoice_no = $1 AND ($2::bigint IS NULL OR r.customer_id = $2)"
_PAGE = f"""
SELECT {_COLUMNS} WHERE ($1::bigint IS NULL OR r.customer_id = $1) AND ($2::text IS NULL OR r.state = $2) AND r.id < $3
ORDER BY r.id DESC LIMIT $4
"""


async def get(invoice_no: str, *, customer_id: int | None = None) -> Invoice:
    """One request; of this customer's if one is named.

    Raises:
        NoSuchInvoice, SealKeyMissing.
    """
    row = await db.fetchrow(_GET, invoice_no, customer_id)
    if row is None:
        raise NoSuchInvoice(invoice_no=invoice_no)
    return _of(row)


async def page(
    *, customer_id: int | None = None, state: State | None = None, before: int | None = None, limit: int = 20
) -> list[Invoice]:
    """Requests, the newest first.

    Raises:
        SealKeyMissing.
    """
    rows = await db.fetch(_PAGE, customer_id, state, before if before is not None else 2**62, limit)
    return [_of(row) for row in rows]


SEALED = ("title", "tax_no", "email")


def column(name: str) -> str:
    """As which one of ``SEALED`` is sealed."""
    return f"invoice_request.{name}"


_PLACES = {field.name: place for place, field in enumerate(fields(Invoice))}


def _of(row: Iterable[Any]) -> Invoice:
    values = list(row)
    for name in SEALED:
        values[_PLACES[name]] = sealed.opened_if_any(values[_PLACES[name]], column(name))
    return Invoice(*values)
