"""Bills as people look at them: what is due now and next, what was paid, what was arranged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from billing import arrangements, bills, parts
from core import clock, db


@dataclass(frozen=True, slots=True)
class Owing(bills.Bill):
    """A bill with the parts it is paid in, if any."""

    instalments: tuple[parts.Part, ...] = ()

    @property
    def due_fen(self) -> int:
        """What is due of it now."""
        if self.state not in bills.OWED:
            return 0
        if self.instalments:
            return parts.due_fen(self.instalments)
        return self.owed_fen if self.due_at <= clock.now() else 0

    @property
    def next_part(self) -> parts.Part | None:
        """The first part that is not paid."""
        return parts.next_owed(self.instalments) if self.state in bills.OWED else None


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount the bill was paid with. ``matched_by`` is the rule by which the shop chose the bill; None: somebody did."""

    amount_fen: int
    refunded_fen: int
    tender: str
    matched_by: str | None
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Owing):
    """Everything about one bill."""

    refunded_fen: int
    issued_by: str | None
    consent: str | None
    memo: str | None
    paid_at: datetime | None
    voided_at: datetime | None
    voided_by: str | None
    void_reason: str | None
    payments: tuple[Payment, ...]
    history: tuple[arrangements.Arrangement, ...]
    """All that was ever arranged about it, the latest first."""

    @property
    def running(self) -> arrangements.Arrangement | None:
        """The instalments it is paid in."""
        return self._in("running")

    @property
    def proposed(self) -> arrangements.Arrangement | None:
        """The instalments the customer is asked to agree to; not those that are overtaken by a payment."""
        offer = self._in("proposed")
        still_fits = self.state in bills.OWED and offer is not None and offer.base_fen == self.paid_fen
        return offer if still_fits else None

    def _in(self, state: arrangements.State) -> arrangements.Arrangement | None:
        return next((one for one in self.history if one.state == state), None)


async def page(
    customer_id: int, *, states: Sequence[str] | None = None, before: int | None = None, limit: int = 20
) -> list[Owing]:
    """The customer's bills, newest first; ``before`` is the id the last page ended at."""
    return await _with_parts(await bills.page(customer_id, states=states, before=before, limit=limit))


async def _with_parts(found: Sequence[bills.Bill]) -> list[Owing]:
    in_parts = await parts.running([bill.id for bill in found if bill.collect_mode == "instalments"])
    return [Owing(**_values(bill), instalments=tuple(in_parts.get(bill.id, ()))) for bill in found]


def _values(bill: bills.Bill) -> dict[str, Any]:
    return {one.name: getattr(bill, one.name) for one in fields(bill)}


_MORE = """
SELECT refunded_fen, issued_by, consent, memo, paid_at, voided_at, voided_by, void_reason FROM bill WHERE id = $1
"""
_PAYMENTS = """
SELECT amount_fen, refunded_fen, tender, matched_by, transfer_reference, created_at FROM bill_payment
WHERE bill_id = $1 ORDER BY id DESC
"""


async def read(bill_no: str, *, customer_id: int | None = None) -> Record:
    """One bill, the customer's own where one is given.

    Raises:
        NoSuchBill: there is none of this number, or it is not theirs.
    """
    bill = await (bills.find(bill_no) if customer_id is None else bills.get(customer_id, bill_no))
    (owing,) = await _with_parts([bill])
    more = await db.fetchrow(_MORE, bill.id)
    assert more is not None
    return Record(
        **_values(owing),
        **dict(more),
        payments=tuple([Payment(*row) for row in await db.fetch(_PAYMENTS, bill.id)]),
        history=tuple(await arrangements.of_bill(bill)),
    )


_MATCHED = "SELECT matched_by FROM bill_payment WHERE transfer_reference = $1"


async def matched_by(reference: str) -> str | None:
    """The rule by which the shop chose the bill that a transfer paid; None: somebody chose it, or it paid none."""
    found: str | None = await db.fetchval(_MATCHED, reference)
    return found
