"""Pictures of products 商品图片: drawn anew in three sizes (``core.pictures``), kept in the shop's store of files."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, get_args

from core import clock, db, errors, pictures
from ledger import idempotency
from shop import products

log = logging.getLogger(__name__)

MAX_BYTES = pictures.MAX_BYTES
MAX_OF_A_PRODUCT = 12
MAX_ALT = 200
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


class UploadTooLate(errors.Conflict):
    """The upload took so long that its files are gone; it may be begun anew."""

    code = "upload_too_late"


KeyReused = idempotency.KeyReused
STRAY_FOR = timedelta(hours=1)
"""Files of a picture that no product has are removed after so long: no upload takes half as long."""


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
    alt: str = ""
    """What is seen in it, for who does not see it; empty: the product's name has to do."""


_COUNT = "SELECT count(*) FROM product_image WHERE product_id = $1"
_ADD = """
INSERT INTO product_image (product_id, key, position, width, height, created_by, created_at)
SELECT $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5, $6 FROM product_image WHERE product_id = $1
"""


async def add(store: Store, operator_id: int, product_id: int, file: bytes, *, key: str) -> Sequence[Image]:
    """Adds a picture behind those a product has. The same key and file again change nothing. Returns all pictures of the product.

    Each call puts its files in a place of its own, which is noted as stray before the first of them is kept and is so until the picture
    is there. Whoever dies between, or is refused, leaves files that ``sweep`` removes.

    Raises:
        NoSuchProduct, TooManyImages, NotAnImage, ImageTooLarge, UploadTooLate, KeyReused; what the store raises.
    """
    await products.get(product_id)
    drawn = await pictures.drawn(file, _SIDES)
    caller = f"operator:{operator_id}"
    place = secrets.token_hex(_KEY_BYTES)
    await db.execute(_NOTE, place, clock.now())
    for size, jpeg in zip(SIZES, drawn.jpegs, strict=True):
        await store.put(_file(place, size), jpeg, media_type=MEDIA_TYPE)

    async def act() -> str:
        await products.lock(product_id)
        if await db.fetchval(_COUNT, product_id) >= MAX_OF_A_PRODUCT:
            raise TooManyImages(limit=MAX_OF_A_PRODUCT)
        if not await db.fetchval(_TAKE, place):
            raise UploadTooLate
        await db.execute(_ADD, product_id, place, drawn.width, drawn.height, caller, clock.now())
        return place

    content = {"product_id": product_id, "file": drawn.file_hash}
    try:
        await idempotency.alone(
            caller=caller, operation="product_images.add", key=key, content=content, act=act
        )
    except UploadTooLate:
        await _let_go(store, place)  # what was put after the sweep went by
        raise
    return await of(product_id)


_KEY_BYTES = 16
_NOTE = "INSERT INTO stray_image (key, since) VALUES ($1, $2)"
_TAKE = "DELETE FROM stray_image WHERE key = $1 AND leaving_at IS NULL RETURNING true"
_OF = "SELECT id, key, width, height, alt FROM product_image WHERE product_id = $1 ORDER BY position"


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


_DESCRIBE = "UPDATE product_image SET alt = $3 WHERE product_id = $1 AND id = $2 RETURNING true"


async def describe(product_id: int, image_id: int, alt: str) -> list[Image]:
    """Says what is seen in a picture of a product. Returns all pictures of the product.

    Raises:
        NoSuchImage.
    """
    if not await db.fetchval(_DESCRIBE, product_id, image_id, alt):
        raise NoSuchImage(image_id=image_id)
    return await of(product_id)


_REMOVE = "DELETE FROM product_image WHERE product_id = $1 AND id = $2 RETURNING key"


async def remove(store: Store, product_id: int, image_id: int) -> None:
    """Removes a picture of a product. Its files go after its row; what the store does not let go of is seen by nobody, and ``sweep``
    comes back for it.

    Raises:
        NoSuchProduct, NoSuchImage.
    """
    async with db.transaction():
        await products.lock(product_id)
        place = await db.fetchval(_REMOVE, product_id, image_id)
        if place is None:
            raise NoSuchImage(image_id=image_id)
        await db.execute(_LEAVING, place, clock.now())
    await _let_go(store, place)


_LEAVING = "INSERT INTO stray_image (key, since, leaving_at) VALUES ($1, $2, $2)"
_CLAIM = """
UPDATE stray_image SET leaving_at = $1 WHERE id IN (
    SELECT id FROM stray_image s WHERE (since < $2 AND (leaving_at IS NULL OR leaving_at < $2))
      AND NOT EXISTS (SELECT FROM product_image i WHERE i.key = s.key)
    ORDER BY since LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING key
"""
_GONE = "DELETE FROM stray_image WHERE key = $1 AND leaving_at IS NOT NULL"
_AT_ONCE = 100


async def sweep(store: Store) -> int:
    """Removes the files of pictures that no product has for ``STRAY_FOR``: of uploads that were refused or died, and those the store did
    not let go of before. What is being removed cannot become a product's picture any more. Several may sweep at once. Returns how many
    pictures' files are gone; of those the store keeps after all it tries again later.
    """
    now, gone = clock.now(), 0
    while places := [row["key"] for row in await db.fetch(_CLAIM, now, now - STRAY_FOR, _AT_ONCE)]:
        gone += sum([await _let_go(store, place) for place in places])
    return gone


async def _let_go(store: Store, place: str) -> bool:
    try:
        for size in SIZES:
            await store.delete(_file(place, size))
    except (OSError, errors.Unavailable):
        log.warning("the files of a picture that nobody has stay in the store: %s", place)
        return False
    await db.execute(_GONE, place)
    return True


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
