"""The load generator, a process of its own: raw HTTP/1.1 on kept connections, as cheap as Python makes it.

It reads one JSON line per run on stdin, ``{"port", "connections", "file", "seconds", "cycle"}``, and answers with one JSON line.
``file`` holds finished requests one after the other, each followed by a zero byte; with ``cycle`` they are used again and again.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import uvloop


class Run:
    """One timed run over all connections. An answer counts when it is complete before the deadline."""

    def __init__(self, requests: Iterator[bytes], seconds: float) -> None:
        self.requests = requests
        self.done = 0
        self.failures: list[str] = []
        self.busy = 0
        self.finished = asyncio.get_running_loop().create_future()
        self.began = time.perf_counter()
        self.deadline = self.began + seconds
        self.used_up = False
        self.last_answer = self.began
        self.took_s: list[float] = []

    def next(self) -> bytes | None:
        if time.perf_counter() < self.deadline and not self.failures:
            request = next(self.requests, None)
            if request is not None:
                return request
            self.used_up = True
        self.busy -= 1
        if not self.busy and not self.finished.done():
            self.finished.set_result(None)
        return None

    def answered(self, head: bytes, answer: bytes, sent: float) -> None:
        if not head.startswith(b"HTTP/1.1 2"):
            self.failures.append((head[:40] + b" ... " + answer[-300:]).decode(errors="replace"))
        now = time.perf_counter()
        if now <= self.deadline:
            self.done += 1
            self.last_answer = now
            self.took_s.append(now - sent)

    @property
    def p99_ms(self) -> float:
        """One answer of a hundred took longer."""
        ordered = sorted(self.took_s)
        return ordered[len(ordered) * 99 // 100] * 1_000 if ordered else 0.0


class Connection(asyncio.Protocol):
    """One kept connection: one request under way at a time."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.buffer = b""
        self.sent = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.run is not None:
            self.run.failures.append(f"the server closed the connection ({error})")
            self._send()

    def start(self, run: Run) -> None:
        self.run = run
        run.busy += 1
        self._send()

    def data_received(self, data: bytes) -> None:
        self.buffer = data = self.buffer + data if self.buffer else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        at = data.find(b"Content-Length: ", 0, end)
        length = int(data[at + 16 : data.find(b"\r\n", at)]) if at >= 0 else 0
        if len(data) < end + 4 + length:
            return
        self.buffer = b""
        assert self.run is not None
        self.run.answered(data[:end], data[end + 4 :], self.sent)
        self._send()

    def _send(self) -> None:
        assert self.run is not None
        request = self.run.next()
        if request is None:
            self.run = None
        else:
            self.sent = time.perf_counter()
            self.transport.write(request)


class Generator:
    """The connections, kept from run to run, so that the kernel's dealing of them to server processes stays the same."""

    def __init__(self) -> None:
        self._connections: list[Connection] = []

    async def run(self, order: dict[str, Any], requests: Sequence[bytes]) -> dict[str, Any]:
        await self._connect(order["port"], order["connections"])
        run = Run(cycle(requests) if order["cycle"] else iter(requests), order["seconds"])
        used = _cpu_s()
        for connection in self._connections:
            connection.start(run)
        await run.finished
        elapsed = (run.last_answer if run.used_up else run.deadline) - run.began
        return {
            "done": run.done,
            "elapsed": elapsed,
            "failure": run.failures[0] if run.failures else None,
            "cpu_share": (_cpu_s() - used) / elapsed,
            "p99_ms": run.p99_ms,
        }

    async def _connect(self, port: int, count: int) -> None:
        loop = asyncio.get_running_loop()
        self._connections = [one for one in self._connections if not one.transport.is_closing()]
        while len(self._connections) < count:
            _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
            self._connections.append(connection)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        generator = Generator()
        while line := sys.stdin.readline():
            order = json.loads(line)
            requests = Path(order["file"]).read_bytes().split(b"\0")[:-1]
            print(json.dumps(runner.run(generator.run(order, requests))), flush=True)


if __name__ == "__main__":
    main()
