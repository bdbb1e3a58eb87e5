"""The checks of the proof, a file a topic. Each query returns one column naming the offender, and nothing when the books are right.

A check that can be asked of only what changed since a mark says how, in the terms of ``changed.py``: ``since`` gives tables to be
seen as their changed rows only, ``since_sql`` another query. A check with neither is always asked of the whole database.
"""

from __future__ import annotations

from ledger.proof.checks import (
    after_sales,
    bills,
    bookings,
    books,
    catalogue,
    combined,
    credit,
    freshness,
    holds,
    instalments,
    invoices,
    members,
    messages,
    operations,
    payments,
    plans,
    reconciliation,
    refunds,
    remittances,
    reviews,
    seals,
    standing,
    stock,
)
from ledger.proof.checks.check import Check

__all__ = ["ALL", "Check"]

ALL: tuple[Check, ...] = tuple(
    sorted(
        (
            *books.CHECKS, *credit.CHECKS, *seals.CHECKS, *messages.CHECKS, *payments.CHECKS, *plans.CHECKS, *bills.CHECKS,
            *combined.CHECKS, *instalments.CHECKS, *refunds.CHECKS, *after_sales.CHECKS, *holds.CHECKS, *reviews.CHECKS,
            *operations.CHECKS, *reconciliation.CHECKS, *remittances.CHECKS, *members.CHECKS, *freshness.CHECKS, *stock.CHECKS,
            *catalogue.CHECKS, *standing.CHECKS, *bookings.CHECKS, *invoices.CHECKS,
        ),
        key=lambda check: int(check.invariant[1:]),
    )
)  # fmt: skip
"""In the order of the invariants."""
