"""Pictures strangers upload: read for what they are, and drawn anew.

What a file is called or said to be counts for nothing: it has to open as JPEG, PNG or WebP, its size in pixels is read from its header
before anything is unpacked, and what comes out are pictures drawn anew, without the file's metadata (where and with what it was taken)
or whatever else was in it.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from core import errors

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
"""More than any phone's camera or screen makes; unpacked that is 120 MB for a moment."""
_FORMATS = ("JPEG", "PNG", "WEBP")
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
    """Pictures drawn anew as JPEG, one for each side that was asked for; how large the first is; and the SHA-256 of the file."""

    jpegs: tuple[bytes, ...]
    width: int
    height: int
    file_hash: str


async def drawn(file: bytes, longest_sides: Sequence[int]) -> Drawn:
    """The picture in an uploaded file, drawn so large at most: the largest first. One at a time is unpacked in each process, beside
    the event loop.

    Raises:
        NotAnImage, ImageTooLarge.
    """
    if len(file) > MAX_BYTES:
        raise _too_large()
    async with _AT_ONCE:
        return await asyncio.to_thread(_drawn, file, longest_sides)


def _drawn(file: bytes, longest_sides: Sequence[int]) -> Drawn:
    largest = longest_sides[0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(file), formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large()
                image.draft("RGB", (largest, largest))
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((largest, largest))
                flat = _on_white(upright)
                jpegs = tuple(_jpeg(flat, side) for side in longest_sides)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise NotAnImage from None
    return Drawn(jpegs, flat.width, flat.height, hashlib.sha256(file).hexdigest())


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, which JPEG does not know; metadata stays behind with the old picture."""
    seen = image.convert("RGBA")
    flat = Image.new("RGB", seen.size, "white")
    flat.paste(seen, mask=seen.getchannel("A"))
    return flat


def _jpeg(picture: Image.Image, side: int) -> bytes:
    smaller = picture
    if max(picture.size) > side:
        smaller = picture.copy()
        smaller.thumbnail((side, side))
    kept = io.BytesIO()
    smaller.save(kept, "JPEG", quality=_QUALITY, optimize=True)
    return kept.getvalue()


def _too_large() -> ImageTooLarge:
    return ImageTooLarge(most_mb=MAX_BYTES // 1024 // 1024, most_mp=MAX_PIXELS // 1_000_000)
