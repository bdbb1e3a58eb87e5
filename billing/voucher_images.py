"""Images of transfer vouchers: drawn anew (``core.pictures``) and kept in the database (docs/decisions/0008)."""

from __future__ import annotations

from dataclasses import dataclass

from core import clock, db, pictures

MAX_BYTES = pictures.MAX_BYTES
NotAnImage = pictures.NotAnImage
ImageTooLarge = pictures.ImageTooLarge
_LONGEST_SIDE = 2_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture drawn anew as JPEG, and the SHA-256 of the file it was drawn from."""

    jpeg: bytes
    file_hash: str


async def drawn(file: bytes) -> Drawn:
    """The picture in an uploaded file. One at a time is unpacked in each process, beside the event loop.

    Raises:
        NotAnImage, ImageTooLarge.
    """
    made = await pictures.drawn(file, [_LONGEST_SIDE])
    return Drawn(made.jpegs[0], made.file_hash)


_KEEP = "INSERT INTO voucher_image (voucher_no, jpeg, created_at) VALUES ($1, $2, $3)"


async def keep(voucher_no: str, jpeg: bytes) -> None:
    """Keeps the picture of a voucher, in the caller's transaction."""
    await db.execute(_KEEP, voucher_no, jpeg, clock.now())


_GET = "SELECT jpeg FROM voucher_image WHERE voucher_no = $1"


async def get(voucher_no: str) -> bytes | None:
    """The picture of a voucher, as JPEG."""
    found = await db.fetchval(_GET, voucher_no)
    return None if found is None else bytes(found)
