"""Differences between channels' bills and our books: a queue with owners."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.adjustments import Reason
from admin_api.reconciliation import Channel, Event
from admin_api.services import Operator
from core import http as kit
from reconciliation import differences, history, resolving

Kind = Literal["missing_here", "missing_there", "amount", "fee", "status", "refund", "duplicate", "funds"]


class DifferencesQuery(kit.PageQuery):
    state: Literal["asking", "open", "resolved"] | None = None
    kind: Kind | None = None
    channel: Channel | None = None
    day: kit.Day | None = None
    owner_id: Annotated[int | None, Field(ge=1, le=2**62)] = None
    payment_no: kit.No | None = None


class Owner(kit.Body):
    owner_id: Annotated[kit.Id | None, Field(description="负责人编号，null 无 · the operator; null: nobody")]


class Remark(kit.Body):
    remark: Annotated[
        str,
        StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"),
        Field(examples=["已问微信客服，等回复"]),
    ]


class Decision(kit.Body):
    resolution: Annotated[
        Literal["credit", "adjust", "send_back", "ignore"],
        Field(
            description="补记给付款顾客、调整渠道账、退回付款人、不处理 · to the payer's balance, the channel's account corrected, sent back, nothing"
        ),
    ]
    reason: Reason
    refund_no: Annotated[
        kit.No | None, Field(description="send_back：退款单号 · the refund by which it goes back")
    ] = None


class Difference(kit.Answer):
    difference_no: str
    channel: str
    day: date
    kind: Kind
    subject: str
    payment_no: str
    refund_no: str | None
    channel_trade_no: str | None
    line_no: Annotated[int | None, Field(description="账单中的行号 · its line in the bill")]
    ours_fen: int | None
    ours_state: str | None
    theirs_fen: int | None
    theirs_state: str | None
    expected_milli: Annotated[
        int | None, Field(description="应收手续费，千分之一分 · the fee by our rates, thousandths of a fen")
    ]
    billed_milli: int | None
    at_stake_fen: int
    state: str
    last_answer: Annotated[str, Field(description="渠道的答复 · what the channel said of it")]
    owner_id: int | None
    remark: str
    resolution: str | None
    reason: str | None
    resolved_by: str | None
    approval_no: str | None
    opened_at: kit.Instant
    resolved_at: kit.Instant | None
    ways: Annotated[
        list[str],
        Field(
            description="现在可以怎样处理 · how it may be decided on as things stand",
            examples=[["credit", "adjust", "send_back", "ignore"]],
        ),
    ]


class WithHistory(kit.Answer):
    difference: Difference
    history: list[Event]


class Decided(kit.Answer):
    difference: Difference
    approval_no: Annotated[
        str | None, Field(description="等待第二人复核的单号 · waits for a second person under this number")
    ]


async def listing(query: DifferencesQuery) -> object:
    """The newest first."""
    wanted = differences.Filter(
        query.state, query.kind, query.channel, query.day, query.owner_id, query.payment_no
    )
    rows = await differences.page(wanted, before=query.after(int), limit=query.limit + 1)
    cut = kit.cut(rows, query, lambda row: row.id)
    return kit.Page[Difference](items=[_shown(row) for row in cut.items], next_cursor=cut.next_cursor)


async def one(difference_no: str) -> object:
    """One difference with all that was done to it."""
    found = await differences.get(difference_no)
    return {"difference": _shown(found), "history": await history.of_difference(found.id)}


async def assign(difference_no: str, body: Owner, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Says who looks after it."""
    return _shown(await differences.assign(caller.id, difference_no, owner_id=body.owner_id, key=key))


async def note(difference_no: str, body: Remark, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Writes a remark."""
    return _shown(await differences.note(caller.id, difference_no, remark=body.remark, key=key))


async def resolve(difference_no: str, body: Decision, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Decides how it ends."""
    wish = resolving.Wish(body.resolution, body.reason, body.refund_no)
    made = await resolving.resolve(caller.id, difference_no, wish, key=key)
    return {"difference": _shown(made.difference), "approval_no": made.approval_no}


def _shown(row: differences.Difference) -> Difference:
    told = {name: getattr(row, name) for name in Difference.model_fields if name != "ways"}
    return Difference.model_validate({**told, "ways": resolving.ways(row)})
