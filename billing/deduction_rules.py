"""Rules for abnormal deductions 异常扣款: what is unusual, as operators define it, and which are in force.

Rules in force are read at most every ``KNOWN_S`` seconds by each process, so a change is felt everywhere within that time (in
the process that made it at once), and a shop without rules pays for no statement.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from core import clock, db, errors, money

Action = Literal["alert", "hold"]
Kind = Literal["size", "frequency", "hour", "deviation"]
KNOWN_S = 3.0
MOST_DEDUCTIONS = 100
"""So many of a customer's latest deductions a rule may ask about."""


class NoSuchRule(errors.NotFound):
    """There is no rule of this id."""

    code = "no_such_deduction_rule"


class RuleInvalid(errors.Invalid):
    """The rule's parameters are missing, contradict each other or are out of range."""

    code = "deduction_rule_invalid"


@dataclass(frozen=True, slots=True)
class Deduction:
    """An amount that was, or is to be, taken from a customer."""

    amount_fen: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A deduction that is to be judged: what the customer had before it, and their latest deductions, latest first."""

    amount_fen: int
    balance_fen: int
    at: datetime
    before: Sequence[Deduction]


Facts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Size:
    """An amount from ``at_least_fen`` on, or from ``share_percent`` of what the customer has."""

    at_least_fen: int | None = None
    share_percent: int | None = None

    def __post_init__(self) -> None:
        _check(self.at_least_fen is not None or self.share_percent is not None)
        _check(self.at_least_fen is None or 0 < self.at_least_fen <= money.MAX_FEN)
        _check(self.share_percent is None or 0 < self.share_percent <= 100)

    def meets(self, seen: Seen) -> Facts | None:
        large = self.at_least_fen is not None and seen.amount_fen >= self.at_least_fen
        share = self.share_percent is not None and (
            100 * seen.amount_fen >= self.share_percent * seen.balance_fen
        )
        return {"amount_fen": seen.amount_fen, "balance_fen": seen.balance_fen} if large or share else None


@dataclass(frozen=True, slots=True)
class Frequency:
    """More than ``more_than`` deductions within ``minutes``, this one included."""

    more_than: int
    minutes: int

    def __post_init__(self) -> None:
        _check(0 < self.more_than <= MOST_DEDUCTIONS and 0 < self.minutes <= 7 * 1440)

    def meets(self, seen: Seen) -> Facts | None:
        begins_at = seen.at - timedelta(minutes=self.minutes)
        count = 1 + sum(one.at > begins_at for one in seen.before)
        return {"count": count, "minutes": self.minutes} if count > self.more_than else None


@dataclass(frozen=True, slots=True)
class Hour:
    """Between two hours of the shop's day; ``from_hour`` 22 and ``to_hour`` 6 is the night."""

    from_hour: int
    to_hour: int

    def __post_init__(self) -> None:
        _check(0 <= self.from_hour <= 23 and 0 <= self.to_hour <= 24 and self.from_hour != self.to_hour % 24)

    def meets(self, seen: Seen) -> Facts | None:
        hour = seen.at.astimezone(clock.zone()).hour
        over_night = self.from_hour > self.to_hour
        within = (
            (hour >= self.from_hour or hour < self.to_hour)
            if over_night
            else (self.from_hour <= hour < self.to_hour)
        )
        return {"hour": hour, "from_hour": self.from_hour, "to_hour": self.to_hour} if within else None


