"""The customer's account: what is on it, what happened to it, when to be warned."""

from typing import Annotated

from pydantic import Field

from billing import statements
from core import http as kit
from members import customers
from miniapp_api.services import Customer


class Account(kit.Answer):
    currency: str
    principal_fen: Annotated[int, Field(description="本金 · what the customer paid in", examples=[20000])]
    bonus_fen: Annotated[int, Field(description="赠送金 · what the shop gave on top", examples=[2000])]
    balance_fen: Annotated[int, Field(description="本金加赠送金 · principal and bonus", examples=[22000])]
    held_fen: Annotated[int, Field(description="冻结 · reserved, cannot be spent now", examples=[0])]
    available_fen: Annotated[int, Field(description="可用余额 · what can be spent now", examples=[22000])]
    low_balance_threshold_fen: Annotated[
        int | None,
        Field(description="低于此数提醒，null 不提醒 · warn below this; null: never", examples=[5000]),
    ]


class Threshold(kit.Body):
    threshold_fen: Annotated[kit.Fen | None, Field(examples=[5000])]


class Change(kit.Answer):
    id: Annotated[
        int, Field(validation_alias="entry_no", description="账户内的序号 · its number on this account")
    ]
    kind: Annotated[str, Field(examples=["top_up", "bill_payment", "bill_refund", "manual_adjustment"])]
    reference: str
    memo: str
    principal_fen: Annotated[int, Field(description="本金变动，带符号 · signed change", examples=[-500])]
    bonus_fen: Annotated[int, Field(description="赠送金变动，带符号 · signed change", examples=[-2000])]
    balance_after_fen: int
    at: kit.Instant


async def show(caller: Customer) -> object:
    """What the customer has now."""
    return await statements.account(caller.record)


async def set_threshold(body: Threshold, caller: Customer) -> object:
    """From now on the customer is warned below this, or never."""
    return await statements.account(await customers.set_threshold(caller.id, body.threshold_fen))


async def changes(query: kit.PageQuery, caller: Customer) -> object:
    """The latest changes first."""
    rows = await statements.changes(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.entry_no)
