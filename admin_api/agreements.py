"""The prepayment agreement: publishing a version."""

from typing import Annotated

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import agreements
from core import http as kit


class NewPrepaymentAgreement(kit.Body):
    version: Annotated[
        str,
        StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z._-]+$"),
        Field(examples=["2026-11"]),
    ]
    text: Annotated[
        str,
        StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"),
    ]


class PrepaymentAgreement(kit.Answer):
    version: str
    text: str
    text_hash: Annotated[str, Field(description="全文的 SHA-256 · SHA-256 of the text")]
    published_at: kit.Instant


async def publish(body: NewPrepaymentAgreement, caller: Operator) -> object:
    """From now on every top-up needs consent to this version."""
    return await agreements.publish(body.version, body.text, operator=caller.label)


async def listing(query: kit.PageQuery) -> object:
    """The one in force first."""
    rows = await agreements.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
