"""Rules for abnormal deductions: what is unusual, and what happens then."""

from typing import Annotated, Any, Literal

from pydantic import Field

from billing import deduction_rules
from core import http as kit

Action = Literal["alert", "hold"]
_ACTION = Field(
    description="alert 照常扣款并提醒员工；hold 冻结金额，等待员工核实 · tell the shop's people, or hold it for them to decide"
)
_TELLS = Field(description="照常扣款时也提醒顾客 · where it goes on, tell the customer too")


class Size(kit.Body):
    """金额大 · a large amount; at least one of both."""

    kind: Literal["size"]
    at_least_fen: kit.PositiveFen | None = None
    share_percent: Annotated[
        int | None, Field(ge=1, le=100, description="占余额的百分比 · of what the customer has")
    ] = None


class Frequency(kit.Body):
    """次数多 · many in a short time."""

    kind: Literal["frequency"]
    more_than: Annotated[int, Field(ge=1, le=deduction_rules.MOST_DEDUCTIONS)]
    minutes: Annotated[int, Field(ge=1, le=7 * 1440)]


class Hour(kit.Body):
    """时段 · at an unusual time of the shop's day."""

    kind: Literal["hour"]
    from_hour: Annotated[int, Field(ge=0, le=23, examples=[23])]
    to_hour: Annotated[int, Field(ge=0, le=24, examples=[6])]


class Deviation(kit.Body):
    """偏离本人习惯 · far above the customer's own median."""

    kind: Literal["deviation"]
    percent: Annotated[
        int, Field(ge=100, le=100_000, description="超过中位数的百分之几 · of the median", examples=[500])
    ]
    last: Annotated[int, Field(ge=1, le=deduction_rules.MOST_DEDUCTIONS, examples=[20])]
    least: Annotated[int, Field(ge=1, le=deduction_rules.MOST_DEDUCTIONS, examples=[5])]


Test = Annotated[Size | Frequency | Hour | Deviation, Field(discriminator="kind")]


class NewRule(kit.Body):
    name: kit.Name
    test: Test
    action: Annotated[Action, _ACTION]
    tells_customer: Annotated[bool, _TELLS] = False


class RuleChange(kit.Body):
    name: kit.Name | None = None
    test: Annotated[Test | None, Field(description="种类不能改变 · of the kind the rule has already")] = None
    action: Annotated[Action | None, _ACTION] = None
    tells_customer: Annotated[bool | None, _TELLS] = None
    active: bool | None = None


class Rule(kit.Answer):
    id: int
    name: str
    kind: str
    params: dict[str, Any]
    action: str
    tells_customer: bool
    active: bool
    created_at: kit.Instant


async def listing(query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await deduction_rules.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewRule) -> object:
    """In force from now on."""
    return await deduction_rules.add(
        name=body.name,
        kind=body.test.kind,
        params=body.test.model_dump(exclude={"kind"}),
        action=body.action,
        tells_customer=body.tells_customer,
    )


async def change(rule_id: int, body: RuleChange) -> object:
    """Changes what is given."""
    return await deduction_rules.change(
        rule_id,
        name=body.name,
        kind=None if body.test is None else body.test.kind,
        params=None if body.test is None else body.test.model_dump(exclude={"kind"}),
        action=body.action,
        tells_customer=body.tells_customer,
        active=body.active,
    )
