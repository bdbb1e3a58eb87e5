"""Invoices: what one can be asked for, asking, and how it stands."""

from typing import Annotated, Literal

from pydantic import Field

from billing import invoices
from core import http as kit
from miniapp_api.services import Customer


class OpenInvoice(kit.Answer):
    subject: Annotated[
        str, Field(description="top_up 充值，bill 账单 · a top-up or a bill", examples=["top_up", "bill"])
    ]
    subject_no: str
    about: Annotated[str, Field(description="账单名称 · what the bill is called")]
    left_fen: Annotated[int, Field(description="还可开票金额 · what can be invoiced still")]
    at: kit.Instant


class OpenInvoices(kit.Answer):
    items: list[OpenInvoice]


class InvoicesQuery(kit.PageQuery):
    state: Literal["requested", "issued", "refused", "withdrawn"] | None = None


class NewInvoice(kit.Body):
    subject: Annotated[
        Literal["top_up", "bill", "order"],
        Field(description="开哪一笔：充值、账单或订单 · of a top-up, a bill, or an order's bill"),
    ]
    subject_no: Annotated[kit.No, Field(max_length=32)]
    amount_fen: Annotated[
        kit.PositiveFen | None, Field(description="不填为全部可开金额 · left out: all that is left")
    ] = None
    title_kind: Annotated[Literal["personal", "company"], Field(description="抬头类型")]
    title: Annotated[kit.Text, Field(max_length=100, min_length=1, examples=["杭州某某科技有限公司"])]
    tax_no: Annotated[
        kit.Token | None,
        Field(
            max_length=24,
            description="公司必填，统一社会信用代码 · of a company: its unified social credit code",
            examples=["91350100M000100Y43"],
        ),
    ] = None
    email: Annotated[
        kit.Token | None, Field(max_length=254, description="发票发到哪个邮箱 · where it is to go")
    ] = None


class Invoice(kit.Answer):
    invoice_no: Annotated[str, Field(description="申请编号 · the request's number")]
    subject: str
    subject_no: str
    about: str
    amount_fen: int
    tax_code: Annotated[
        str | None,
        Field(
            description="601 为预付卡销售和充值，不征税 · 601: a prepaid card, not taxed", examples=["601"]
        ),
    ]
    title_kind: str
    title: str
    tax_no: str | None
    email: str | None
    state: Annotated[str, Field(examples=["requested", "issued", "refused", "withdrawn"])]
    number: Annotated[str | None, Field(description="发票号码 · the invoice's own number")]
    reason: Annotated[str | None, Field(description="未开具的原因 · why it was refused")]
    created_at: kit.Instant
    ended_at: kit.Instant | None


async def possible(caller: Customer) -> OpenInvoices:
    """The newest first."""
    found = await invoices.open_for(caller.id)
    return OpenInvoices(items=[OpenInvoice.model_validate(one) for one in found])


async def request(body: NewInvoice, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Asks for one."""
    return await invoices.request(
        caller.id,
        body.subject,
        body.subject_no,
        invoices.Title(body.title_kind, body.title, body.tax_no, body.email),
        amount_fen=body.amount_fen,
        door="mini_program",
        key=key,
    )


async def listing(query: InvoicesQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await invoices.page(
        customer_id=caller.id, state=query.state, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(invoice_no: str, caller: Customer) -> object:
    """How one stands."""
    return await invoices.get(invoice_no, customer_id=caller.id)


async def withdraw(invoice_no: str, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Takes one back."""
    return await invoices.withdraw(caller.id, invoice_no, key=key)
