"""The pages about money and the books that are written by hand, in place of those that are drawn from the operations."""

from __future__ import annotations

from aiohttp import web

from console import (
    acts,
    approvals,
    differences,
    due_runs,
    payments,
    plans,
    reconciliation,
    refunds,
    reviews,
    vouchers,
)

_PAGES = (acts, approvals, differences, due_runs, payments, plans, reconciliation, refunds, reviews, vouchers)


def add_to(door: web.Application) -> None:
    """Adds them all."""
    for pages in _PAGES:
        pages.add_to(door)
