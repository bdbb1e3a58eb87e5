"""Credit assessment 信用评估: how a customer has paid so far, in points, and the limit that follows.

Rules anybody can check: each says which facts it saw and how many points it gives or takes. The points (0 to 100) are the share
of a typical month's spending that is suggested as a limit, in whole tens of yuan, up to the shop's ceiling; below
``LEAST_POINTS`` nothing is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing import terms
from core import clock, db, words
from ledger import accounts, habits
from members import customers

NoSuchCustomer = customers.NoSuchCustomer

MONTH = timedelta(days=30)
MONTHS = 12
"""How many months of history are looked at."""
RECENT = 6
"""How many of them say what a typical month is."""
GRACE = timedelta(days=1)
"""A bill paid within a day of its due instant was paid on time."""
LEAST_POINTS = 40
ROUND_FEN = 1_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a customer's payments. ``spent_by_month_fen``: of the latest months, the last one first."""

    months: int
    top_ups: int
    top_up_months: int
    spent_by_month_fen: Sequence[int]
    on_time: int
    late: int
    overdue: int
    quarantined: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule gives or takes, and the facts its sentence names."""

    code: str
    points: int
    most: int
    facts: dict[str, int]

    def text(self, locale: str) -> str:
        """The rule in a person's language."""
        return words.say(
            f"credit.rule.{self.code}", locale, points=f"{self.points:+d}", most=self.most, **self.facts
        )


@dataclass(frozen=True, slots=True)
class Assessment:
    """The points, the rules that made them, and the suggested limit."""

    points: int
    rules: Sequence[Rule]
    monthly_fen: int
    suggested_fen: int
    ceiling_fen: int
    assessed_at: datetime

    def text(self, locale: str) -> str:
        """The outcome in a person's language."""
        key = "credit.suggested" if self.suggested_fen else "credit.none_suggested"
        return words.say(
            key, locale, points=self.points, least=LEAST_POINTS, monthly_fen=self.monthly_fen,
            suggested_fen=self.suggested_fen, ceiling_fen=self.ceiling_fen,
        )  # fmt: skip

    def snapshot(self) -> dict[str, Any]:
        """As it is kept with a limit that was set from it."""
        return {**dataclasses.asdict(self), "assessed_at": self.assessed_at.isoformat()}


def assess(facts: Facts, *, ceiling_fen: int, at: datetime) -> Assessment:
    """What the facts come to."""
    rules = _rules(facts)
    points = max(0, min(100, sum(rule.points for rule in rules)))
    monthly_fen = _median(facts.spent_by_month_fen)
    suggested_fen = min(monthly_fen * points // 100, ceiling_fen) // ROUND_FEN * ROUND_FEN
    return Assessment(
        points, rules, monthly_fen, suggested_fen if points >= LEAST_POINTS else 0, ceiling_fen, at
    )


def _rules(facts: Facts) -> tuple[Rule, ...]:
    bills = facts.on_time + facts.late
    spent_months = sum(amount > 0 for amount in facts.spent_by_month_fen)
    return (
        Rule("tenure", min(2 * facts.months, 20), 20, {"months": facts.months}),
        Rule("top_ups", min(2 * facts.top_ups, 15), 15, {"count": facts.top_ups, "of": MONTHS}),
        Rule("regular", min(3 * facts.top_up_months, 15), 15, {"months": facts.top_up_months, "of": RECENT}),
        Rule("activity", 20 * spent_months // RECENT, 20, {"months": spent_months, "of": RECENT}),
        Rule("on_time", 30 * facts.on_time // bills if bills else 0, 30, {"on_time": facts.on_time, "bills": bills}),
        Rule("overdue", -min(20 * facts.overdue, 40), 0, {"count": facts.overdue}),
        Rule("quarantined", -min(10 * facts.quarantined, 20), 0, {"count": facts.quarantined}),
        Rule("rejected", -min(15 * facts.rejected, 30), 0, {"count": facts.rejected}),
    )  # fmt: skip


def _median(amounts: Sequence[int]) -> int:
    ordered = sorted(amounts)
    half = len(ordered) // 2
    if not ordered:
        return 0
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


async def of(customer_id: int) -> Assessment:
    """The customer's assessment as of now.

    Raises:
        NoSuchCustomer: there is none of this id.
    """
    customer, now = await customers.get(customer_id), clock.now()
    facts = await _facts(customer, now)
    return assess(facts, ceiling_fen=terms.current().credit_ceiling_fen, at=now)


_BILLS = """
SELECT count(*) FILTER (WHERE state = 'paid' AND paid_at <= due_at + $3::interval) AS on_time,
       count(*) FILTER (WHERE state = 'paid' AND paid_at > due_at + $3::interval) AS late,
       count(*) FILTER (WHERE state IN ('open', 'partly_paid') AND due_at + $3::interval < $4) AS overdue
FROM bill WHERE customer_id = $1 AND created_at >= $2 AND source NOT LIKE 'order:%'
"""
_DOUBTS = """
SELECT (SELECT count(*) FROM payment p WHERE p.customer_id = $1 AND p.state = 'quarantined' AND p.created_at >= $2),
       (SELECT count(*) FROM deduction_review r WHERE r.customer_id = $1 AND r.state = 'rejected' AND r.created_at >= $2)
"""


async def _facts(customer: customers.Customer, now: datetime) -> Facts:
    begins_at = now - MONTHS * MONTH
    code = accounts.of_customer(customer.id)
    moved = (
        await habits.latest(
            [code], kinds=("top_up", "bill_payment", "bill_refund"), since=begins_at, lines=2_000
        )
    )[code]
    bills = await db.fetchrow(_BILLS, customer.id, begins_at, GRACE, now)
    doubts = await db.fetchrow(_DOUBTS, customer.id, begins_at)
    assert bills is not None and doubts is not None, "an aggregate has one row"
    top_ups = [one for one in moved if one.kind == "top_up"]
    return Facts(
        months=min((now - customer.created_at) // MONTH, 10 * MONTHS),
        top_ups=len(top_ups),
        top_up_months=len({(now - one.at) // MONTH for one in top_ups} & set(range(RECENT))),
        spent_by_month_fen=[
            max(0, -sum(one.amount_fen for one in moved if one.kind != "top_up" and (now - one.at) // MONTH == month))
            for month in range(RECENT)
        ],
        on_time=bills["on_time"],
        late=bills["late"],
        overdue=bills["overdue"],
        quarantined=doubts[0],
        rejected=doubts[1],
    )  # fmt: skip
