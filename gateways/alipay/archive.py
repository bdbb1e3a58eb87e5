"""The archive a bill comes in: a zip of two GBK texts with GBK names, of which the details are wanted."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from gateways import packed

_SUMMARY: Final = "汇总"
_PIECE_BYTES = 1024 * 1024


def unpack(archive: Path, into: BinaryIO, *, max_bytes: int) -> int:
    """Writes the details' text to `into`, as it is in the archive, and returns how many bytes that is.

    What is written is counted, whatever sizes the archive claims; its names are only looked at, never used.

    Raises: packed.TooLarge, packed.Torn.
    """
    size_bytes = 0
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(packed.member(opened, _is_details)) as details:
            while piece := details.read(_PIECE_BYTES):
                size_bytes += len(piece)
                if size_bytes > max_bytes:
                    raise packed.TooLarge
                into.write(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise packed.Torn from None
    return size_bytes


def _is_details(name: str) -> bool:
    return name.endswith(".csv") and _SUMMARY not in name
