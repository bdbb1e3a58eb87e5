"""Categories: the catalogue's shelves, one within another."""

from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from shop import categories, taxes


class CategoryTerms(kit.Body):
    name: Annotated[kit.Name, Field(max_length=30, pattern=r"^[^/\x00-\x1f\x7f]*$", examples=["绿茶"])]
    parent_id: Annotated[
        kit.Id | None, Field(description="上级分类，null 为顶层 · within which; null: at the top")
    ] = None
    sort_order: Annotated[
        int, Field(ge=-10_000, le=10_000, description="排序，小的在前 · the smallest first")
    ] = 0
    is_shown: Annotated[
        bool, Field(description="false：顾客看不到它和它下面的分类 · false: hidden with all within it")
    ] = True
    tax_percent: Annotated[
        int | None,
        Field(
            ge=0,
            le=taxes.MAX_PERCENT,
            examples=[13],
            description="价格所含税率（%），null 随上级分类，都没有则为全店税率 · how much tax prices include, in per cent; null: as the category "
            "above, and in the end the shop's own",
        ),
    ] = None


class Category(kit.Answer):
    id: int
    name: str
    parent_id: int | None
    sort_order: int
    is_shown: bool
    tax_percent: int | None
    depth: Annotated[int, Field(description="1 为顶层 · 1 at the top")]


def _terms(body: CategoryTerms) -> categories.Terms:
    return categories.Terms(body.name, body.parent_id, body.sort_order, body.is_shown, body.tax_percent)


async def listing() -> kit.Page[Category]:
    """All categories, each before what is within it."""
    found = await categories.listing(hidden_too=True)
    return kit.Page[Category](items=[Category.model_validate(one) for one in found])


async def add(body: CategoryTerms, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Adds a category."""
    return await categories.add(caller.id, _terms(body), key=key)


async def put(category_id: int, body: CategoryTerms) -> object:
    """Sets everything about it."""
    return await categories.put(category_id, _terms(body))


async def remove(category_id: int) -> None:
    """Removes an empty one."""
    await categories.remove(category_id)
