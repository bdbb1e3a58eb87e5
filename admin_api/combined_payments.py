"""Bills being paid through a channel with a share of the balance."""

from typing import Annotated, Literal

from pydantic import Field

from billing import combined
from core import http as kit


class CombinedQuery(kit.PageQuery):
    state: Literal["open", "paid", "closed", "credited"] | None = None


class CombinedPayment(kit.Answer):
    combined_no: str
    customer_id: int
    bill_no: str
    title: str
    state: Annotated[
        str,
        Field(validation_alias="standing", examples=["open", "paid", "closed", "credited", "quarantined"]),
    ]
    balance_fen: int
    channel_fen: int
    payment_no: str
    channel: str
    created_at: kit.Instant


async def listing(query: CombinedQuery) -> object:
    """The newest first."""
    rows = await combined.everybodys(query.state, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def let_go(combined_no: str) -> object:
    """Its money was dealt with: the hold ends, and the bill may be paid otherwise."""
    return await combined.let_go(combined_no)
