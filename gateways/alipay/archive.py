"""The archive a bill comes in: a zip of two GBK texts with GBK names, of which the details are wanted."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final

_UTF_8_NAMES: Final = 0x800
_ENCRYPTED: Final = 0x1
_SUMMARY: Final = "汇总"
_MOST_MEMBERS = 100
_PIECE_BYTES = 1024 * 1024


class TooLarge(Exception):
    """More bytes than a bill may have."""


class Torn(Exception):
    """Not a whole archive, or not one of a bill."""


def unpack(archive: Path, into: BinaryIO, *, max_bytes: int) -> int:
    """Writes the details' text to `into`, as it is in the archive, and returns how many bytes that is.

    What is written is counted, whatever sizes the archive claims; its names are only looked at, never used.

    Raises: TooLarge, Torn.
    """
    size_bytes = 0
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(_details(opened)) as details:
            while piece := details.read(_PIECE_BYTES):
                size_bytes += len(piece)
                if size_bytes > max_bytes:
                    raise TooLarge
                into.write(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise Torn from None
    return size_bytes


def _details(opened: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = opened.infolist()
    if len(members) > _MOST_MEMBERS:
        raise Torn
    found = [one for one in members if _name(one).endswith(".csv") and _SUMMARY not in _name(one)]
    if len(found) != 1 or found[0].flag_bits & _ENCRYPTED:
        raise Torn
    return found[0]


def _name(member: zipfile.ZipInfo) -> str:
    """Without the flag that says UTF-8, zipfile takes the bytes for code page 437; they are GBK."""
    if member.flag_bits & _UTF_8_NAMES:
        return member.filename
    return member.filename.encode("cp437", "replace").decode("gb18030", "replace")
