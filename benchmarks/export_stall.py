"""Does a file of a long list hold up anybody? ``python -m benchmarks.export_stall [--rows 100000] [--seconds 20]``.

A server process is asked for pages of the console, one after the other, for a while; then again while a worker process makes the file of all
customers. What matters is by how much the longest wait gets longer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import aiohttp
import uvloop

from app import config
from app.local_servers import children
from app.server import hold_port
from benchmarks import history, http_doors, place
from core import db
from members import list_exports, operators

AT_MOST_MS = 100.0
_LOGIN, _PASSWORD = "bench", "tea-house-for-two"
_PAGES = ("/console/customers", "/console/orders", "/console/counter", "/console/customers?query=顾客77")
_PAUSE_S = 0.02
_COLUMNS = ("id", "name", "state", "created_at")


@dataclasses.dataclass(frozen=True, slots=True)
class Waits:
    """How long pages took, in milliseconds."""

    requests: int
    p50_ms: float
    p99_ms: float
    longest_ms: float

    def __str__(self) -> str:
        return f"{self.requests} pages, p50 {self.p50_ms:.0f} ms, p99 {self.p99_ms:.0f} ms, longest {self.longest_ms:.0f} ms"


async def compared(
    where: place.Place, *, rows: int, seconds: float
) -> tuple[Waits, Waits, list_exports.Export]:
    """How long pages took alone and beside the making of a file, and that file."""
    where = _patient(where)
    async with place.opened(where):
        await history.write(customers=rows, entries=1)
        boss = await operators.create(login=_LOGIN, name="老板", password=_PASSWORD)
        await db.execute("VACUUM ANALYZE")
        async with _browser(where) as ask:
            await _asked(ask, seconds=3)
            alone = await _asked(ask, seconds=seconds)
            export = await list_exports.ask(
                boss.id, operation="customers_listing", title="顾客", asked={"path": {}, "query": {}}, columns=_COLUMNS,
                form="xlsx", locale="zh-CN", key="bench",
            )  # fmt: skip
            worker = children.spawn(
                [sys.executable, "-m", "app", "--config", where.settings_path, "worker"],
                log=where.home / "worker.log",
            )
            try:
                beside = await _asked(ask, until=lambda: _is_done(boss.id, export.id))
            finally:
                children.end(worker, signal.SIGTERM)
            return alone, beside, await list_exports.one(boss.id, export.id)


async def _is_done(operator_id: int, export_id: int) -> bool:
    return (await list_exports.one(operator_id, export_id)).state not in ("queued", "running")


async def _asked(
    ask: Callable[[str], Awaitable[None]],
    *,
    seconds: float | None = None,
    until: Callable[[], Awaitable[bool]] | None = None,
) -> Waits:
    took: list[float] = []
    ends_at = None if seconds is None else time.perf_counter() + seconds
    while (ends_at is None or time.perf_counter() < ends_at) and not (until and await until()):
        for path in _PAGES:
            began = time.perf_counter()
            await ask(path)
            took.append(time.perf_counter() - began)
            await asyncio.sleep(_PAUSE_S)
    return _waits(sorted(took))


def _waits(took: Sequence[float]) -> Waits:
    def share(of_a_hundred: int) -> float:
        return 1e3 * took[min(len(took) - 1, len(took) * of_a_hundred // 100)]

    return Waits(len(took), share(50), share(99), 1e3 * took[-1])


@contextlib.asynccontextmanager
async def _browser(where: place.Place) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """A server process, and who is signed in to its console."""
    with hold_port("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        server = http_doors.serve(where, port, 0)
        try:
            await asyncio.to_thread(http_doors.wait_for_server, port, where.home)
            async with aiohttp.ClientSession(
                f"http://127.0.0.1:{port}", cookie_jar=aiohttp.CookieJar(unsafe=True)
            ) as session:

                async def ask(path: str) -> None:
                    async with session.get(path) as answer:
                        await answer.read()
                        assert answer.status == 200 and answer.url.path != "/console/sign-in", answer.url

                said = {"login": _LOGIN, "password": _PASSWORD}
                async with session.post("/console/sign-in", data=said) as answer:
                    assert answer.url.path == "/console/", answer.url
                yield ask
        finally:
            children.end(server, signal.SIGTERM)


def _patient(where: place.Place) -> place.Place:
    """The same with a rate limit that the one who asks does not reach."""
    path = where.home / "patient.toml"
    limits = "[limits]\nrequests_per_minute_per_caller = 100000\nrequests_per_minute_per_address = 100000\n"
    path.write_text(where.settings_path.read_text(encoding="utf-8") + "\n" + limits, encoding="utf-8")
    return dataclasses.replace(where, settings=config.load(path), settings_path=path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export_stall", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with place.started() as where, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        alone, beside, export = runner.run(compared(where, rows=given.rows, seconds=given.seconds))
    print(
        f"alone:  {alone}\nbeside: {beside}\nfile:   {export.state}, {export.rows} rows, {export.size} bytes"
    )
    is_good = export.state == "done" and export.rows >= given.rows
    sys.exit(0 if is_good and beside.longest_ms - alone.longest_ms <= AT_MOST_MS else 1)


if __name__ == "__main__":
    main()
