"""Requests over HTTP against a handler of the same server that asks ``SELECT 1``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app import runtime
from app.local_servers import children
from app.server import hold_port
from benchmarks import counters, place, seeds, server
from benchmarks.rounds import Contest, RunFailed

FLOOR = "GET /bench/select-1"
_Client = TestClient[web.Request, web.Application]
_Ask = Callable[[int], tuple[str, str, dict[str, str]]]
WARM = 5
"""Requests before anything is counted: statements get prepared."""
_START_PATIENCE_S = 30.0


@contextlib.asynccontextmanager
async def balance(where: place.Place) -> AsyncIterator[Contest]:
    """``GET /api/v1/account``."""
    async with place.opened(where) as found, Wire.opened(where) as wire:
        customers = await seeds.rich()
        asked = [request("GET", "/api/v1/account", token_of(found, one), sender=one) for one in customers]
        file = wire.written("balance", asked)

        async def subject(seconds: float) -> float:
            return await wire.measure(file, seconds, cycle=True)

        async def counted() -> dict[str, float]:
            return await balance_counters(where.database_url, found, customers[0]) | wire.said

        yield Contest(floor=wire.floor, subject=subject, counters=counted, before_round=nothing)


@contextlib.asynccontextmanager
async def pay(where: place.Place) -> AsyncIterator[Contest]:
    """``POST /api/v1/orders/{order_no}/pay``: every order is paid once, with a key of its own."""
    processes = where.processes_beside_database
    async with place.opened(where) as found, Wire.opened(where, processes) as wire:
        customers = await seeds.rich()
        tokens = {one: token_of(found, one) for one in customers}
        shelf = await seeds.Shelf.stocked()
        waiting: list[seeds.Placed] = []
        most_per_s = 500.0

        async def before_round() -> None:
            waiting[:] = await shelf.orders(customers, int(most_per_s * wire.longest_s * 1.5) + 100)

        async def subject(seconds: float) -> float:
            nonlocal most_per_s
            asked = [_payment(one, tokens[one.customer_id]) for one in waiting]
            waiting.clear()
            per_s = await wire.measure(wire.written("pay", asked), seconds, cycle=False)
            most_per_s = max(most_per_s, per_s)
            return per_s

        async def counted() -> dict[str, float]:
            placed = await shelf.orders(customers[:1], counters.TIMES + WARM)
            return await pay_counters(where.database_url, found, placed) | wire.said

        yield Contest(floor=wire.floor, subject=subject, counters=counted, before_round=before_round)


async def balance_counters(url: str, found: runtime.Runtime, customer_id: int) -> dict[str, float]:
    """What one ``GET /api/v1/account`` costs the database."""
    headers = {"Authorization": f"Bearer {token_of(found, customer_id)}"}
    return await counted_quietly(url, found, lambda _: ("GET", "/api/v1/account", headers))


async def pay_counters(url: str, found: runtime.Runtime, placed: Sequence[seeds.Placed]) -> dict[str, float]:
    """What one ``POST /api/v1/orders/{order_no}/pay`` costs the database; uses up the first orders."""

    def one(number: int) -> tuple[str, str, dict[str, str]]:
        token = token_of(found, placed[number].customer_id)
        return (
            "POST",
            _pay_path(placed[number]),
            {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()},
        )

    return await counted_quietly(url, found, one)


def request(
    method: str,
    path: str,
    token: str | None = None,
    *,
    key: str | None = None,
    sender: int = 0,
    sent: object = None,
) -> bytes:
    """A finished HTTP request; a POST carries what is ``sent``, or an empty object. Each ``sender`` has an address of its own, as a proxy would
    tell it: limits by address stay as they are in production."""
    address = f"10.{sender >> 16 & 255}.{sender >> 8 & 255}.{sender & 255}"
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    lines.append(f"X-Forwarded-For: {address}")
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if key is not None:
        lines.append(f"Idempotency-Key: {key}")
    body = json.dumps(sent or {}) if method == "POST" else ""
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


def _payment(order: seeds.Placed, token: str) -> bytes:
    return request("POST", _pay_path(order), token, key=new_key(), sender=order.customer_id)


def _pay_path(order: seeds.Placed) -> str:
    return f"/api/v1/orders/{order.order_no}/pay"


def new_key() -> str:
    return uuid.uuid4().hex


def token_of(found: runtime.Runtime, customer_id: int) -> str:
    return found.tokens.issue(str(customer_id)).token


async def nothing() -> None:
    """Nothing is used up by reading."""


class Wire:
    """The server processes and the load generator. ``p99_ms``: in the last run one answer of a hundred took longer; ``done``: so many
    answers it had."""

    def __init__(self, home: Path, port: int, generator: asyncio.subprocess.Process) -> None:
        self._home, self._port, self._generator = home, port, generator
        self._floor = self.written("floor", [request("GET", server.FLOOR)])
        self._cpu_shares: list[float] = []
        self.p99_ms, self.done = 0.0, 0
        self.longest_s = 1.0

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, where: place.Place, processes: int | None = None) -> AsyncIterator[Wire]:
        with contextlib.ExitStack() as stack:
            held = stack.enter_context(hold_port("127.0.0.1", 0))
            port = held.getsockname()[1]
            for number in range(processes or where.processes):
                stack.callback(children.end, serve(where, port, number), signal.SIGTERM)
            await asyncio.to_thread(wait_for_server, port, where.home)
            generator = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "benchmarks.load",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                yield cls(where.home, port, generator)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    generator.kill()
                await generator.wait()

    @property
    def said(self) -> dict[str, float]:
        """How much of a core the generator used at most: near 1 it would be what is measured."""
        return {"generator_cpu_share": round(max(self._cpu_shares), 3)}

    def written(self, name: str, requests: Sequence[bytes]) -> Path:
        file = self._home / f"{name}.requests"
        file.write_bytes(b"".join(one + b"\0" for one in requests))
        return file

    async def floor(self, seconds: float) -> float:
        return await self.measure(self._floor, seconds, cycle=True)

    async def measure(self, file: Path, seconds: float, *, cycle: bool) -> float:
        """Asks for so long and returns answers per second.

        Raises:
            RunFailed: an answer was not a success.
        """
        self.longest_s = max(self.longest_s, seconds)
        order = {
            "port": self._port,
            "connections": place.CONNECTIONS,
            "file": str(file),
            "seconds": seconds,
            "cycle": cycle,
        }
        stdin, stdout = self._generator.stdin, self._generator.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(order).encode() + b"\n")
        said = json.loads(await asyncio.wait_for(stdout.readline(), seconds + _START_PATIENCE_S))
        if said["failure"] is not None:
            raise RunFailed(f"a request failed: {said['failure']}")
        self._cpu_shares.append(said["cpu_share"])
        self.p99_ms, self.done = float(said["p99_ms"]), int(said["done"])
        return float(said["done"] / said["elapsed"])


def serve(where: place.Place, port: int, number: int) -> subprocess.Popen[bytes]:
    """Starts a server process; ``number`` names its log."""
    return children.spawn(
        [sys.executable, "-m", "benchmarks.server", "--config", where.settings_path, "--port", str(port)],
        log=where.home / f"server-{number}.log",
    )


def wait_for_server(port: int, home: Path) -> None:
    """Returns when a server on this port is ready.

    Raises:
        RunFailed
    """
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2).close()
            time.sleep(1)  # the other processes come up beside the first
            return
        time.sleep(0.1)
    raise RunFailed(f"the server did not start: {(home / 'server-0.log').read_text()[-2000:]}")


@contextlib.asynccontextmanager
async def _quiet(found: runtime.Runtime) -> AsyncIterator[_Client]:
    """The same application in this process, where the connections are counted."""
    if found.redis is not None:
        await (
            found.redis.flushdb()
        )  # the servers keep shares of the limit per address that they will not use up
    async with TestClient(TestServer(server.assembled(found))) as client:
        yield client


async def counted_quietly(
    url: str, found: runtime.Runtime, one: _Ask, *, sent: Callable[[int], object] = lambda _: {}
) -> dict[str, float]:
    async with _quiet(found) as client:

        async def act(number: int) -> None:
            method, path, headers = one(number)
            async with client.request(
                method, path, headers=headers, json=sent(number) if method == "POST" else None
            ) as answer:
                if answer.status not in (200, 201):
                    raise RunFailed(f"{method} {path}: {answer.status} {await answer.text()}")

        for number in range(WARM):
            await act(number)
        return await counters.per_operation(url, lambda number: act(number + WARM))
