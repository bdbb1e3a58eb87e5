"""Things that will happen later in the sandbox's world: retries, refunds that settle, answers that come late."""

from __future__ import annotations

import asyncio
import heapq
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import WorldClock
from sandbox.store import Shelf, Store

log = logging.getLogger(__name__)


@dataclass
class Errand:
    """One thing to be done at `due_at` (world epoch seconds) by the function registered for `kind`."""

    id: str
    kind: str
    due_at: float
    body: dict[str, Any] = field(default_factory=dict)


ErrandHandler = Callable[[dict[str, Any]], Awaitable[None]]


class Agenda:
    """Runs errands when the world clock says so; they survive a restart. Moving the clock makes them due."""

    def __init__(self, store: Store, clock: WorldClock) -> None:
        self._clock = clock
        self._errands = Shelf(store, "errand", Errand)
        self._queue = [(errand.due_at, errand.id) for errand in self._errands]
        heapq.heapify(self._queue)
        self._handlers: dict[str, ErrandHandler] = {}
        self._changed = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.Task[None] | None = None
        clock.watch(self._changed)

    def register(self, kind: str, handler: ErrandHandler) -> None:
        self._handlers[kind] = handler

    def add(self, kind: str, body: dict[str, Any], *, delay_s: float = 0.0) -> None:
        errand = Errand(uuid.uuid4().hex, kind, self._clock.epoch_s() + delay_s, body)
        self._errands.put(errand.id, errand)
        heapq.heappush(self._queue, (errand.due_at, errand.id))
        self._changed.set()

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        tasks = [*self._running.values(), *([self._loop] if self._loop else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def busy(self, *, within_s: float = 0.0) -> bool:
        """True while something is running or due within the next `within_s` world seconds."""
        horizon = self._clock.epoch_s() + within_s
        return bool(self._running) or bool(self._queue and self._queue[0][0] <= horizon)

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            now = self._clock.epoch_s()
            while self._queue and self._queue[0][0] <= now:
                errand = self._errands.get(heapq.heappop(self._queue)[1])
                if errand is not None:
                    self._running[errand.id] = asyncio.create_task(self._do(errand))
            next_due = self._queue[0][0] if self._queue else now + 3600
            try:
                await asyncio.wait_for(self._changed.wait(), max(next_due - now, 0.001))
            except TimeoutError:
                continue

    async def _do(self, errand: Errand) -> None:
        try:
            await self._handlers[errand.kind](errand.body)
        except Exception:
            log.exception("errand %s failed", errand.kind)
        finally:
            self._running.pop(errand.id, None)
        self._errands.remove(errand.id)
