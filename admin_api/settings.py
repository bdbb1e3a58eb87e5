"""What operators set for a customer: tier, known by name or not, which money is spent first; and what was changed."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from members import settings


class Chosen(kit.Body):
    tier: Annotated[
        Annotated[kit.No, Field(max_length=20)] | None,
        Field(description="会员等级，null 无 · the code of the tier; null: none"),
    ]
    is_named: Annotated[
        bool,
        Field(
            description="已登记姓名、证件号码与联系方式 · the name, a document's number and a phone are on file"
        ),
    ]
    burn_policy: Annotated[
        Literal["bonus_first", "principal_first", "pro_rata", "earliest_expiry"],
        Field(description="消耗顺序，只影响之后的扣款 · what is spent first, from now on"),
    ]


class Settings(kit.Answer):
    tier: str | None
    is_named: bool
    burn_policy: str


class SettingChange(kit.Answer):
    id: int
    setting: Annotated[str, Field(examples=["tier", "is_named", "burn_policy"])]
    before: str | None
    after: str | None
    operator: str
    changed_at: kit.Instant


async def read(customer_id: int) -> object:
    """As they are now."""
    return await settings.get(customer_id)


async def put(customer_id: int, body: Chosen, caller: Operator) -> object:
    """Sets all of them; what changes is written down."""
    chosen = settings.Settings(body.tier, body.is_named, body.burn_policy)
    return await settings.put(caller.id, customer_id, chosen)


async def history(customer_id: int, query: kit.PageQuery) -> object:
    """The latest changes first."""
    rows = await settings.history(customer_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
