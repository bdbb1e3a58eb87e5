"""Photos 凭证图片 of after-sales: read and drawn anew as images of vouchers are (``billing.voucher_images``)."""

from __future__ import annotations

from collections.abc import Collection

from billing import voucher_images
from core import clock, db, errors
from shop import after_sale_states, after_sales_shown, order_steps
from shop.after_sales_shown import AfterSale

MOST = 6
MAX_BYTES = voucher_images.MAX_BYTES

NotAnImage = voucher_images.NotAnImage
ImageTooLarge = voucher_images.ImageTooLarge


class TooManyPhotos(errors.Conflict):
    """There are as many photos as there may be."""

    code = "too_many_photos"


class NoSuchPhoto(errors.NotFound):
    """There is no such photo."""

    code = "no_such_photo"


_COUNT = "SELECT count(*), bool_or(file_hash = $2) FROM after_sale_photo WHERE after_sale_id = $1"
_KEEP = "INSERT INTO after_sale_photo (after_sale_id, nth, jpeg, file_hash, created_at) VALUES ($1, $2, $3, $4, $5)"


async def add(customer_id: int, return_no: str, file: bytes) -> AfterSale:
    """The customer shows what is wrong, while the shop has not decided. The same file again changes nothing.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, TooManyPhotos, NotAnImage, ImageTooLarge.
    """
    _refuse_decided(await after_sales_shown.get(return_no, customer_id=customer_id))
    image = await voucher_images.drawn(file)
    async with db.transaction():
        found = await after_sales_shown.get(return_no, customer_id=customer_id)
        await order_steps.lock(found.order_no)
        _refuse_decided(await after_sales_shown.get(return_no))
        row = await db.fetchrow(_COUNT, found.id, image.file_hash)
        assert row is not None
        count, is_there = row
        if not is_there:
            if count >= MOST:
                raise TooManyPhotos(most=MOST)
            await db.execute(_KEEP, found.id, count + 1, image.jpeg, image.file_hash, clock.now())
    return await after_sales_shown.get(return_no)


def _refuse_decided(found: AfterSale) -> None:
    if found.state != "asked":
        raise after_sale_states.AfterSaleStateForbids(
            return_no=found.return_no, state=found.state, kind=found.kind, step="apply"
        )


_GET = """
SELECT p.jpeg FROM after_sale_photo p JOIN after_sale a ON a.id = p.after_sale_id
WHERE a.return_no = $1 AND p.nth = $2
"""


async def get(
    return_no: str, nth: int, *, customer_id: int | None = None, within: Collection[str] | None = None
) -> bytes:
    """One photo, as JPEG.

    Raises:
        NoSuchAfterSale, NoSuchPhoto.
    """
    await after_sales_shown.get(return_no, customer_id=customer_id, within=within)
    found = await db.fetchval(_GET, return_no, nth)
    if found is None:
        raise NoSuchPhoto(return_no=return_no, nth=nth)
    return bytes(found)
