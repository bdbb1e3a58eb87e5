"""Receipts 收款凭证: for each payment that came in, at a channel or at the counter, one with a number of its own.

What was paid from the balance has none: it was receipted when it came in. A receipt is made when it is first asked for, and says how the
payment stands now: what of it went back, or that it was undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core import clock, db, errors, money

Source = Literal["payment", "counter"]


class NoSuchReceipt(errors.NotFound):
    """There is no payment of this number that came in, or it is not theirs."""

    code = "no_such_receipt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was received, from whom, how and for what. ``source_no`` is the payment's number at the channel or the counter payment's,
    ``reference`` the channel's, the bank's or the terminal's own; ``refunded_fen`` went back, or of a top-up is on its way back."""

    id: int
    receipt_no: str
    customer_id: int
    customer_name: str
    source: Source
    source_no: str
    purpose: str
    title: str | None
    tender: str
    reference: str | None
    amount_fen: int
    refunded_fen: int
    is_undone: bool
    paid_at: datetime
    created_at: datetime

    @property
    def amount_in_words(self) -> str:
        """The amount in Chinese capital words."""
        return money.in_words(self.amount_fen)


_MISSING = """
INSERT INTO receipt (id, receipt_no, customer_id, source, source_no, created_at)
SELECT n.id, 'SK' || to_char($2::timestamptz AT TIME ZONE $3, 'YYYYMMDD') || lpad(n.id::text, 8, '0'), n.customer_id, n.source,
       n.source_no, $2
FROM (
    SELECT nextval(pg_get_serial_sequence('receipt', 'id')) AS id, i.* FROM (
        SELECT p.customer_id, 'payment' AS source, p.payment_no AS source_no FROM payment p
        WHERE {payment} = $1 AND p.state = 'paid'
          AND NOT EXISTS (SELECT FROM receipt r WHERE r.source = 'payment' AND r.source_no = p.payment_no)
        UNION ALL
        SELECT c.customer_id, 'counter', c.counter_no FROM counter_payment c
        WHERE {counter} = $1
          AND NOT EXISTS (SELECT FROM receipt r WHERE r.source = 'counter' AND r.source_no = c.counter_no)
        ORDER BY source_no
    ) i
) n ON CONFLICT (source, source_no) DO NOTHING
"""
_MISSING_ONE = _MISSING.format(payment="p.payment_no", counter="c.counter_no")
_MISSING_OF_CUSTOMER = _MISSING.format(payment="p.customer_id", counter="c.customer_id")


_COLUMNS = """
r.id, r.receipt_no, r.customer_id, c.name AS customer_name, r.source, r.source_no,
coalesce(p.purpose, n.purpose) AS purpose, coalesce(b.title, d.title) AS title, coalesce(p.channel, n.tender) AS tender,
coalesce(p.channel_trade_no, n.reference) AS reference, coalesce(p.amount_fen, n.amount_fen) AS amount_fen,
CASE WHEN n.state = 'undone' THEN 0
     WHEN coalesce(p.purpose, n.purpose) = 'top_up' THEN coalesce((
         SELECT t.refunded_fen FROM top_up t WHERE t.top_up_no = coalesce(p.purpose_no, n.purpose_no)), 0)
     WHEN r.source = 'payment' THEN coalesce((
         SELECT bp.refunded_fen FROM bill_payment bp WHERE bp.payment_no = r.source_no), 0)
     ELSE coalesce((
         SELECT bp.refunded_fen FROM bill_payment bp WHERE bp.transfer_reference = n.transfer_reference), 0)
END::bigint AS refunded_fen,
coalesce(n.state = 'undone', false) AS is_undone, coalesce(p.paid_at, n.created_at) AS paid_at, r.created_at
FROM receipt r JOIN customer c ON c.id = r.customer_id
LEFT JOIN payment p ON r.source = 'payment' AND p.payment_no = r.source_no
LEFT JOIN counter_payment n ON r.source = 'counter' AND n.counter_no = r.source_no
LEFT JOIN combined_payment k ON p.purpose = 'bill' AND k.combined_no = p.purpose_no
LEFT JOIN bill b ON b.id = k.bill_id LEFT JOIN bill d ON n.purpose = 'bill' AND d.bill_no = n.purpose_no
"""
_OF = f"SELECT {_COLUMNS} WHERE r.source_no = $1 AND ($2::bigint IS NULL OR r.customer_id = $2)"
_PAGE = f"SELECT {_COLUMNS} WHERE r.customer_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3"


async def of(source_no: str, *, customer_id: int | None = None) -> Receipt:
    """The receipt for one payment that came in, made if there is none yet; of this customer's if one is named.

    Raises:
        NoSuchReceipt: no money came in by this number, or it is another customer's.
    """
    await db.execute(_MISSING_ONE, source_no, clock.now(), clock.zone().key)
    row = await db.fetchrow(_OF, source_no, customer_id)
    if row is None:
        raise NoSuchReceipt(number=source_no)
    return Receipt(*row)


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Receipt]:
    """The receipts for all of a customer's payments, the newest first; those still missing are made."""
    await db.execute(_MISSING_OF_CUSTOMER, customer_id, clock.now(), clock.zone().key)
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [Receipt(*row) for row in rows]
