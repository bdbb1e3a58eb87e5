"""Reviews: deductions that wait for an operator's decision."""

from typing import Annotated, Any, Literal

from pydantic import Field

from admin_api.services import Operator
from billing import reviews
from core import http as kit

State = Literal["waiting", "approved", "rejected", "expired", "withdrawn"]


class ReviewsQuery(kit.PageQuery):
    state: State | None = None
    customer_id: kit.Id | None = None


class Decision(kit.Body):
    reason: Annotated[kit.Text, Field(examples=["已电话确认是本人"])] = ""


class Finding(kit.Answer):
    rule_id: int
    name: str
    kind: str
    text: str
    facts: dict[str, int]


class Review(kit.Answer):
    review_no: str
    bill_no: str
    source: str
    customer_id: int
    title: str
    amount_fen: Annotated[int, Field(description="冻结的金额 · what is held")]
    drawn_fen: Annotated[int, Field(description="其中使用的信用额度 · of it drawn on credit")]
    findings: list[Finding]
    asked_by: Annotated[str, Field(examples=["customer:17", "clock"])]
    state: State
    decided_by: str | None
    reason: str
    created_at: kit.Instant
    expires_at: Annotated[
        kit.Instant, Field(description="届时自动解冻，不扣款 · then the money is free again")
    ]
    decided_at: kit.Instant | None


async def listing(query: ReviewsQuery, locale: str) -> kit.Page[Review]:
    """The newest first."""
    rows = await reviews.page(
        state=query.state, customer_id=query.customer_id, before=query.after(int), limit=query.limit + 1
    )
    cut = kit.cut(rows, query, lambda row: row.id)
    return kit.Page[Review](items=[_told(row, locale) for row in cut.items], next_cursor=cut.next_cursor)


async def one(review_no: str, locale: str) -> Review:
    """One review with the facts its rules saw."""
    return _told(await reviews.get(review_no), locale)


async def approve(
    review_no: str, body: Decision, caller: Operator, key: kit.IdempotencyKey, locale: str
) -> Review:
    """Takes what is held and pays the bill."""
    return _told(await reviews.approve(caller.id, review_no, reason=body.reason, key=key), locale)


async def reject(
    review_no: str, body: Decision, caller: Operator, key: kit.IdempotencyKey, locale: str
) -> Review:
    """Frees what is held and tells the customer."""
    return _told(await reviews.reject(caller.id, review_no, reason=body.reason, key=key), locale)


def _told(row: reviews.Review, locale: str) -> Review:
    findings = [
        Finding(
            rule_id=one.rule_id, name=one.name, kind=one.kind, text=one.text(locale), facts=dict(one.facts)
        )
        for one in row.findings
    ]
    fields: dict[str, Any] = {name: getattr(row, name) for name in Review.model_fields if name != "findings"}
    return Review(**fields, findings=findings)
