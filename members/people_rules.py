"""Rules of answering in person: when people are there, and how long a chat stays theirs. Every process is given them once, from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from core import clock

DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's choices. ``config.example.toml`` explains each under ``[people]``."""

    opens: time | None = None
    closes: time | None = None
    """Between these, in the shop's zone, people answer; over midnight where the first is later. None: always."""
    days: frozenset[int] = frozenset(range(1, DAYS_OF_WEEK + 1))
    """Days of the week on which they do, Monday is 1."""
    give_back_minutes: int = 30
    """So long what a customer wrote may stay unanswered while people are there, before the bot has the chat again."""
    idle_minutes: int = 120
    """So long nobody writes after an answer."""
    rating_hours: int = 24
    """So long a bare number from 1 to 5 says how content the customer was."""

    def are_there(self, at: datetime) -> bool:
        """Whether people answer at this moment."""
        local = at.astimezone(clock.zone())
        if self.opens is None or self.closes is None or self.opens == self.closes:
            return local.isoweekday() in self.days
        now = local.time()
        if self.opens < self.closes:
            return self.opens <= now < self.closes and local.isoweekday() in self.days
        if now < self.closes:  # the night that began yesterday
            return (local - timedelta(days=1)).isoweekday() in self.days
        return now >= self.opens and local.isoweekday() in self.days

    def there_next(self, at: datetime) -> datetime:
        """This moment, or when people will next be there."""
        if self.are_there(at):
            return at
        local = at.astimezone(clock.zone())
        opens = self.opens if self.opens is not None and self.opens != self.closes else time(0)
        for ahead in range(DAYS_OF_WEEK + 1):
            day = local.date() + timedelta(days=ahead)
            start = datetime.combine(day, opens, tzinfo=clock.zone())
            if start > at and day.isoweekday() in self.days:
                return start
        return at  # no day of the week: nobody ever comes

    def answer_by(self, written_at: datetime) -> datetime:
        """Until when what was written then is to be answered."""
        return self.there_next(written_at) + timedelta(minutes=self.give_back_minutes)


_DEFAULT = Rules()
_current = _DEFAULT


def current() -> Rules:
    """The rules in force in this process."""
    return _current


def use(chosen: Rules = _DEFAULT) -> None:
    """From now on these rules are in force; without an argument people are always there."""
    global _current
    _current = chosen
