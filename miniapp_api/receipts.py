"""Receipts for what the customer has paid in."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from billing import receipt_pages, receipts
from core import http as kit
from miniapp_api.services import Customer, Services


class Receipt(kit.Answer):
    receipt_no: str
    source_no: Annotated[
        str, Field(description="支付单号或柜台收款单号 · the payment at the channel, or the counter payment")
    ]
    purpose: Annotated[str, Field(examples=["top_up", "bill"])]
    title: Annotated[str | None, Field(description="账单名称 · the bill's title")]
    tender: Annotated[str, Field(examples=["wechat_pay", "alipay", "cash", "card", "transfer", "cheque"])]
    reference: Annotated[str | None, Field(description="渠道、银行或终端的交易号 · their own number of it")]
    amount_fen: int
    amount_in_words: Annotated[str, Field(examples=["壹佰元整"])]
    refunded_fen: int
    is_undone: Annotated[bool, Field(description="已撤销，凭证作废 · taken back, the receipt is void")]
    paid_at: kit.Instant


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await receipts.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(source_no: str, caller: Customer) -> object:
    """The receipt for one payment."""
    return await receipts.of(source_no, customer_id=caller.id)


async def page(source_no: str, caller: Customer, services: Services, locale: str) -> web.Response:
    """The same to be printed."""
    found = await receipts.of(source_no, customer_id=caller.id)
    text = receipt_pages.html(found, shop=services.shop_name, locale=locale)
    return web.Response(text=text, content_type=receipt_pages.HTML, headers=receipt_pages.HEADERS)
