"""Points: the rule, and a customer's."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import points_adjustments
from core import http as kit
from members import customers, points_desk, points_rules

Rate = Annotated[int, Field(ge=0, le=1_000_000)]
Days = Annotated[int, Field(ge=1, le=36_500)]


class NewPointsRule(kit.Body):
    per_100_yuan: Annotated[
        Rate,
        Field(description="每消费 100 元得到的积分，0 不得积分 · points for 100 yuan paid", examples=[100]),
    ]
    off_points: Annotated[
        Rate,
        Field(
            description="抵 1 元所需积分，0 不可抵扣 · points for a yuan off an order; 0: none",
            examples=[100],
        ),
    ]
    off_share_percent: Annotated[
        int,
        Field(ge=1, le=100, description="订单最多可抵的比例 · at most so much of an order", examples=[50]),
    ] = 100
    bonus_points: Annotated[
        Rate,
        Field(
            description="兑换 1 元赠送金所需积分，0 不可兑换 · points for a yuan of bonus; 0: none",
            examples=[200],
        ),
    ]
    bonus_days: Annotated[
        Days | None, Field(description="兑换的赠送金有效天数 · such bonus lives so long")
    ] = None
    remind_days: Annotated[
        int | None,
        Field(
            ge=1,
            le=365,
            description="到期前几天提醒，null 不提醒 · told so many days before they end; null: never",
        ),
    ] = None
    life_days: Annotated[
        Days | None, Field(description="积分有效天数，null 不过期 · null: they live for ever", examples=[365])
    ] = None


class PointsRule(kit.Answer):
    id: int
    per_100_yuan: int
    off_points: int
    off_share_percent: int
    bonus_points: int
    bonus_days: int | None
    life_days: int | None
    remind_days: int | None
    saved_by: str
    saved_at: kit.Instant


class PointsHeld(kit.Answer):
    points: int
    ending: Annotated[int, Field(description="最先到期的积分 · what is over first")]
    ends_at: kit.Instant | None
    owed: Annotated[
        int,
        Field(
            description="退款后欠下的积分，之后所得先抵扣 · owed since a payment was given back; what comes next pays it first"
        ),
    ]


class PointsAdjusted(kit.Answer):
    approval_no: Annotated[
        str | None,
        Field(
            description="超过限额，等待第二人复核的单号 · above the limit: waits for a second person under this number"
        ),
    ]
    points: Annotated[int, Field(description="现在的积分 · the points now")]
    ending: Annotated[int, Field(description="最先到期的积分 · what is over first")]
    ends_at: kit.Instant | None
    owed: Annotated[
        int,
        Field(
            description="退款后欠下的积分，之后所得先抵扣 · owed since a payment was given back; what comes next pays it first"
        ),
    ]


class PointsMovement(kit.Answer):
    id: int
    kind: Annotated[str, Field(examples=["earned", "taken_back", "spent", "adjusted"])]
    points: int
    points_after: int
    reference: str
    worth_fen: int | None
    operator: str
    memo: str
    at: kit.Instant


class PointsAdjustment(kit.Body):
    points: Annotated[
        int,
        Field(
            ge=-1_000_000_000, le=1_000_000_000, description="正数增加，负数扣减 · gives, or takes if negative",
            examples=[100],
        ),
    ]  # fmt: skip
    reason: Reason


async def rules(query: kit.PageQuery) -> kit.Cut[PointsRule]:
    """The version in force first."""
    rows = await points_rules.history(before=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    return kit.Cut([_shown(one) for one in page.items], page.next_cursor)


async def put_rule(body: NewPointsRule, caller: Operator) -> PointsRule:
    """Points follow it from now on."""
    return _shown(await points_rules.put(points_rules.Rule(**body.model_dump()), by=caller.label))


async def of_customer(customer_id: kit.Id) -> object:
    """What a customer has."""
    return await points_desk.balance((await customers.get(customer_id)).id)


async def movements(customer_id: kit.Id, query: kit.PageQuery) -> object:
    """A customer's movements, the last first."""
    customer = await customers.get(customer_id)
    rows = await points_desk.page(customer.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def adjust(
    customer_id: kit.Id, body: PointsAdjustment, caller: Operator, key: kit.IdempotencyKey
) -> PointsAdjusted:
    """Gives or takes points, or has it wait for a second person."""
    made = await points_adjustments.adjust(caller.id, customer_id, body.points, reason=body.reason, key=key)
    return PointsAdjusted(approval_no=made.approval_no, **asdict(made.balance))


def _shown(saved: points_rules.Saved) -> PointsRule:
    return PointsRule(id=saved.id, saved_by=saved.saved_by, saved_at=saved.saved_at, **asdict(saved.rule))
