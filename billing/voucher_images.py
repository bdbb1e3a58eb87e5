"""Images of transfer vouchers: read for what they are, drawn anew, and kept in the database (docs/decisions/0008).

An uploaded file is a stranger's. What it is called or said to be counts for nothing: it has to open as JPEG, PNG or WebP, its size in
pixels is read from its header before anything is unpacked, and what is kept is a picture drawn anew, without the file's metadata
(where and with what it was taken) or whatever else was in it.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from core import clock, db, errors

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
"""More than any phone's camera or screen makes; unpacked that is 120 MB for a moment."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_LONGEST_SIDE = 2_000
_QUALITY = 80
_AT_ONCE = asyncio.Semaphore(1)


class NotAnImage(errors.Invalid):
    """The file is no JPEG, PNG or WebP image, or a broken one."""

    code = "not_an_image"


class ImageTooLarge(errors.Invalid):
    """The file is too large, or the picture in it is."""

    code = "image_too_large"


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
    if len(file) > MAX_BYTES:
        raise _too_large()
    async with _AT_ONCE:
        return await asyncio.to_thread(_drawn, file)


def _drawn(file: bytes) -> Drawn:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(file), formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large()
                image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
                flat = _on_white(upright)
                kept = io.BytesIO()
                flat.save(kept, "JPEG", quality=_QUALITY, optimize=True)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise NotAnImage from None
    return Drawn(kept.getvalue(), hashlib.sha256(file).hexdigest())


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, which JPEG does not know; metadata stays behind with the old picture."""
    seen = image.convert("RGBA")
    flat = Image.new("RGB", seen.size, "white")
    flat.paste(seen, mask=seen.getchannel("A"))
    return flat


def _too_large() -> ImageTooLarge:
    return ImageTooLarge(most_mb=MAX_BYTES // 1024 // 1024, most_mp=MAX_PIXELS // 1_000_000)


_KEEP = "INSERT INTO voucher_image (voucher_no, jpeg, created_at) VALUES ($1, $2, $3)"


async def keep(voucher_no: str, jpeg: bytes) -> None:
    """Keeps the picture of a voucher, in the caller's transaction."""
    await db.execute(_KEEP, voucher_no, jpeg, clock.now())


_GET = "SELECT jpeg FROM voucher_image WHERE voucher_no = $1"


async def get(voucher_no: str) -> bytes | None:
    """The picture of a voucher, as JPEG."""
    found = await db.fetchval(_GET, voucher_no)
    return None if found is None else bytes(found)
