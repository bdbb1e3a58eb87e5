"""Invoices that customers asked for: operators issue them where the shop does, and say so here."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import invoices
from core import http as kit
from core import masks


class InvoicesQuery(kit.PageQuery):
    customer_id: kit.Id | None = None
    state: Literal["requested", "issued", "refused", "withdrawn"] | None = None


class Invoice(kit.Answer):
    invoice_no: str
    customer_id: int
    subject: Annotated[
        str, Field(description="top_up 充值，bill 账单 · a top-up or a bill", examples=["top_up", "bill"])
    ]
    subject_no: str
    about: str
    amount_fen: int
    tax_code: Annotated[
        str | None,
        Field(
            description="601 为预付卡销售和充值，不征税、只开普通发票；null 按所售商品 · 601: a prepaid card, ordinary and not taxed; null: of what "
            "was sold",
            examples=["601"],
        ),
    ]
    title_kind: str
    title: Annotated[
        str,
        Field(
            validation_alias="title_masked",
            description="个人的抬头部分隐藏 · of a person, masked",
            examples=["林**"],
        ),
    ]
    tax_no: Annotated[
        str | None, BeforeValidator(masks.number_if_any), Field(description="部分隐藏 · masked")
    ]
    email: Annotated[str | None, BeforeValidator(masks.email_if_any), Field(description="部分隐藏 · masked")]
    door: Annotated[str, Field(examples=["mini_program", "chat"])]
    state: str
    number: str | None
    reason: str | None
    over_fen: Annotated[
        int,
        Field(
            description="开票后又退回的金额，需红冲 · what went back since it was issued, and needs a red letter"
        ),
    ]
    ended_by: str | None
    created_at: kit.Instant
    ended_at: kit.Instant | None


class MadeOut(kit.Answer):
    """To whom it is to be made out."""

    invoice_no: str
    title_kind: str
    title: str
    tax_no: str | None
    email: str | None


class Issued(kit.Body):
    number: Annotated[
        str,
        Field(
            pattern="^[0-9A-Z]{8,32}$",
            min_length=8,
            max_length=32,
            description="发票号码（数电发票二十位） · the invoice's number",
            examples=["25332000000012345678"],
        ),
    ]


class Refusing(kit.Body):
    reason: Reason


async def listing(query: InvoicesQuery) -> object:
    """The newest first."""
    rows = await invoices.page(
        customer_id=query.customer_id, state=query.state, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(invoice_no: str) -> object:
    """One request."""
    return await invoices.get(invoice_no)


async def reveal(invoice_no: str) -> MadeOut:
    """To whom it is to be made out."""
    return MadeOut.model_validate(await invoices.get(invoice_no))


async def issue(invoice_no: str, body: Issued, caller: Operator, key: kit.IdempotencyKey) -> object:
    """It was issued."""
    return await invoices.issue(caller.id, invoice_no, body.number, key=key)


async def refuse(invoice_no: str, body: Refusing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """It will not be."""
    return await invoices.refuse(caller.id, invoice_no, body.reason, key=key)
