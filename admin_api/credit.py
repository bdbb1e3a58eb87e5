"""Credit: how a customer has paid so far, and how much they may draw beyond their balance."""

from typing import Annotated, Any

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import credit_assessment, credit_limits
from core import http as kit


class Credit(kit.Answer):
    limit_fen: int
    used_fen: Annotated[int, Field(description="已用未还 · drawn and not paid back")]
    left_fen: int
    automatic_only: Annotated[
        bool, Field(description="只有自动扣款可用 · only deductions of the clock may draw on it")
    ]


class LimitSet(kit.Answer):
    approval_no: Annotated[
        str | None,
        Field(description="超过限额，等待第二人复核的单号 · above the limit: waits for a second person"),
    ]
    credit: Annotated[Credit, Field(description="现在的信用额度 · the credit now")]


class NewLimit(kit.Body):
    limit_fen: Annotated[
        kit.Fen, Field(description="不能低于已用的额度 · not below what is used", examples=[20000])
    ]
    automatic_only: bool = False
    reason: Reason
    assessed: Annotated[
        bool, Field(description="随额度保存当时的评估 · keep the assessment of now with it")
    ] = False


class Rule(kit.Answer):
    code: str
    points: int
    most: int
    text: str
    facts: dict[str, int]


class Assessment(kit.Answer):
    points: Annotated[int, Field(description="0 至 100 · 0 to 100")]
    monthly_fen: Annotated[int, Field(description="通常每月消费 · spent in a typical month")]
    suggested_fen: Annotated[int, Field(description="建议的信用额度 · the limit it suggests")]
    ceiling_fen: int
    text: str
    rules: list[Rule]
    assessed_at: kit.Instant


class Change(kit.Answer):
    id: int
    limit_before_fen: int
    limit_fen: int
    automatic_only: bool
    reason: str
    operator: str
    assessment: Annotated[
        dict[str, Any] | None, Field(description="当时的评估 · the assessment it was set from")
    ]
    at: kit.Instant


async def show(customer_id: int) -> object:
    """Limit, used and left."""
    return await credit_limits.of(customer_id)


async def set_limit(customer_id: int, body: NewLimit, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Sets the limit, or has it wait for a second person."""
    return await credit_limits.set_limit(
        caller.id,
        customer_id,
        limit_fen=body.limit_fen,
        automatic_only=body.automatic_only,
        reason=body.reason,
        assessed=body.assessed,
        key=key,
    )


async def assess(customer_id: int, locale: str) -> Assessment:
    """Each rule with its facts and points."""
    found = await credit_assessment.of(customer_id)
    rules = [
        Rule(code=rule.code, points=rule.points, most=rule.most, text=rule.text(locale), facts=rule.facts)
        for rule in found.rules
    ]
    return Assessment(
        points=found.points,
        monthly_fen=found.monthly_fen,
        suggested_fen=found.suggested_fen,
        ceiling_fen=found.ceiling_fen,
        text=found.text(locale),
        rules=rules,
        assessed_at=found.assessed_at,
    )


async def changes(customer_id: int, query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await credit_limits.changes(customer_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
