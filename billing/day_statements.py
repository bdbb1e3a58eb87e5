"""Statements 余额明细: an account from one business day to another, with opening and closing balance, to read or to keep.

Both days belong to it. A day begins at midnight in the shop's zone; a change exactly then is the new day's. Which change lies
on which side of a midnight says ``ledger.statement``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core import clock, errors
from ledger import accounts, statement
from members import customers

Line = statement.Line
Stretch = statement.Stretch
Total = statement.Total
NoSuchAccount = accounts.NoSuchAccount
NoSuchCustomer = customers.NoSuchCustomer


class DaysReversed(errors.Invalid):
    """A statement's first day comes after its last."""

    code = "statement_days_reversed"


class NotBegun(errors.Invalid):
    """The first day has not come: what the account opens with then, nobody can say."""

    code = "statement_not_begun"


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of an account's changes, oldest first, in the frame of the whole statement.

    ``as_of``: when it was read, in case the last day is not over. ``end_no`` is the line it ends before: with it, later pages
    tell of the same changes although new ones have come.
    """

    from_on: date
    to_on: date
    as_of: datetime
    currency: str
    opening: statement.Amounts
    closing: statement.Amounts
    totals: Sequence[Total]
    lines: Sequence[Line]
    end_no: int


async def read(
    customer_id: int,
    *,
    from_on: date,
    to_on: date,
    after_no: int | None = None,
    before_no: int | None = None,
    limit: int,
) -> Statement:
    """The statement with at most ``limit`` of its lines, those after line ``after_no``; ``before_no`` is the ``end_no`` of
    the first page.

    Raises:
        DaysReversed, NotBegun, NoSuchAccount.
    """
    as_of = clock.now()
    found = await stretch(customer_id, from_on=from_on, to_on=to_on, before_no=before_no)
    return Statement(
        from_on=from_on,
        to_on=to_on,
        as_of=as_of,
        currency=found.currency,
        opening=found.opening,
        closing=found.closing,
        totals=await statement.totals(found),
        lines=await statement.lines(found, after_no=after_no, limit=limit),
        end_no=found.end_no,
    )


async def stretch(customer_id: int, *, from_on: date, to_on: date, before_no: int | None = None) -> Stretch:
    """The lines that the days cover, to be read by ``ledger.statement``.

    Raises:
        DaysReversed, NotBegun, NoSuchAccount.
    """
    if from_on > to_on:
        raise DaysReversed
    if from_on > clock.today():
        raise NotBegun(from_on=from_on.isoformat())
    return await statement.stretch(
        customer_id,
        begins_at=clock.start_of(from_on),
        ends_at=clock.start_of(to_on + timedelta(days=1)),
        before_no=before_no,
    )
