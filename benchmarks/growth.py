"""Whether the shop gets slower as it grows: a balance query and a posting at several sizes, every size in a database of its own.

The cost of one is compared over sizes within a round, sizes in random order, and so is the slope of its logarithm against the
logarithm of the size: 0.05 means 12 % more for ten times as many. Two slopes each: along customers, with the same history, and
along history (entries of each customer), with as many customers. The ratio reported is speed at ten times the size to speed,
by the worst of the four.

``GRID=full make bench ONLY=growth`` goes to a million customers; ``GRID="10000x0 1000000x10"`` is a choice of one's own.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from app import database
from benchmarks import counters, crowd, history, place, rounds
from ledger import accounts, posting, proof
from members import sign_in

FLOOR = "the same at a tenth of the size"
SLOPE = 0.05
TARGET = float(10**-SLOPE)

_USUAL = "10000x0 10000x10 10000x100 100000x0 100000x10"
_FULL = f"{_USUAL} 100000x100 1000000x0 1000000x10"
_MOST_SECONDS = 1.0
_WARM_S = 0.3
_PER_PAGE = 20
"""Of so many accounts at most fit on a page; neighbours have neighbouring ids."""
_SET = 2000

OPERATIONS = ("balance", "post")
Costs = Mapping[tuple[str, "Size"], float]
"""Seconds for one of an operation at a size."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How large a shop is; ``entries`` each customer has had after the first."""

    customers: int
    entries: int

    @classmethod
    def of(cls, text: str) -> Size:
        customers, _, entries = text.partition("x")
        return cls(int(customers), int(entries))

    def __str__(self) -> str:
        return f"{self.customers}x{self.entries}"


def slope(costs: Mapping[Size, float], along: str) -> float | None:
    """How steeply log cost rises with the log of ``customers`` or ``entries`` where the other stays the same, by least squares;
    None where no two sizes differ in it alone."""
    groups: dict[int, list[tuple[float, float]]] = {}
    for size, cost in costs.items():
        x, other = (
            (size.customers, size.entries) if along == "customers" else (size.entries + 1, size.customers)
        )
        groups.setdefault(other, []).append((math.log10(x), math.log10(cost)))
    covariance = variance = 0.0
    for points in groups.values():
        x_mean, y_mean = (statistics.fmean(one[axis] for one in points) for axis in (0, 1))
        covariance += sum((x - x_mean) * (y - y_mean) for x, y in points)
        variance += sum((x - x_mean) ** 2 for x, _ in points)
    return covariance / variance if variance else None


def slopes(done: Sequence[Costs]) -> dict[str, rounds.Ratio]:
    """The median slopes of all rounds, with their intervals, by name."""
    found = {}
    for operation in OPERATIONS:
        for along in ("customers", "entries"):
            each = [
                slope({size: cost for (name, size), cost in costs.items() if name == operation}, along)
                for costs in done
            ]
            if known := [one for one in each if one is not None]:
                found[f"slope_{operation}_by_{along}"] = rounds.spread(known)
    return found


@contextlib.asynccontextmanager
async def sizes(where: place.Place) -> AsyncIterator[Growth]:
    """Databases of all sizes, filled."""
    await database.migrate(where.database_url)
    filled = []
    for text in (_FULL if (asked := os.environ.get("GRID", "")) == "full" else asked or _USUAL).split():
        shop = _Shop(Size.of(text), f"growth_{text}", where)
        await shop.fill()
        filled.append(shop)
    where.servers.postgres.ask("CHECKPOINT")
    for shop in filled:
        await shop.touch()
    yield Growth(filled)


