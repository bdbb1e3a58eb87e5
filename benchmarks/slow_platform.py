"""A WeChat platform that answers everything well after 50 ms, in a process of its own: ``python -m benchmarks.slow_platform``.

It reads no more of HTTP than aiohttp's client writes, so that it takes little from the worker that is measured. It says its port
on the first line.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import cast

import uvloop

ANSWERS_AFTER_S = 0.05
_TOKEN = b'{"access_token":"bench","expires_in":7200}'
_SENT = b'{"errcode":0,"errmsg":"ok","msgid":4000000000000000001}'


@contextlib.contextmanager
def started() -> Iterator[str]:
    """Its address, while the block runs."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.slow_platform"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(10)


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._read) < end + 4 + length:
                return
            body = _TOKEN if b"stable_token" in head else _SENT
            self._read = self._read[end + 4 + length :]
            asyncio.get_running_loop().call_later(ANSWERS_AFTER_S, self._answer, body)

    def _answer(self, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)
            )


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
