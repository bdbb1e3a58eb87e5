"""When those who wait for something together set off.

A quiet place lets everybody go at once. A busy one waits a moment for those it has just served to come back: they do so one after
the other, and the first of them would otherwise go alone, with all others behind it. While a group is under way the next one waits
for it to be back, for enough of them, or for so long: whatever holds up a group holds nobody else up for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LINGER_S = 0.002
"""So long a group waits for those that were just served."""
_BUSY = 4
"""Fewer are not waited for."""


class Gathering:
    """Groups of one event loop."""

    def __init__(
        self, leave: Callable[[], object], *, enough: int, patience_s: float, linger_s: float = LINGER_S
    ) -> None:
        """``leave`` sets off with those who wait. ``enough`` do not wait for a group under way, nor anybody for longer than
        ``patience_s``. ``linger_s``: so long a busy place waits for those it has just served."""
        self._leave, self._enough = leave, enough
        self._patience_s, self._linger_s = patience_s, linger_s
        self._expected = 1
        self._under_way = 0
        self._departure: asyncio.Handle | None = None
        self._is_soon = False

    def come(self, waiting: int) -> None:
        """Somebody has come; so many wait now. All who come in this turn of the loop go along."""
        soon = waiting >= (self._enough if self._under_way else self._expected)
        if self._departure is not None:
            if self._is_soon or not soon:
                return
            self._departure.cancel()
        loop = asyncio.get_running_loop()
        delay_s = self._patience_s if self._under_way else self._linger_s
        self._departure = loop.call_soon(self._go) if soon else loop.call_later(delay_s, self._go)
        self._is_soon = soon

    def left(self) -> None:
        """A group has set off."""
        self._under_way += 1

    def back(self, count: int, *, waiting: int) -> None:
        """A group of so many is back, and so many have come meanwhile."""
        self._under_way -= 1
        self._expected = count + waiting if count + waiting >= _BUSY else 1
        if self._departure is not None and not self._is_soon:
            self._departure.cancel()
            self._departure = None
        if waiting:
            self.come(waiting)

    def _go(self) -> None:
        self._departure = None
        self._leave()
