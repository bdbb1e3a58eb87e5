"""Payments as operators list them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billing import attempts
from core import db, sorting

_PAGE = f"""
SELECT {attempts.columns("p")} FROM payment p
WHERE p.id < $1 AND ($2::text IS NULL OR p.state = $2) AND ($3::bigint IS NULL OR p.customer_id = $3) ORDER BY p.id DESC LIMIT $4
"""


_SORTED = f"SELECT {attempts.columns('p')} FROM payment p"
_SORTS = {"amount_fen": "p.amount_fen", "created_at": "p.id"}
"""What payments can be sorted by, and the columns: ``payment_by_amount`` serves it; they are numbered as they are made."""


async def page(
    *,
    state: str | None = None,
    customer_id: int | None = None,
    before: int | None = None,
    sort: sorting.Sort | None = None,
    limit: int = 20,
) -> list[attempts.Payment]:
    """All payments, or one customer's, newest first, for operators; ``before`` is the id the last page ended at. ``sort``: by ``amount_fen`` or
    ``created_at`` instead."""
    rows: Sequence[Any]
    if sort is None:
        rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, customer_id, limit)
    else:
        where = {"p.state = {0}": (state,), "p.customer_id = {0}": (customer_id,)}
        text, args = sorting.statement(
            _SORTED, where, sort, column=_SORTS[sort.by], number="p.id", limit=limit
        )
        rows = await db.fetch(text, *args)
    return [attempts.of_row(tuple(row)) for row in rows]
