"""Delivery addresses."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from members import addresses
from miniapp_api.services import Customer

Place = Annotated[kit.Name, Field(max_length=30)]


class Where(kit.Body):
    recipient: Annotated[kit.Name, Field(max_length=60, examples=["林小姐"])]
    phone: Annotated[
        kit.Name,
        Field(max_length=20, description="手机或座机 · mobile or landline", examples=["13800000001"]),
    ]
    region_code: Annotated[
        str,
        Field(
            min_length=6,
            max_length=6,
            pattern=r"^[0-9]{6}$",
            description="六位行政区划代码（GB/T 2260），小程序选择器给出 · GB/T 2260, as the picker gives it",
            examples=["440106"],
        ),
    ]
    province: Annotated[Place, Field(examples=["广东省"])]
    city: Annotated[Place, Field(examples=["广州市"])]
    district: Annotated[kit.Text, Field(max_length=30, examples=["天河区"])]
    detail: Annotated[kit.Name, Field(max_length=120, examples=["体育西路1号 2栋301"])]
    label: Annotated[kit.Text, Field(max_length=10, examples=["家"])] = ""
    is_default: bool = False


class Address(kit.Answer):
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


async def listing(caller: Customer) -> kit.Page[Address]:
    """All of them, the default first."""
    return kit.Page[Address](items=[shown(one) for one in await addresses.listing(caller.id)])


async def add(body: Where, caller: Customer, key: kit.IdempotencyKey) -> Address:
    """Keeps another."""
    return shown(await addresses.add(caller.id, _where(body), is_default=body.is_default, key=key))


async def one(address_id: kit.Id, caller: Customer) -> Address:
    """One of them."""
    return shown(await addresses.get(caller.id, address_id))


async def change(address_id: kit.Id, body: Where, caller: Customer) -> Address:
    """Sets all of it."""
    return shown(await addresses.change(caller.id, address_id, _where(body), is_default=body.is_default))


async def remove(address_id: kit.Id, caller: Customer) -> None:
    """Forgets it."""
    await addresses.remove(caller.id, address_id)


def shown(address: addresses.Address) -> Address:
    """An address as doors answer it."""
    where = address.where
    return Address(
        id=address.id,
        recipient=where.recipient,
        phone=where.phone,
        region_code=where.region_code,
        province=where.province,
        city=where.city,
        district=where.district,
        detail=where.detail,
        label=where.label,
        is_default=address.is_default,
    )


def _where(body: Where) -> addresses.Where:
    return addresses.Where(**body.model_dump(exclude={"is_default"}))
