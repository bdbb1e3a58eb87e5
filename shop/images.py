"""Pictures of products 商品图片: drawn anew in three sizes (``core.pictures``), kept in the shop's store of files."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from core import clock, db, errors, pictures
from ledger import idempotency
from shop import products

log = logging.getLogger(__name__)

MAX_BYTES = pictures.MAX_BYTES
MAX_OF_A_PRODUCT = 12
MEDIA_TYPE = "image/jpeg"
Size = Literal["large", "medium", "small"]
SIZES: tuple[Size, ...] = get_args(Size)
_SIDES = (1_600, 750, 300)
"""For a page of its own, for a list over the width of a phone, for a card; in pixels, the longest side."""


class NoSuchImage(errors.NotFound):
    """There is no such picture."""

    code = "no_such_image"


class TooManyImages(errors.Conflict):
    """A product has as many pictures as one can have."""

    code = "too_many_images"


class ImagesDiffer(errors.Conflict):
    """An order of pictures names each picture of the product once."""

    code = "images_differ"


NotAnImage = pictures.NotAnImage
ImageTooLarge = pictures.ImageTooLarge
NoSuchProduct = products.NoSuchProduct
KeyReused = idempotency.KeyReused


class Store(Protocol):
    """Where the files are kept."""

    async def put(self, key: str, body: bytes, *, media_type: str) -> None:
        """Keeps a file; one under the same key is replaced."""

    async def get(self, key: str) -> bytes | None:
        """The file under a key, or None."""

    async def delete(self, key: str) -> None:
        """Removes the file under a key, if there is one."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of a product. ``width`` and ``height`` are those of its largest file."""

    id: int
    key: str
    width: int
    height: int


_KEY_BYTES = 16
_COUNT = "SELECT count(*) FROM product_image WHERE product_id = $1"
_ADD = """
INSERT INTO product_image (product_id, key, position, width, height, created_by, created_at)
SELECT $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5, $6 FROM product_image WHERE product_id = $1
"""


async def add(store: Store, operator_id: int, product_id: int, file: bytes, *, key: str) -> Sequence[Image]:
    """Adds a picture behind those a product has. The same key and file again change nothing. Returns all pictures of the product.

    The files are kept before the row that names them: who dies between leaves files that nobody sees, and the same key again puts them
    in the same place.

    Raises:
        NoSuchProduct, TooManyImages, NotAnImage, ImageTooLarge, KeyReused; what the store raises.
    """
    await products.get(product_id)
    drawn = await pictures.drawn(file, _SIDES)
    caller = f"operator:{operator_id}"
    named = f"{caller}/{product_id}/{key}/{drawn.file_hash}"
    place = hashlib.blake2b(named.encode(), digest_size=_KEY_BYTES).hexdigest()
    for size, jpeg in zip(SIZES, drawn.jpegs, strict=True):
        await store.put(_file(place, size), jpeg, media_type=MEDIA_TYPE)

    async def act() -> str:
        await products.lock(product_id)
        if await db.fetchval(_COUNT, product_id) >= MAX_OF_A_PRODUCT:
            raise TooManyImages(limit=MAX_OF_A_PRODUCT)
        await db.execute(_ADD, product_id, place, drawn.width, drawn.height, caller, clock.now())
        return place

    content = {"product_id": product_id, "file": drawn.file_hash}
    await idempotency.alone(caller=caller, operation="product_images.add", key=key, content=content, act=act)
    return await of(product_id)


_OF = "SELECT id, key, width, height FROM product_image WHERE product_id = $1 ORDER BY position"


async def of(product_id: int) -> list[Image]:
    """The pictures of a product, in their order."""
    return [Image(*row) for row in await db.fetch(_OF, product_id)]


_AWAY = "UPDATE product_image SET position = -position WHERE product_id = $1"
_ORDER = """
UPDATE product_image SET position = o.n FROM unnest($2::bigint[]) WITH ORDINALITY AS o (id, n)
WHERE product_image.product_id = $1 AND product_image.id = o.id
"""


async def put_order(product_id: int, image_ids: Sequence[int]) -> list[Image]:
    """Sets the order of a product's pictures; the first stands for the product in lists.

    Raises:
        NoSuchProduct, ImagesDiffer.
    """
    async with db.transaction():
        await products.lock(product_id)
        if sorted(image_ids) != sorted(one.id for one in await of(product_id)):
            raise ImagesDiffer(product_id=product_id)
        await db.execute(_AWAY, product_id)  # no two stand in one place meanwhile
        await db.execute(_ORDER, product_id, image_ids)
        return await of(product_id)


_REMOVE = "DELETE FROM product_image WHERE product_id = $1 AND id = $2 RETURNING key"


async def remove(store: Store, product_id: int, image_id: int) -> None:
    """Removes a picture of a product. Its files go after its row; one that the store does not let go of is seen by nobody.

    Raises:
        NoSuchProduct, NoSuchImage.
    """
    async with db.transaction():
        await products.lock(product_id)
        place = await db.fetchval(_REMOVE, product_id, image_id)
    if place is None:
        raise NoSuchImage(image_id=image_id)
    for size in SIZES:
        try:
            await store.delete(_file(place, size))
        except (OSError, errors.Unavailable):
            log.warning("the files of a removed picture stay in the store: %s", place)


_KNOWN = "SELECT true FROM product_image WHERE key = $1"


async def file(store: Store, key: str, size: Size) -> bytes:
    """A picture's file of a size, as JPEG.

    Raises:
        NoSuchImage; what the store raises.
    """
    found = await store.get(_file(key, size)) if await db.fetchval(_KNOWN, key) else None
    if found is None:
        raise NoSuchImage(key=key)
    return found


def _file(place: str, size: Size) -> str:
    return f"products/{place}/{size}.jpg"
