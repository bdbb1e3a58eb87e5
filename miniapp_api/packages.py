"""Recharge packages on offer."""

from typing import Annotated

from pydantic import Field

from billing import packages
from core import http as kit


class Package(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["充200送20"])]
    pay_fen: Annotated[int, Field(examples=[20000])]
    bonus_fen: Annotated[int, Field(examples=[2000])]
    bonus_days: Annotated[
        int | None,
        Field(
            description="赠送金有效天数，null 不过期 · days the bonus lives; null: for ever", examples=[365]
        ),
    ]


async def offered() -> kit.Page[Package]:
    """All packages on offer, smallest first."""
    return kit.Page[Package](items=[Package.model_validate(one) for one in await packages.offered()])