@dataclass(frozen=True, slots=True)
class Deviation:
    """More than ``percent`` of the median of the customer's own last ``last`` deductions, once there are ``least`` of them."""

    percent: int
    last: int
    least: int

    def __post_init__(self) -> None:
        _check(100 <= self.percent <= 100_000 and 0 < self.least <= self.last <= MOST_DEDUCTIONS)

    def meets(self, seen: Seen) -> Facts | None:
        own = sorted(one.amount_fen for one in seen.before[: self.last])
        if len(own) < self.least:
            return None
        half = len(own) // 2
        twice_fen = 2 * own[half] if len(own) % 2 else own[half - 1] + own[half]
        if 200 * seen.amount_fen <= self.percent * twice_fen:
            return None
        return {"amount_fen": seen.amount_fen, "median_fen": twice_fen // 2, "count": len(own)}


Test = Size | Frequency | Hour | Deviation
_TESTS: Mapping[str, type[Test]] = {
    "size": Size,
    "frequency": Frequency,
    "hour": Hour,
    "deviation": Deviation,
}


def _check(well: bool) -> None:
    if not well:
        raise RuleInvalid


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: deductions that meet ``test`` are told to the shop's people, and with ``hold`` wait for their decision."""

    id: int
    name: str
    kind: Kind
    params: Mapping[str, Any]
    action: Action
    tells_customer: bool
    active: bool
    created_at: datetime

    @property
    def test(self) -> Test:
        return _test(self.kind, self.params)


def _test(kind: str, params: Mapping[str, Any]) -> Test:
    try:
        return _TESTS[kind](**params)
    except (TypeError, KeyError):
        raise RuleInvalid from None


_known: tuple[float, tuple[Rule, ...]] | None = None
_reading: dict[bool, asyncio.Future[None]] = {}
"""The reads under way: those that wait for a connection of the pool, and those of a transaction, which has one."""
_COLUMNS = "id, name, kind, params::text AS params, action, tells_customer, active, created_at"
_ACTIVE = f"SELECT {_COLUMNS} FROM deduction_rule WHERE active ORDER BY id"


async def in_force() -> tuple[Rule, ...]:
    """The active rules, as this process last read them. Those who find that too old read together, by one statement."""
    if (rules := _fresh()) is not None:
        return rules
    inside = db.pool() is None
    under_way = _reading.get(inside)
    if under_way is not None and under_way.get_loop() is asyncio.get_running_loop():
        await asyncio.wait([under_way])
        if (rules := _fresh()) is not None:
            return rules  # else that read failed, was given up, or is outdated already
    return await _read(inside)


def _fresh() -> tuple[Rule, ...] | None:
    return _known[1] if _known is not None and time.monotonic() - _known[0] <= KNOWN_S else None


async def _read(inside: bool) -> tuple[Rule, ...]:
    """Who is inside a transaction never waits for one who is outside: that one may be waiting for a connection that only
    transactions like ours can give back."""
    global _known
    asked_at = time.monotonic()
    read = _reading[inside] = asyncio.get_running_loop().create_future()
    try:
        rules = tuple(_of_row(row) for row in await db.fetch(_ACTIVE))
        if _reading.get(inside) is read:
            _known = (asked_at, rules)
        return rules
    finally:
        if _reading.get(inside) is read:
            del _reading[inside]
        read.set_result(None)


def forget() -> None:
    """The next question reads the rules anew; what is being read now answers only those who asked already."""
    global _known
    _known = None
    _reading.clear()


_ADD = f"""
INSERT INTO deduction_rule (name, kind, params, action, tells_customer, active, created_at)
VALUES ($1, $2, $3::jsonb, $4, $5, true, $6) RETURNING {_COLUMNS}
"""


async def add(
    *, name: str, kind: Kind, params: Mapping[str, Any], action: Action, tells_customer: bool
) -> Rule:
    """A new rule, in force from now on.

    Raises:
        RuleInvalid: the parameters do not fit the kind.
    """
    kept = json.dumps(asdict(_test(kind, params)))
    row = await db.fetchrow(_ADD, name, kind, kept, action, tells_customer, clock.now())
    assert row is not None
    forget()
    return _of_row(row)


_CHANGE = f"""
UPDATE deduction_rule SET name = coalesce($2, name), params = coalesce($3::jsonb, params), action = coalesce($4, action),
    tells_customer = coalesce($5, tells_customer), active = coalesce($6, active)
WHERE id = $1 RETURNING {_COLUMNS}
"""


async def change(
    rule_id: int,
    *,
    name: str | None = None,
    kind: Kind | None = None,
    params: Mapping[str, Any] | None = None,
    action: Action | None = None,
    tells_customer: bool | None = None,
    active: bool | None = None,
) -> Rule:
    """Changes what is given; what waits for a decision already is not touched by it. A rule's kind stays.

    Raises:
        NoSuchRule.
        RuleInvalid: the parameters do not fit, or are of another kind.
    """
    kept = None
    if params is not None:
        old = await get(rule_id)
        _check(kind in (None, old.kind))
        kept = json.dumps(asdict(_test(old.kind, params)))
    row = await db.fetchrow(_CHANGE, rule_id, name, kept, action, tells_customer, active)
    if row is None:
        raise NoSuchRule(rule_id=rule_id)
    forget()
    return _of_row(row)


_GET = f"SELECT {_COLUMNS} FROM deduction_rule WHERE id = $1"


async def get(rule_id: int) -> Rule:
    """One rule.

    Raises:
        NoSuchRule: there is none of this id.
    """
    row = await db.fetchrow(_GET, rule_id)
    if row is None:
        raise NoSuchRule(rule_id=rule_id)
    return _of_row(row)


_PAGE = f"SELECT {_COLUMNS} FROM deduction_rule WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Rule]:
    """All rules, newest first, those not in force too."""
    return [_of_row(row) for row in await db.fetch(_PAGE, before if before is not None else 2**62, limit)]


def _of_row(row: Mapping[str, Any]) -> Rule:
    return Rule(**{**dict(row), "params": json.loads(row["params"])})
