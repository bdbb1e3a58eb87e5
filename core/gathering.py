"""When those who wait for something together set off.

A quiet place lets everybody go at once. A busy one waits a moment for those it has just served to come back: they do so one after
the other, and the first of them would otherwise go alone, with all others behind it. While a group is under way the next one waits
for it to be back, for enough of them, or for so long: whatever holds up a group holds nobody else up for long.

How many are enough beside a group under way depends on what those who were served do until they come back. Where that takes them about
as long as a group is away, this process and whoever serves the groups can each be busy with one half: the next group leaves when the
last is back, at once. Where they are back immediately there is nothing else to do here, and a second group leaves beside the first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

LINGER_S = 0.002
"""So long a group waits for those that were just served."""
_BUSY = 4
"""Fewer are not waited for."""
_WORTHWHILE = 10
"""So many leave at once when nobody is under way any more, where halves take turns."""
_IN_TURNS = 2
"""So many times as many are enough there."""


class Gathering:
    """Groups of one event loop."""

    def __init__(
        self,
        leave: Callable[[], object],
        *,
        enough: int,
        patience_s: float,
        linger_s: float = LINGER_S,
        may_take_turns: bool = False,
    ) -> None:
        """``leave`` sets off with those who wait. ``enough`` do not wait for a group under way, nor anybody for longer than
        ``patience_s``. ``linger_s``: so long a busy place waits for those it has just served. ``may_take_turns``: halves do, where it pays."""
        self._leave, self._enough = leave, enough
        self._patience_s, self._linger_s = patience_s, linger_s
        self._expected = 1
        self._left_at: list[float] = []
        self._departure: asyncio.Handle | None = None
        self._is_soon = False
        self._turns = _Turns() if may_take_turns else None

    @property
    def enough(self) -> int:
        """So many do not wait for a group under way."""
        return self._enough * _IN_TURNS if self._in_turns else self._enough

    def came(self) -> None:
        """Somebody has come."""
        if self._turns is not None:
            self._turns.one_came()

    def prepare(self, waiting: int) -> None:
        """So many wait. All who come in this turn of the loop go along."""
        soon = waiting >= (self.enough if self._left_at else self._expected)
        if self._departure is not None:
            if self._is_soon or not soon:
                return
            self._departure.cancel()
        loop = asyncio.get_running_loop()
        delay_s = self._patience_s if self._left_at else self._linger_s
        self._departure = loop.call_soon(self._go) if soon else loop.call_later(delay_s, self._go)
        self._is_soon = soon

    def left(self) -> float:
        """A group has set off. Returns when, for ``back``."""
        now = time.monotonic()
        self._left_at.append(now)
        return now

    def back(self, count: int, left_at: float, *, waiting: int) -> None:
        """The group of so many that set off then is back, and so many have come meanwhile."""
        self._left_at.remove(left_at)
        self._expected = count + waiting if count + waiting >= _BUSY else 1
        if self._turns is not None:
            self._turns.group_back(count, time.monotonic() - left_at)
            self._expected = min(self._expected, self._enough)
        if self._departure is not None and not self._is_soon:
            self._departure.cancel()
            self._departure = None
        if self._in_turns and not self._left_at and self._departure is None and waiting >= _WORTHWHILE:
            self._leave()
        elif waiting:
            self.prepare(waiting)

    @property
    def _in_turns(self) -> bool:
        """No turn is taken with a group that is held up."""
        if self._turns is None or not self._turns.pay:
            return False
        return not self._left_at or time.monotonic() - self._left_at[0] <= self._patience_s

    def _go(self) -> None:
        self._departure = None
        self._leave()


class _Turns:
    """Whether it pays that halves take turns: those who were served were away no less than half as long as groups are."""

    def __init__(self) -> None:
        self.pay = False
        self._owed = 0
        self._served_at = self._away_s = 0.0

    def group_back(self, count: int, away_s: float) -> None:
        self._away_s = away_s
        if self._owed <= 0 and count >= _BUSY:
            self._owed, self._served_at = count, time.monotonic()

    def one_came(self) -> None:
        self._owed -= 1
        if self._owed == 0:
            self.pay = 2 * (time.monotonic() - self._served_at) >= self._away_s
