"""Dunning: what is overdue, the policies, write-offs."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import dunning_cases, dunning_policies, write_offs
from core import http as kit

FeeKind = Literal["none", "fixed", "daily"]
Day = Annotated[int, Field(ge=1, le=dunning_policies.LONGEST_DAYS)]
RetryDays = Annotated[
    list[Day],
    Field(
        max_length=dunning_policies.MOST_TRIES,
        description="首次扣款未成之后第几天再试，递增 · days after the first try, ascending",
        examples=[[1, 3, 7]],
    ),
]
GraceDays = Annotated[int, Field(ge=0, le=dunning_policies.LONGEST_DAYS)]
FeeFen = Annotated[
    kit.Fen, Field(description="fixed：逾期费；daily：封顶 · the fee; of a daily one the most it comes to")
]
FeePpm = Annotated[
    int,
    Field(
        ge=0,
        le=dunning_policies.MOST_PPM,
        description="daily：每天百万分之几 · millionths of what is owed a day",
    ),
]
FeeConsent = Annotated[
    str,
    StringConstraints(max_length=200, min_length=1),
    Field(
        description="顾客在哪里同意自动扣逾期费；不填则由顾客自行支付 · where customers agreed to its being taken unasked"
    ),
]


class NewPolicy(kit.Body):
    name: Annotated[kit.Name, Field(max_length=40)]
    retry_days: RetryDays
    partial: Annotated[bool, Field(description="不足时有多少扣多少 · take what is there")] = False
    grace_days: GraceDays
    suspends: Annotated[bool, Field(description="宽限期过后暂停计划 · suspend the plan after the grace")] = (
        False
    )
    fee_kind: FeeKind = "none"
    fee_fen: FeeFen = 0
    fee_ppm: FeePpm = 0
    fee_consent: FeeConsent | None = None


class PolicyChange(kit.Body):
    retry_days: RetryDays | None = None
    partial: bool | None = None
    grace_days: GraceDays | None = None
    suspends: bool | None = None
    fee_kind: FeeKind | None = None
    fee_fen: FeeFen | None = None
    fee_ppm: FeePpm | None = None
    fee_consent: FeeConsent | None = None


class Assignment(kit.Body):
    policy_id: Annotated[
        kit.Id | None, Field(description="不填：按门店设置 · left out: by the shop's terms")
    ] = None


class Policy(kit.Answer):
    id: int
    name: str
    retry_days: list[int]
    partial: bool
    grace_days: int
    suspends: bool
    fee_kind: FeeKind
    fee_fen: int
    fee_ppm: int
    fee_consent: str | None
    offer_ids: list[int]
    created_by: str
    created_at: kit.Instant


class CasesQuery(kit.PageQuery):
    customer_id: kit.Id | None = None
    suspended: Annotated[
        bool | None, Field(description="只看已暂停计划的 · only those whose plan is suspended")
    ] = None


class Case(kit.Answer):
    id: int
    bill_no: str
    customer_id: int
    plan_id: int
    title: str
    amount_fen: int
    owed_fen: int
    due_at: kit.Instant
    opened_on: date
    overdue_days: int
    tries: int
    next_at: Annotated[kit.Instant | None, Field(description="下次处理 · when something is done next")]
    grace_ends_on: date
    suspended_at: kit.Instant | None
    fee_bill_no: str | None
    policy_id: int | None


class WriteOff(kit.Body):
    reason: Reason


class Waiting(kit.Answer):
    approval_no: str


async def cases(query: CasesQuery) -> object:
    """The longest overdue last: the newest first."""
    rows = await dunning_cases.page(
        customer_id=query.customer_id,
        suspended=query.suspended,
        before=query.after(int),
        limit=query.limit + 1,
    )
    return kit.cut(rows, query, lambda row: row.id)


async def policies() -> object:
    """Those in force."""
    return kit.Page[Policy](items=[Policy.model_validate(one) for one in await dunning_policies.page()])


async def add(body: NewPolicy, caller: Operator, key: kit.IdempotencyKey) -> object:
    """For cases that are opened from now on."""
    rules = dunning_policies.Rules(
        **{**body.model_dump(exclude={"name"}), "retry_days": tuple(body.retry_days)}
    )
    return await dunning_policies.add(caller.id, body.name, rules, key=key)


async def change(policy_id: int, body: PolicyChange) -> object:
    """Changes what is given."""
    changes = body.model_dump(exclude_unset=True)
    if changes.get("retry_days") is not None:
        changes["retry_days"] = tuple(changes["retry_days"])
    kept = {name: value for name, value in changes.items() if value is not None or name == "fee_consent"}
    return await dunning_policies.change(policy_id, kept)


async def end(policy_id: int) -> object:
    """Takes it out of force."""
    await dunning_policies.end(policy_id)
    return kit.Page[Policy](items=[Policy.model_validate(one) for one in await dunning_policies.page()])


async def assign(offer_id: int, body: Assignment) -> object:
    """The offer's plans go by it."""
    await dunning_policies.assign(offer_id, body.policy_id)
    return kit.Page[Policy](items=[Policy.model_validate(one) for one in await dunning_policies.page()])


async def write_off(bill_no: kit.No, body: WriteOff, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Asks a second person."""
    return {"approval_no": await write_offs.request(caller.id, bill_no, reason=body.reason, key=key)}
