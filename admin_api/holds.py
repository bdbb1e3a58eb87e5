"""Holds: deposits and pre-authorisations on customers' balances."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import operator_holds
from core import http as kit

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
State = Literal["open", "captured", "released", "expired"]


class HoldQuery(kit.PageQuery):
    state: State | None = None


class NewHold(kit.Body):
    amount_fen: Annotated[kit.PositiveFen, Field(examples=[20_000])]
    title: Annotated[
        Title,
        Field(description="为何冻结，顾客会看到 · what for; the customer reads it", examples=["茶具押金"]),
    ]
    expires_at: Annotated[
        kit.Instant | None,
        Field(
            ge=datetime(2000, 1, 1, tzinfo=UTC),
            le=datetime(2999, 12, 31, tzinfo=UTC),
            description="届时自动解冻；不填则须由店员结束 · let go then; without it an operator ends it",
        ),
    ] = None


class Capture(kit.Body):
    amount_fen: Annotated[
        kit.PositiveFen,
        Field(
            description="不超过冻结金额，其余解冻 · up to what is held; the rest is let go", examples=[8_000]
        ),
    ]
    title: Annotated[
        Title | None, Field(description="扣的是什么；不填用冻结事由 · what for", examples=["茶杯破损赔偿"])
    ] = None


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Hold(kit.Answer):
    hold_no: str
    customer_id: int
    kind: Annotated[
        str,
        Field(
            description="operator：店员冻结；payment：正在支付的账单；review：待复核的扣款；remittance：正在转给顾客 · placed by an operator, "
            "for a payment under way, for a deduction under review, or for money being sent to the customer",
            examples=["operator", "payment", "review", "remittance"],
        ),
    ]
    title: str
    amount_fen: int
    captured_fen: int
    state: State
    operator: str
    expires_at: kit.Instant | None
    created_at: kit.Instant
    ended_at: kit.Instant | None


async def place(customer_id: int, body: NewHold, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Holds an amount of what is available."""
    hold_no = await operator_holds.place(
        caller.id,
        customer_id,
        amount_fen=body.amount_fen,
        title=body.title,
        expires_at=body.expires_at,
        key=key,
    )
    return await operator_holds.get(hold_no)


async def listing(query: HoldQuery) -> object:
    """Everybody's, the newest first."""
    rows = await operator_holds.page(state=query.state, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def of_customer(customer_id: int, query: HoldQuery) -> object:
    """The newest first."""
    rows = await operator_holds.page(
        customer_id, state=query.state, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(hold_no: str) -> object:
    """One hold."""
    return await operator_holds.get(hold_no)


async def capture(hold_no: str, body: Capture, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Takes up to what is held; the rest is let go."""
    await operator_holds.capture(caller.id, hold_no, amount_fen=body.amount_fen, title=body.title, key=key)
    return await operator_holds.get(hold_no)


async def release(hold_no: str, body: Nothing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Lets it go."""
    await operator_holds.release(caller.id, hold_no, key=key)
    return await operator_holds.get(hold_no)
