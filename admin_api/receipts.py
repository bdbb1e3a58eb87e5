"""Receipts for what customers have paid in."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from admin_api.services import Services
from billing import receipt_pages, receipts
from core import http as kit


class Receipt(kit.Answer):
    receipt_no: str
    customer_id: int
    customer_name: str
    source_no: Annotated[
        str, Field(description="支付单号或柜台收款单号 · the payment at the channel, or the counter payment")
    ]
    purpose: Annotated[str, Field(examples=["top_up", "bill"])]
    title: str | None
    tender: str
    reference: str | None
    amount_fen: int
    amount_in_words: Annotated[str, Field(examples=["壹佰元整"])]
    refunded_fen: int
    is_undone: bool
    paid_at: kit.Instant


async def listing(customer_id: int, query: kit.PageQuery) -> object:
    """A customer's, the newest first."""
    rows = await receipts.page(customer_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(source_no: str) -> object:
    """The receipt for one payment."""
    return await receipts.of(source_no)


async def page(source_no: str, services: Services, locale: str) -> web.Response:
    """The same to be printed."""
    found = await receipts.of(source_no)
    text = receipt_pages.html(found, shop=services.shop_name, locale=locale)
    return web.Response(text=text, content_type=receipt_pages.HTML, headers=receipt_pages.HEADERS)
