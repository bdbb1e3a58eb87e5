"""Bills: a customer's, those that are due, issuing, taking and voiding one."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import bill_records, bills, operator_bills
from core import http as kit

State = Literal["open", "partly_paid", "paid", "void", "written_off"]

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class BillQuery(kit.PageQuery):
    state: Annotated[
        list[State],
        Field(
            max_length=4,
            default_factory=list,
            description="只看这些状态，可重复 · only these states; may repeat",
        ),
    ]


class NewBill(kit.Body):
    title: Annotated[Line, Field(max_length=100, examples=["秋季课程学费"])]
    amount_fen: Annotated[kit.PositiveFen, Field(examples=[360_000])]
    due_on: Annotated[
        kit.Day | None,
        Field(
            description="到期日；与 due_at 二选一，都不填为立即到期 · the day it is due; or due_at; neither: now"
        ),
    ] = None
    due_at: kit.Moment | None = None
    collect_mode: Annotated[
        Literal["full", "partial"],
        Field(description="一次付清，或可部分付 · paid in full, or in part as well"),
    ] = "full"
    automatic: Annotated[
        bool, Field(description="到期自动从余额扣，须写明顾客的同意 · taken when due; needs the consent")
    ] = False
    consent: Annotated[
        Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] | None,
        Field(
            description="顾客同意自动扣款的依据 · how the customer agreed",
            examples=["2026-11-01 报名表第 4 条"],
        ),
    ] = None
    memo: kit.Text | None = None


class BillPayment(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen | None,
        Field(description="扣多少；不填为全部应付 · how much; left out: all that is owed", examples=[5000]),
    ] = None


class Voiding(kit.Body):
    reason: Annotated[Line, Field(examples=["开错账单"])]


class Bill(kit.Answer):
    bill_no: str
    customer_id: int
    title: str
    amount_fen: int
    paid_fen: int
    state: State
    collect_mode: Literal["full", "partial", "instalments"]
    automatic: bool
    manual_because: Annotated[
        Literal["refunded", "review_rejected", "review_expired"] | None,
        Field(
            description="曾同意自动扣款，为何不再自动扣：已退款、付款核实未通过、核实超时 · why it is no longer taken by itself "
            "though that was agreed to: refunded, a payment of it turned down or not decided on in a review"
        ),
    ]
    due_at: kit.Instant
    source: Annotated[str, Field(examples=["order:S261123…", "plan:42:3", "operator:M261123…"])]
    created_at: kit.Instant


class Payment(kit.Answer):
    amount_fen: int
    refunded_fen: int
    tender: Annotated[str, Field(examples=["balance", "wechat_pay", "alipay", "counter"])]
    matched_by: Annotated[
        str | None,
        Field(
            description="按哪条规则自动选中，null 为有人付款 · the rule that chose the bill; null: somebody paid it",
            examples=["oldest_due", "due_date"],
        ),
    ]
    reference: str
    at: kit.Instant


class Part(kit.Answer):
    part_no: int
    amount_fen: int
    paid_fen: int
    due_on: date
    state: Literal["paid", "overdue", "partly", "open"]


class PlannedPart(kit.Answer):
    part_no: int
    amount_fen: int
    due_on: date


class Arrangement(kit.Answer):
    arrangement_no: int
    state: Literal["proposed", "running", "replaced", "cancelled", "withdrawn"]
    base_fen: Annotated[int, Field(description="安排之前已付 · what was paid before")]
    automatic: bool
    consent_version: str
    consent_text: str
    consent_channel: Annotated[
        str | None,
        Field(description="同意的途径 · how it was agreed to", examples=["mini_program", "counter"]),
    ]
    consented_at: kit.Instant | None
    proposed_by: str
    created_at: kit.Instant
    ended_at: kit.Instant | None
    end_reason: str | None
    parts: list[PlannedPart]


class BillRecord(Bill):
    due_fen: Annotated[int, Field(description="现在到期应付 · what is due of it now")]
    refunded_fen: int
    issued_by: str | None
    consent: str | None
    memo: str | None
    paid_at: kit.Instant | None
    voided_at: kit.Instant | None
    voided_by: str | None
    void_reason: str | None
    payments: Annotated[list[Payment], Field(description="最近的在前 · the latest first")]
    instalments: Annotated[list[Part], Field(description="执行中的各期 · the parts it is paid in")]
    history: Annotated[
        list[Arrangement], Field(description="历次分期安排 · all that was ever arranged, the latest first")
    ]


async def due(query: kit.PageQuery) -> object:
    """All customers' due and unpaid bills, the newest first."""
    rows = await bills.due(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def of_customer(customer_id: int, query: BillQuery) -> object:
    """The newest first."""
    rows = await bills.page(
        customer_id, states=query.state or None, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def issue(customer_id: int, body: NewBill, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Issues a bill."""
    bill_no = await operator_bills.issue(
        caller.id,
        customer_id,
        title=body.title,
        amount_fen=body.amount_fen,
        due_on=body.due_on,
        due_at=body.due_at,
        collect_mode=body.collect_mode,
        automatic=body.automatic,
        consent=body.consent,
        memo=body.memo,
        key=key,
    )
    return await bill_records.read(bill_no)


async def one(bill_no: str) -> object:
    """One bill with everything about it."""
    return await bill_records.read(bill_no)


async def pay(bill_no: str, body: BillPayment, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Takes the bill from the customer's balance."""
    return await bill_records.read(
        await operator_bills.pay(caller.id, bill_no, amount_fen=body.amount_fen, key=key)
    )


async def void(bill_no: str, body: Voiding, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Voids an unpaid bill."""
    return await bill_records.read(await operator_bills.void(caller.id, bill_no, reason=body.reason, key=key))
