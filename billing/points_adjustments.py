"""Points that operators give and take 增减积分: they are worth money, so what is worth much waits for a second person, and small acts
add up with what the same operator does to the customer's money.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing import approvals
from core import db
from ledger import idempotency
from members import customers, limits, points_desk, points_rules

KeyReused = idempotency.KeyReused
NoPoints = points_rules.NoPoints
KIND = "points_adjustment"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the customer has now; ``approval_no``: nothing moved yet, it waits for a second person."""

    approval_no: str | None
    balance: points_desk.Balance


@db.retried
async def adjust(operator_id: int, customer_id: int, points: int, *, reason: str, key: str) -> Outcome:
    """Gives points, or takes them where negative; above the shop's limit it waits for a second person instead.

    Raises:
        PointsOutOfRange, NoSuchCustomer, CustomerHasLeft, PointsShort, KeyReused.
        NoPoints: the shop has no rule of points, so that nobody could say what they are worth.
    """
    points_desk.refuse_out_of_range(points)
    content = {"customer_id": customer_id, "points": points, "reason": reason}

    async def act() -> str:
        await approvals.one_by_one(operator_id, customer_id)
        allowance = await limits.of(operator_id, "gifts", "money.move")
        customers.refuse_left(await customers.staying(customer_id))
        worth_fen = _worth_fen(await _rule(), points)
        if not await approvals.alone(allowance, worth_fen, customer_id=customer_id):
            return await approvals.request(
                KIND, content, amount_fen=worth_fen, reason=reason, operator_id=operator_id, customer_id=customer_id
            )  # fmt: skip
        return await _make(operator_id, customer_id, points, reason)

    async with db.transaction():
        made = await idempotency.once(
            caller=f"operator:{operator_id}", operation="points.adjust", key=key, content=content, act=act
        )
    waits = made.startswith(approvals.PREFIX)
    return Outcome(made if waits else None, await points_desk.balance(customer_id))


async def _approved(approval: approvals.Approval) -> str:
    customers.refuse_left(await customers.staying(approval.params["customer_id"]))
    worth_fen = _worth_fen(await _rule(), approval.params["points"])
    await approvals.agree_to(approval, max(0, worth_fen - approval.amount_fen))
    return await _make(**approval.params, operator_id=approval.requested_by, approval_no=approval.approval_no)


approvals.register(KIND, _approved, "gifts")


async def _make(
    operator_id: int, customer_id: int, points: int, reason: str, approval_no: str | None = None
) -> str:
    rule = await _rule()
    return await points_desk.put(
        customer_id,
        points,
        rule=rule,
        worth_fen=_worth_fen(rule, points),
        reason=reason,
        operator=f"operator:{operator_id}",
        approval_no=approval_no,
    )


async def _rule() -> points_rules.Rule:
    rule = await points_rules.current()
    if rule is None:
        raise NoPoints
    return rule


def _worth_fen(rule: points_rules.Rule, points: int) -> int:
    """What a customer makes of so many points at best."""
    return max(rule.bonus_fen(abs(points)), rule.off_fen(abs(points)))
