"""Reports over the whole shop."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from reports import liability


class Instants(kit.Query):
    at: Annotated[kit.Instant | None, Field(description="时刻，不填为现在 · the instant; left out: now")] = (
        None
    )
    from_at: Annotated[
        kit.Instant | None, Field(alias="from", description="起始时刻，含 · movements from here")
    ] = None
    to_at: Annotated[
        kit.Instant | None, Field(alias="to", description="截止时刻，不含 · up to here; left out: now")
    ] = None


class Owed(kit.Answer):
    at: kit.Instant
    principal_fen: int
    bonus_fen: int
    total_fen: int
    customers: Annotated[int, Field(description="有余额的顾客数 · customers who have anything")]


class Movement(kit.Answer):
    kind: Annotated[str, Field(examples=["top_up", "bill_payment", "bonus_expiry"])]
    changes: Annotated[int, Field(description="笔数 · how many changes")]
    principal_fen: Annotated[int, Field(description="带符号 · with sign")]
    bonus_fen: int
    total_fen: int


class Liability(kit.Answer):
    closing: Annotated[Owed, Field(description="`at` 或 `to` 时刻应付 · owed at `at`, or at `to`")]
    opening: Annotated[Owed | None, Field(description="`from` 时刻应付 · owed at `from`")] = None
    movements: Annotated[
        list[Movement] | None,
        Field(description="两个时刻之间按类型的变动 · what moved it in between, by kind"),
    ] = None


async def owed(query: Instants) -> object:
    """What customers are owed at an instant, or at two, with what moved it in between."""
    found = await liability.report(at_instant=query.at, begins_at=query.from_at, ends_at=query.to_at)
    return {"closing": found} if isinstance(found, liability.Owed) else found
