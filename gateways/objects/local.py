"""Files in a directory of this machine, or one that several machines share."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path


class Directory:
    """A directory of files, each under a key like ``products/4f1c…/small.jpg``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, key: str, body: bytes, *, media_type: str) -> None:
        """Keeps a file, whole or not at all; one under the same key is replaced."""
        await asyncio.to_thread(self._put, key, body)

    def _put(self, key: str, body: bytes) -> None:
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(beside, 0o644)
            os.replace(beside, place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise

    async def get(self, key: str) -> bytes | None:
        """The file under a key, or None."""
        return await asyncio.to_thread(self._get, key)

    def _get(self, key: str) -> bytes | None:
        try:
            return self._place(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    async def delete(self, key: str) -> None:
        """Removes the file under a key, if there is one."""
        await asyncio.to_thread(self._delete, key)

    def _delete(self, key: str) -> None:
        place = self._place(key)
        with contextlib.suppress(FileNotFoundError):
            place.unlink()
        with contextlib.suppress(OSError):
            place.parent.rmdir()  # where it was the last

    def _place(self, key: str) -> Path:
        assert all(part and part.strip(".") for part in key.split("/")), "keys are ours"
        return self._path / key
