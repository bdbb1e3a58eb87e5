"""What a check is, and what several of them say in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One query for offenders against one invariant. ``needs_clock``: it takes the present instant as ``$1``."""

    invariant: str
    title: str
    sql: str
    since: Mapping[str, str] | None = None
    since_sql: str | None = None
    needs_clock: bool = False


IS_CLOSED = "EXISTS (SELECT FROM order_event e WHERE e.order_id = o.id AND e.step = 'close')"
"""Of an order ``o``: it was sent in part and paid back, and no more of it is sent."""

CHANGES = """
WITH side AS (
    SELECT p.transfer_id, p.target_id AS account_id, p.target_lot_id AS lot_id, p.amount_fen FROM posting p
    UNION ALL
    SELECT p.transfer_id, p.source_id, p.source_lot_id, -p.amount_fen FROM posting p
)
"""
"""Every posting as two signed halves; a customer's half names its lot."""
