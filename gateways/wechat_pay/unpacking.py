"""A bill file while it arrives: unpacked, hashed and written piece by piece, in bounded memory."""

from __future__ import annotations

import hashlib
import zlib
from typing import BinaryIO

from gateways.packed import TooLarge, Torn

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
_PIECE_BYTES = 1024 * 1024


class Unpacking:
    """Takes a file in pieces, gzip or plain (told by its first two bytes), and writes what is in it to `into`.

    `size_bytes` and `sha1_hex` are those of the unpacked text; WeChat Pay's `hash_value` is of that too
    (wechatpay-skills, DownloadBill.java).
    """

    def __init__(self, into: BinaryIO, *, max_bytes: int) -> None:
        self._into = into
        self._max_bytes = max_bytes
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._head = b""
        self._gzip: zlib._Decompress | None = None
        self._is_plain = False
        self.size_bytes = 0

    @property
    def sha1_hex(self) -> str:
        return self._sha1.hexdigest()

    def feed(self, piece: bytes) -> None:
        """Raises: TooLarge, Torn."""
        if self._gzip is None and not self._is_plain:
            self._head += piece
            if len(self._head) < len(_GZIP):
                return
            piece, self._head = self._head, b""
            self._is_plain = not piece.startswith(_GZIP)
        if self._is_plain:
            self._write(piece)
        else:
            self._unpack(piece)

    def finish(self) -> None:
        """Nothing more comes. Raises: TooLarge, Torn."""
        self._write(self._head)
        if self._gzip is not None:
            self._write(self._gzip.flush())
            if not self._gzip.eof:
                raise Torn

    def _unpack(self, piece: bytes) -> None:
        while piece:
            if self._gzip is None or self._gzip.eof:
                self._gzip = zlib.decompressobj(_GZIP_WINDOW)
            try:
                # Bounded, as a few packed bytes may unpack to gigabytes.
                self._write(self._gzip.decompress(piece, _PIECE_BYTES))
            except zlib.error:
                raise Torn from None
            piece = self._gzip.unused_data if self._gzip.eof else self._gzip.unconsumed_tail

    def _write(self, text: bytes) -> None:
        self.size_bytes += len(text)
        if self.size_bytes > self._max_bytes:
            raise TooLarge
        self._sha1.update(text)
        self._into.write(text)
