"""Stores: where the merchant is."""

from typing import Annotated

from pydantic import Field

from billing import stores
from core import http as kit


class Store(kit.Answer):
    code: Annotated[str, Field(examples=["west-lake"])]
    name: Annotated[str, Field(examples=["西湖店"])]


async def listing() -> kit.Page[Store]:
    """The stores that are open."""
    return kit.Page[Store](items=[Store.model_validate(one) for one in await stores.listing()])
