"""Remittances: money the shop sends to the customer, who confirms that it should come."""

from typing import Annotated

from pydantic import Field

from billing import remittances_shown
from core import http as kit
from miniapp_api.login import LoginCode
from miniapp_api.services import Customer, Services


class Remittance(kit.Answer):
    remittance_no: str
    amount_fen: int
    remark: str
    state: Annotated[
        str,
        Field(
            description="open：准备中；waiting：等您确认，或正在到账；paid：已到账；failed：未成功 · being prepared; waits to be confirmed "
            "or is on its way; arrived; did not succeed",
            examples=["open", "waiting", "paid", "failed"],
        ),
    ]
    client: Annotated[
        dict[str, str] | None,
        Field(
            description="可以确认时，wx.requestMerchantTransfer 的参数 · when it can be confirmed: wx.requestMerchantTransfer's "
            "parameters",
            examples=[{"mchId": "1600000000", "appId": "wx0123456789abcdef", "package": "ABBQO+oYAAABAAAA…"}],
        ),
    ]
    created_at: kit.Instant
    ended_at: kit.Instant | None


class Remittances(kit.Answer):
    items: list[Remittance]


async def listing(query: kit.PageQuery, caller: Customer, services: Services) -> object:
    """The newest first."""
    rows = await remittances_shown.of_customer(
        services.channels, caller.id, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def waiting(body: LoginCode, services: Services) -> object:
    """What waits for whoever's phone this is."""
    found = await remittances_shown.waiting_by_code(services.channels, services.mini_program, body.code)
    return {"items": found}
