"""Bills: what is owed, paying it from the balance, agreeing to instalments."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from billing import bill_records, collecting, instalments
from core import http as kit
from miniapp_api.services import Customer

State = Literal["open", "partly_paid", "paid", "void", "written_off"]


ConsentVersion = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$"),
    Field(description="顾客看到的条款版本 · the version the customer read", examples=["2026-11"]),
]


class BillQuery(kit.PageQuery):
    state: Annotated[
        list[State],
        Field(
            max_length=4,
            default_factory=list,
            description="只看这些状态，可重复 · only these states; may repeat",
        ),
    ]


class BillPayment(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen | None,
        Field(
            description="付多少；不填为全部应付，分期的账单为到期部分（没有到期的则为下一期） · how much; left out: all that is "
            "owed, of a bill in instalments what is due or else the next part",
            examples=[5000],
        ),
    ] = None


class Agreement(kit.Body):
    arrangement_no: Annotated[int, Field(ge=1, le=100_000, examples=[1])]
    consent_version: ConsentVersion


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


class Proposal(kit.Answer):
    arrangement_no: int
    automatic: Annotated[bool, Field(description="到期自动从余额扣 · taken from the balance when due")]
    consent_version: str
    consent_text: Annotated[str, Field(description="确认即同意的条款 · what agreeing agrees to")]
    parts: list[PlannedPart]


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
    at: kit.Instant


class Bill(kit.Answer):
    bill_no: str
    title: Annotated[str, Field(examples=["每月会员"])]
    amount_fen: int
    paid_fen: int
    state: State
    due_at: Annotated[
        kit.Instant,
        Field(
            description="到期时间；分期的为下一未付期 · of a bill in instalments that of the next unpaid part"
        ),
    ]
    due_fen: Annotated[int, Field(description="现在到期应付 · what is due of it now", examples=[5000])]
    collect_mode: Annotated[
        Literal["full", "partial", "instalments"],
        Field(description="一次付清、可部分付、分期 · paid in full, in part, in instalments"),
    ]
    automatic: Annotated[bool, Field(description="到期自动从余额扣 · taken from the balance when due")]
    manual_because: Annotated[
        Literal["refunded", "review_rejected", "review_expired"] | None,
        Field(
            description="曾同意自动扣款，为何不再自动扣：已退款、付款核实未通过、核实超时 · why it is no longer taken by itself "
            "though that was agreed to: refunded, a payment of it turned down or not decided on in a review"
        ),
    ]
    next_part: Annotated[Part | None, Field(description="下一未付期 · the next unpaid part")]
    pending_no: Annotated[
        str | None,
        Field(
            validation_alias="combined_no",
            description="正在进行的组合支付单号 · the combined payment under way for it",
            examples=["C261123…"],
        ),
    ]
    under_review: Annotated[
        bool,
        Field(description="付款核实中，款项已冻结 · a payment of it is being checked, the money is on hold"),
    ]
    source: Annotated[
        str, Field(description="为何而付 · what it is for", examples=["plan:42:3", "order:S261123…"])
    ]


class BillRecord(Bill):
    refunded_fen: int
    paid_at: kit.Instant | None
    void_reason: str | None
    payments: Annotated[list[Payment], Field(description="最近的在前 · the latest first")]
    instalments: Annotated[list[Part], Field(description="各期；不分期为空 · empty when not in instalments")]
    proposed: Annotated[
        Proposal | None, Field(description="待顾客确认的分期方案 · instalments to agree to, or null")
    ]


async def listing(query: BillQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await bill_records.page(
        caller.id, states=query.state or None, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(bill_no: str, caller: Customer) -> object:
    """One bill with its payments and instalments."""
    return await bill_records.read(bill_no, customer_id=caller.id)


async def pay(bill_no: str, body: BillPayment, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Pays from the balance."""
    await collecting.pay(caller.id, bill_no, amount_fen=body.amount_fen, key=key)
    return await bill_records.read(bill_no, customer_id=caller.id)


async def agree(bill_no: str, body: Agreement, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Agrees to the proposed instalments."""
    await instalments.agree(
        caller.id, bill_no, arrangement_no=body.arrangement_no, consent_version=body.consent_version, key=key
    )
    return await bill_records.read(bill_no, customer_id=caller.id)
