"""Customers' delivery addresses, for reading."""

from core import http as kit
from members import addresses, customers


class DeliveryAddress(kit.Answer):
    id: int
    recipient: str
    phone: str
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
                id=one.id, is_default=one.is_default, recipient=one.where.recipient, phone=one.where.phone,
                region_code=one.where.region_code, province=one.where.province, city=one.where.city,
                district=one.where.district, detail=one.where.detail, label=one.where.label,
            )
            for one in kept
        ]
    )  # fmt: skip
