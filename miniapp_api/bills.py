"""Bills: what is owed, and paying it from the balance."""

from typing import Annotated, Literal

from pydantic import Field

from billing import bills
from core import http as kit
from miniapp_api.services import Customer

State = Literal["open", "partly_paid", "paid", "void"]


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


class Bill(kit.Answer):
    bill_no: str
    title: Annotated[str, Field(examples=["每月会员"])]
    amount_fen: int
    paid_fen: int
    state: State
    due_at: kit.Instant
    pending_no: Annotated[
        str | None,
        Field(
            description="正在进行的组合支付单号 · the combined payment under way for it",
            examples=["C261123…"],
        ),
    ]
    source: Annotated[
        str, Field(description="为何而付 · what it is for", examples=["plan:42:3", "order:S261123…"])
    ]


async def listing(query: BillQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await bills.page(
        caller.id, states=query.state or None, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(bill_no: str, caller: Customer) -> object:
    """One bill."""
    return await bills.get(caller.id, bill_no)


async def pay(bill_no: str, body: BillPayment, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Pays from the balance."""
    return await bills.pay(caller.id, bill_no, amount_fen=body.amount_fen, key=key)
