"""Customers' delivery addresses, for reading."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from core import http as kit
from core import masks
from members import addresses, customers


class DeliveryAddress(kit.Answer):
    id: int
    recipient: str
    phone: Annotated[str, Field(description="部分隐藏 · masked", examples=["138****0001"])]
    region_code: str
    province: str
    city: str
    district: str
    detail: str
    label: str
    is_default: bool


class DeliveryAddresses(kit.Answer):
    items: list[DeliveryAddress]


async def of_customer(customer_id: kit.Id) -> DeliveryAddresses:
    """The default first."""
    kept = await addresses.listing((await customers.get(customer_id)).id)
    return DeliveryAddresses(
        items=[
            DeliveryAddress(
                id=one.id,
                is_default=one.is_default,
                **asdict(one.where) | {"phone": masks.phone(one.where.phone)},
            )
            for one in kept
        ]
    )
