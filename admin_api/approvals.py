"""Approvals: acts that wait for a second person."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import approvals
from core import http as kit
from core import words

State = Literal["waiting", "executed", "failed", "rejected", "withdrawn", "expired"]


class ApprovalsQuery(kit.PageQuery):
    state: State | None = None
    customer_id: Annotated[int | None, Field(ge=1, le=2**62)] = None


class Decision(kit.Body):
    note: Annotated[
        str,
        StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(description="说明 · why", examples=["已核对小票"]),
    ] = ""


class AboveLimit(kit.Answer):
    per: Annotated[
        Literal["customer", "day"],
        Field(description="对一位顾客的限额，或全天合计的 · the limit for one customer, or that of the day"),
    ]
    most_fen: int


class Approval(kit.Answer):
    approval_no: str
    kind: Annotated[str, Field(examples=["adjustment"])]
    act: Annotated[str, Field(description="做什么 · what will be done", examples=["调整余额"])]
    params: Annotated[
        dict[str, Any], Field(description="将要执行的操作，一字不改 · exactly what will be done")
    ]
    customer_id: int | None
    amount_fen: int
    reason: str
    requested_by: Annotated[int, Field(description="提交人编号 · the operator who asked")]
    requested_at: kit.Instant
    expires_at: kit.Instant
    state: State
    decided_by: Annotated[int | None, Field(description="复核人编号 · the operator who decided")]
    decided_at: kit.Instant | None
    note: str
    result: Annotated[
        str | None, Field(description="执行后产生的单号 · the number of what was made", examples=["A261125…"])
    ]
    refusal_code: Annotated[
        str | None, Field(description="执行时被拒绝的原因代码 · why it could not be carried out")
    ]
    refusal: Annotated[str | None, Field(description="执行时被拒绝的原因 · the same as a sentence")]
    above_limit: Annotated[
        AboveLimit | None,
        Field(
            description="等待中的、超出您限额因而您不能同意的：超出哪一项 · of one that waits and is above your limit, so that you cannot agree: which"
        ),
    ] = None


async def listing(query: ApprovalsQuery, caller: Operator, locale: str) -> kit.Page[Approval]:
    """The newest first."""
    rows = await approvals.page(
        state=query.state, customer_id=query.customer_id, before=query.after(int), limit=query.limit + 1
    )
    cut = kit.cut(rows, query, lambda row: row.id)
    return kit.Page[Approval](items=await _all_told(cut.items, caller, locale), next_cursor=cut.next_cursor)


async def one(approval_no: str, caller: Operator, locale: str) -> Approval:
    """One approval."""
    (told,) = await _all_told([await approvals.get(approval_no)], caller, locale)
    return told


async def approve(
    approval_no: str, body: Decision, caller: Operator, locale: str, key: kit.IdempotencyKey
) -> Approval:
    """Agrees, and thereby carries the act out."""
    return _told(await approvals.approve(caller.id, approval_no, note=body.note, key=key), locale)


async def reject(
    approval_no: str, body: Decision, caller: Operator, locale: str, key: kit.IdempotencyKey
) -> Approval:
    """Says no."""
    return _told(await approvals.reject(caller.id, approval_no, note=body.note, key=key), locale)


async def withdraw(approval_no: str, caller: Operator, locale: str, key: kit.IdempotencyKey) -> Approval:
    """Takes one's own request back."""
    return _told(await approvals.withdraw(caller.id, approval_no, key=key), locale)


async def _all_told(rows: Sequence[approvals.Approval], caller: Operator, locale: str) -> list[Approval]:
    """With what is above the caller's limit, where they may decide about it at all."""
    above = await approvals.above_limit(caller.id, rows) if caller.may("money.approve") else {}
    return [_told(row, locale, above.get(row.approval_no)) for row in rows]


def _told(row: approvals.Approval, locale: str, above: approvals.AboveYourLimit | None = None) -> Approval:
    shown = {name: getattr(row, name) for name in Approval.model_fields if hasattr(row, name)}
    return Approval.model_validate(
        {
            **shown,
            "act": words.say(f"approvals.{row.kind}", locale),
            "refusal_code": row.refusal and row.refusal["code"],
            "refusal": row.failure(locale),
            "above_limit": above and {"per": above.params["per"], "most_fen": above.params["most_fen"]},
        }
    )
