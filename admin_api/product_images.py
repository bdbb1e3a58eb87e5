"""Pictures of products: adding, ordering, removing them."""

from typing import Annotated

from pydantic import Field

from admin_api.services import Operator, Services
from core import http as kit
from shop import images


class ImageOrder(kit.Body):
    image_ids: Annotated[list[kit.Id], Field(max_length=images.MAX_OF_A_PRODUCT)]


class Description(kit.Body):
    alt: Annotated[
        kit.Text,
        Field(
            max_length=images.MAX_ALT,
            description="图中是什么，供读屏；空则用商品名称 · what is seen in it, for screen readers; empty: the product's name",
            examples=["白瓷杯中的茉莉奶绿"],
        ),
    ] = ""


class Image(kit.Answer):
    id: int
    key: Annotated[
        str, Field(description="取图：GET /api/v1/images/{key}/small|medium|large · where its files are")
    ]
    width: int
    height: int
    alt: str


class Images(kit.Answer):
    items: list[Image]


def _shown(found: object) -> Images:
    return Images.model_validate({"items": found})


async def listing(product_id: int) -> object:
    """The pictures in their order."""
    return _shown(await images.of(product_id))


async def add(
    product_id: int, upload: kit.Upload, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Adds one behind the others."""
    return _shown(await images.add(services.images, caller.id, product_id, upload, key=key))


async def put_order(product_id: int, body: ImageOrder) -> object:
    """Sets their order."""
    return _shown(await images.put_order(product_id, body.image_ids))


async def describe(product_id: int, image_id: int, body: Description) -> object:
    """Says what is seen in one."""
    return _shown(await images.describe(product_id, image_id, body.alt))


async def remove(product_id: int, image_id: int, services: Services) -> None:
    """Removes one."""
    await images.remove(services.images, product_id, image_id)
