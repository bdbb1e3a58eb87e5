"""What the three stand-ins have in common: one clock, one memory, the same people, the same wallets."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiohttp

from sandbox import credentials
from sandbox.agenda import Agenda
from sandbox.clock import WorldClock
from sandbox.courier import Courier
from sandbox.faults import FaultPlan
from sandbox.money import Wallets
from sandbox.people import Feed, People
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.withdrawals import Withdrawals


class World:
    """Built inside a running event loop; `close` it when done."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        if settings.state_dir is not None:
            settings.state_dir.mkdir(parents=True, exist_ok=True)
        self.credentials, self.bank = credentials.load_or_make(settings.state_dir)
        self.store = Store(settings.state_dir / "world.sqlite3" if settings.state_dir else None)
        self.clock = WorldClock(self.store)
        self.faults = FaultPlan()
        self.people = People(self.store)
        self.feed = Feed(self.store, self.clock)
        self.wallets = Wallets(self.store, self.clock)
        self.withdrawals = Withdrawals(self.store, self.clock)
        self.agenda = Agenda(self.store, self.clock)
        self.courier = Courier(self.store, self.clock, self.agenda, self.faults, settings.time_scale)
        self.http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=settings.answer_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Real platforms open a connection per push; a kept one that the merchant just closed would look lost.
            connector=aiohttp.TCPConnector(force_close=True, limit=100),
        )
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something beside the current request; cancelled when the world closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def busy(self, *, within_s: float = 0.0) -> bool:
        return bool(self._tasks) or self.agenda.busy(within_s=within_s)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.agenda.stop()
        await self.http.close()
        self.store.close()
