"""Stores: the merchant's places."""

from typing import Annotated, Literal

from pydantic import Field

from billing import stores
from core import http as kit


class StoreTerms(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["西湖店"])]
    state: Annotated[
        Literal["open", "closed"], Field(description="closed：停业，不再接受充值 · closed: takes no top-ups")
    ] = "open"


class Store(kit.Answer):
    code: str
    name: str
    state: Annotated[str, Field(examples=["open", "closed"])]


async def listing() -> kit.Page[Store]:
    """All stores, closed ones too."""
    return kit.Page[Store](items=[Store.model_validate(one) for one in await stores.listing(closed_too=True)])


async def put(code: Annotated[kit.No, Field(max_length=20)], body: StoreTerms) -> object:
    """Adds the store or sets its name and state."""
    return await stores.put(code, name=body.name, state=body.state)
