"""Statements: the lines of one account between two instants, with the balances before the first and after the last.

Which lines lie between two instants is decided by the line numbers, because they are what orders an account: a stamp comes
from the clock of the process that posted, taken before it waited for the account, so two neighbouring lines may carry stamps
in the wrong order. An instant therefore cuts an account *before the first line stamped at or after it*. Every line is on one
side of every cut, stretches that meet in time meet in lines, and a cut with a line behind it never moves again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import db
from ledger import accounts


@dataclass(frozen=True, slots=True)
class Amounts:
    """A balance by kind, in fen."""

    principal_fen: int
    bonus_fen: int

    @property
    def balance_fen(self) -> int:
        return self.principal_fen + self.bonus_fen


@dataclass(frozen=True, slots=True)
class Stretch:
    """The lines ``first_no`` … ``end_no - 1`` of an account; lines are only ever appended, so it reads the same for ever."""

    account_id: int
    currency: str
    first_no: int
    end_no: int
    opening: Amounts
    closing: Amounts

    @property
    def lines(self) -> int:
        """How many lines there are; numbers have no gaps (I2)."""
        return self.end_no - self.first_no


@dataclass(frozen=True, slots=True)
class Line:
    """One change with its signed amounts and the balances after it."""

    entry_no: int
    kind: str
    reference: str
    memo: str
    operator: str
    principal_fen: int
    bonus_fen: int
    principal_after_fen: int
    bonus_after_fen: int
    at: datetime

    @property
    def amount_fen(self) -> int:
        return self.principal_fen + self.bonus_fen

    @property
    def balance_after_fen(self) -> int:
        return self.principal_after_fen + self.bonus_after_fen


@dataclass(frozen=True, slots=True)
class Total:
    """What the changes of one kind come to, with their sign."""

    kind: str
    lines: int
    principal_fen: int
    bonus_fen: int

    @property
    def amount_fen(self) -> int:
        return self.principal_fen + self.bonus_fen


# The cuts are found in the index alone (account_id, entry_no) INCLUDE (created_at): the cost grows with the lines before the
# cut, some hundred to a page, and not with other customers' history.
_STRETCH = """
WITH cut AS (
    SELECT a.id, a.currency, coalesce(begins.entry_no, a.entry_no + 1) AS first_no,
           least(coalesce(ends.entry_no, a.entry_no + 1), $4::bigint) AS end_no
    FROM account a
    LEFT JOIN LATERAL (SELECT entry_no FROM entry WHERE account_id = a.id AND created_at >= $2
                       ORDER BY entry_no LIMIT 1) begins ON true
    LEFT JOIN LATERAL (SELECT entry_no FROM entry WHERE account_id = a.id AND created_at >= $3
                       ORDER BY entry_no LIMIT 1) ends ON true
    WHERE a.code = $1
), stretch AS (SELECT id, currency, first_no, greatest(first_no, end_no) AS end_no FROM cut)
SELECT s.id, s.currency, s.first_no, s.end_no,
       coalesce(o.principal_after_fen, 0), coalesce(o.bonus_after_fen, 0),
       coalesce(c.principal_after_fen, 0), coalesce(c.bonus_after_fen, 0)
FROM stretch s
LEFT JOIN entry o ON o.account_id = s.id AND o.entry_no = s.first_no - 1
LEFT JOIN entry c ON c.account_id = s.id AND c.entry_no = s.end_no - 1
"""


async def stretch(
    customer_id: int, *, begins_at: datetime, ends_at: datetime, before_no: int | None = None
) -> Stretch:
    """The lines of the customer's account from ``begins_at`` up to, but not at, ``ends_at``.

    ``before_no`` ends it earlier, before that line: a reader who comes back for the next page sees the stretch as it was.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    row = await db.fetchrow(
        _STRETCH,
        accounts.of_customer(customer_id),
        begins_at,
        ends_at,
        before_no if before_no is not None else 2**62,
    )
    if row is None:
        raise accounts.NoSuchAccount
    return Stretch(row[0], row[1], row[2], row[3], Amounts(row[4], row[5]), Amounts(row[6], row[7]))


_LINES = """
SELECT e.entry_no, t.kind, t.reference, t.memo, t.operator, e.principal_fen, e.bonus_fen,
       e.principal_after_fen, e.bonus_after_fen, e.created_at
FROM entry e JOIN transfer t ON t.id = e.transfer_id
WHERE e.account_id = $1 AND e.entry_no > $2 AND e.entry_no < $3
ORDER BY e.entry_no LIMIT $4
"""


async def lines(of: Stretch, *, after_no: int | None = None, limit: int) -> Sequence[Line]:
    """Lines of a stretch, oldest first, beginning after the line ``after_no``."""
    seen_no = max(of.first_no - 1, after_no if after_no is not None else 0)
    return [Line(*row) for row in await db.fetch(_LINES, of.account_id, seen_no, of.end_no, limit)]


_TOTALS = """
SELECT t.kind, count(*), sum(e.principal_fen)::bigint, sum(e.bonus_fen)::bigint
FROM entry e JOIN transfer t ON t.id = e.transfer_id
WHERE e.account_id = $1 AND e.entry_no >= $2 AND e.entry_no < $3
GROUP BY t.kind ORDER BY t.kind
"""


async def totals(of: Stretch) -> Sequence[Total]:
    """What the lines of a stretch come to, by kind; opening and these make closing."""
    return [Total(*row) for row in await db.fetch(_TOTALS, of.account_id, of.first_no, of.end_no)]
