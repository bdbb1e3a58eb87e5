"""The text of a bill file, line by line: plain, gzip or in a ZIP, UTF-8 with or without BOM or GBK, never more than allowed."""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from gateways import packed
from gateways.bills.lines import BillUnreadable

_PIECE = 256 * 1024
MAX_LINE = 64 * 1024
"""No row of a bill is as long."""
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TextLines:
    """The lines of a file without their ends, numbered from 1. Close it."""

    def __init__(self, path: Path, *, is_wanted: Callable[[str], bool], max_bytes: int) -> None:
        """``is_wanted`` picks the one member of an archive by its name.

        Raises:
            BillUnreadable: not such an archive.
        """
        self._left = max_bytes
        self._size = path.stat().st_size
        self._closing = ExitStack()
        self.line_no = 0
        """The number of the first line of the batch given last."""
        try:
            self._file = self._opened(path, is_wanted)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._closing.close()

    @property
    def percent(self) -> int:
        """So much of the file, as it is stored, has been read."""
        return min(100, 100 * self._stored.tell() // self._size) if self._size else 100

    def _opened(self, path: Path, is_wanted: Callable[[str], bool]) -> _Readable:
        file = self._stored = self._closing.enter_context(path.open("rb"))
        magic = file.read(4)
        file.seek(0)
        if magic[:2] == _GZIP:
            unpacked = gzip.GzipFile(fileobj=file)
            self._closing.callback(unpacked.close)
            return unpacked
        if magic != _ZIP:
            return file
        try:
            archive = self._closing.enter_context(zipfile.ZipFile(file))
            return self._closing.enter_context(archive.open(packed.member(archive, is_wanted)))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as broken:
            raise BillUnreadable("archive", found=str(broken)) from None

    def batches(self) -> Iterator[list[str]]:
        """All lines, as many at a time as a piece of the file holds.

        Raises:
            BillUnreadable: too large, torn, or neither UTF-8 nor GBK.
        """
        decode, rest = None, ""
        self.line_no = 1
        while piece := self._piece():
            if decode is None:
                decode = _decoder(piece)
            text = rest + self._decoded(decode, piece)
            lines = text.split("\n")
            rest = lines.pop()
            if len(rest) > MAX_LINE:
                raise BillUnreadable("line_too_long", self.line_no + len(lines))
            if lines:
                yield lines
                self.line_no += len(lines)
        if decode is None:
            raise BillUnreadable("empty")
        rest += self._decoded(decode, b"", is_last=True)
        if rest:
            yield [rest]

    def _piece(self) -> bytes:
        try:
            piece = self._file.read(_PIECE)
        except (zlib.error, EOFError, OSError, zipfile.BadZipFile) as torn:
            raise BillUnreadable("archive", self.line_no, str(torn)) from None
        self._left -= len(piece)
        if self._left < 0:
            raise BillUnreadable("too_large", self.line_no)
        return piece

    def _decoded(self, decode: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool = False) -> str:
        try:
            text = decode.decode(piece, is_last)
        except UnicodeDecodeError:
            raise BillUnreadable("encoding", self.line_no) from None
        if "\0" in text:
            raise BillUnreadable("encoding", self.line_no)
        return text


def _decoder(first: bytes) -> codecs.IncrementalDecoder:
    """UTF-8 where the file begins as that, else GBK as GB 18030 extends it."""
    attempt = codecs.getincrementaldecoder("utf-8")()
    try:
        attempt.decode(first)
    except UnicodeDecodeError:
        return codecs.getincrementaldecoder("gb18030")()
    return codecs.getincrementaldecoder("utf-8-sig")()
