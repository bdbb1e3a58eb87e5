"""The prepayment agreement: the version in force, and what the customer agreed to."""

from typing import Annotated

from pydantic import Field

from billing import agreements
from core import http as kit
from miniapp_api.services import Customer


class PrepaymentAgreement(kit.Answer):
    version: Annotated[str, Field(examples=["2026-11"])]
    text: str
    published_at: kit.Instant


class Consent(kit.Answer):
    top_up_no: str
    version: str
    text: Annotated[str, Field(description="当时的全文 · the text of then")]
    text_hash: Annotated[str, Field(description="全文的 SHA-256 · SHA-256 of the text")]
    channel: Annotated[str, Field(description="在哪里同意的 · where it was given", examples=["mini_program"])]
    agreed_at: kit.Instant


async def current() -> object:
    """The version in force."""
    return await agreements.current()


async def agreed(top_up_no: str, caller: Customer) -> object:
    """What was agreed to with this top-up."""
    return await agreements.agreed(caller.id, top_up_no)