@dataclass(slots=True)
class _Shop:
    """One size, in a database of its own, which is open only while it is asked."""

    size: Size
    name: str
    where: place.Place
    customers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.where.servers.postgres.url(self.name)

    async def fill(self) -> None:
        self.where.servers.postgres.create_database(self.name, template="yucun")
        async with database.opened(self.url, pool_max=2):
            self.customers = await history.write(customers=self.size.customers, entries=self.size.entries)

    async def touch(self) -> None:
        """Posts once for every page of accounts. The first change of a page after a checkpoint writes all of it to the log; a shop
        that has been busy for minutes has that behind it, a large one that was only just filled has not."""
        async with database.opened(self.url, pool_max=2):
            some = self.customers[::_PER_PAGE]
            for at in range(0, len(some), _SET):
                done = await posting.post([_charge(one) for one in some[at : at + _SET]])
                assert all(one.is_new for one in done)

    async def costs(self, seconds: float) -> dict[str, float]:
        """Seconds for one of each operation, many asking at once."""
        async with database.opened(self.url, pool_min=place.CONNECTIONS, pool_max=place.CONNECTIONS):
            found = {}
            for name, one in (("balance", self._balance), ("post", self._post)):
                await crowd.at_once(one, _WARM_S)
                found[name] = 1 / await crowd.at_once(one, seconds)
            return found

    async def counted(self) -> dict[str, float]:
        async with database.opened(self.url, pool_max=2):
            found: dict[str, float] = {}
            for name, one in (("balance", self._balance), ("post", self._post)):
                for _ in range(8):
                    await one()
                told = await counters.per_operation(self.url, one)
                found |= {f"{name}_{what}_{self.size}": told[what] for what in ("buffers", "rows_scanned")}
            return found

    async def prove(self) -> None:
        async with database.opened(self.url, pool_max=2):
            if violations := await proof.check():
                raise rounds.RunFailed(f"{self.size}: the books do not balance: {violations}")

    async def _balance(self, _number: int = 0) -> None:
        found = await sign_in.admitted(random.choice(self.customers))
        assert found.balance is not None

    async def _post(self, _number: int = 0) -> None:
        await posting.post_one(_charge(random.choice(self.customers)))


def _charge(customer_id: int) -> posting.Transfer:
    code = accounts.of_customer(customer_id)
    leg = posting.debit(code, accounts.REVENUE, 1)
    return posting.Transfer(f"benchmark:{uuid.uuid4().hex}", "benchmark", (leg,), operator=code)


@dataclass(frozen=True, slots=True)
class Growth:
    """The benchmark, ready to run."""

    shops: Sequence[_Shop]

    async def measured(self, *, rounds_: int, seconds: float, order: random.Random) -> rounds.Measured:
        """Rounds over all sizes; the smallest shop has two turns in each, for the control.

        Raises:
            RunFailed: something could not be done, or the books do not balance.
        """
        seconds = min(seconds, _MOST_SECONDS)
        first, last = min(self.shops, key=_size), max(self.shops, key=_size)
        ends_at = time.monotonic() + rounds.AT_MOST_S
        done: list[Costs] = []
        turns: list[rounds.Round] = []
        while len(done) < rounds_ and (len(done) < rounds.ENOUGH or time.monotonic() < ends_at):
            shops = [*self.shops, first]
            order.shuffle(shops)
            told = [(shop.size, await shop.costs(seconds)) for shop in shops]
            costs = {(name, size): cost for size, found in told for name, cost in found.items()}
            done.append(costs)
            again = next(found for size, found in told if size == first.size)["post"]
            turns.append(rounds.Round(1 / costs["post", first.size], 1 / costs["post", last.size], 1 / again))
        return await self._said(done, turns)

    async def _said(self, done: list[Costs], turns: list[rounds.Round]) -> rounds.Measured:
        steep = slopes(done)
        if not steep:
            raise rounds.RunFailed("a grid needs two sizes that differ in one thing")
        counted: dict[str, float] = {}
        for name, one in steep.items():
            counted |= {name: one.middle, f"{name}_low": one.low, f"{name}_high": one.high}
        for name, size in sorted(done[0]):
            counted[f"{name}_us_{size}"] = 1e6 * statistics.median(costs[name, size] for costs in done)
        for shop in self.shops:
            counted |= await shop.counted()
            await shop.prove()
        worst = max(steep.values(), key=lambda one: one.middle)
        return rounds.Measured(
            tuple(turns),
            rounds.Ratio(10**-worst.middle, 10**-worst.high, 10**-worst.low),
            rounds.ratio([(one.control, one.floor) for one in turns]),
            {name: round(value, 4) for name, value in counted.items()},
        )


def _size(shop: _Shop) -> Size:
    return shop.size
