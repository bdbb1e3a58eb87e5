"""Matching 抵扣: money that became available settles what is due, in the order the shop has chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from billing import bills, collecting, credit_draws, parts, standing, terms
from core import clock

T = TypeVar("T")


async def settling(customer_id: int, act: Callable[[], Awaitable[tuple[T, bool]]]) -> T:
    """Runs ``act``, which makes money available on a customer's account and says whether it did, then pays back what they have
    drawn on credit, and settles what is due with the rest. Part of the caller's transaction.

    The bills are locked before the account, as everywhere. A bill that fell due while we waited for the account is seen
    only by a second look, under the account's lock; what is locked by others then is left to them, since they come for the
    account next. What the balance does not cover stays owed. Money of a customer who is gone goes where ``standing`` says.
    """
    await bills.lock_overdue(customer_id)
    answer, is_new = await act()
    if is_new:
        owner_id = await standing.keeper(customer_id)
        await credit_draws.repay(owner_id)
        await _settle(await bills.lock_overdue(owner_id, wait=False))
    return answer


async def voiding(bill: bills.Bill, *, operator: str | None = None, reason: str | None = None) -> None:
    """``bills.void`` of a locked bill; what was held for its review pays back credit and settles what else is due.

    Raises:
        BillPaymentPending: it is being paid through a channel.
    """

    async def act() -> tuple[None, bool]:
        await bills.void(bill, operator=operator, reason=reason)
        return None, True

    if bill.under_review:
        await settling(bill.customer_id, act)
    else:
        await act()


async def _settle(owed: Sequence[bills.Bill]) -> None:
    if not owed:
        return
    in_parts = await parts.running([bill.id for bill in owed if bill.collect_mode == "instalments"])
    due_fen = due(owed, in_parts)
    rule = terms.current().matching_order
    in_order = sorted((bill for bill in owed if due_fen[bill.id]), key=lambda one: _place(one, due_fen, rule))
    await collecting.collect(in_order, operator="clock", asked=due_fen, matched_by=rule)


def due(owed: Sequence[bills.Bill], in_parts: Mapping[int, Sequence[parts.Part]]) -> dict[int, int]:
    """What is due now of locked bills, by their ids: all that is owed of a bill past its date, of one in instalments the
    parts whose day has come."""
    now = clock.now()
    return {
        bill.id: parts.due_fen(in_parts[bill.id])
        if bill.collect_mode == "instalments"
        else (bill.owed_fen if bill.due_at <= now else 0)
        for bill in owed
    }


def _place(bill: bills.Bill, due_fen: dict[int, int], rule: terms.MatchingOrder) -> tuple[object, ...]:
    """Where a bill stands among those that are due; the same for any two looks at the same bills."""
    if rule == "oldest_issued":
        return (bill.created_at, bill.id)
    if rule == "smallest_first":
        return (due_fen[bill.id], bill.due_at, bill.id)
    return (bill.due_at, bill.id)
