"""The console's lists in a small shop and in a large one: the first page of every list, with pages of customers among them.

Each size has a database of its own, filled by set-based SQL: customers and what happened on their accounts (``history``), a bill, an order,
a payment and a message each. A round asks every list in each size, the sizes in random order, over HTTP with the session of an owner. The ratio
reported is small ÷ large of the list that suffers most: 0.2 is five times as long.

``LISTS_SIZES="10000x10 1000000x10" make bench ONLY=console-lists``.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from admin_api import routes
from app import config, database, doors, runtime
from benchmarks import history, place, rounds
from benchmarks.growth import Size
from console.places import Places
from core import clock, db
from ledger import proof
from members import operators
from reports import liability

FLOOR = "the same list of a hundredth as large a shop"
TARGET = 0.2
_USUAL = "10000x10 1000000x10"
_LOGIN, _PASSWORD = "bench", "tea-house-for-two"
_ASKED = 5
"""So often a list is asked for in a round; the median counts."""
_AGO = timedelta(days=1)
"""When it all happened."""
_CUSTOMERS_OWN = ("changes", "statement?from_on={month}&to_on={today}", "bills", "lots")

_BILLS = """
INSERT INTO bill (bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode, automatic, due_at, created_at, paid_at)
SELECT 'B' || id, id, '学费', 'order:S' || id, 1000, CASE WHEN id % 10 = 0 THEN 0 ELSE 1000 END, 0,
       CASE WHEN id % 10 = 0 THEN 'open' ELSE 'paid' END, 'full', false, $1, $1, CASE WHEN id % 10 = 0 THEN NULL::timestamptz ELSE $1 END
FROM customer
"""
_ORDERS = """
INSERT INTO shop_order (order_no, customer_id, state, store_id, goods_fen, discount_fen, freight_fen, total_fen, tax_fen, remark, bill_no,
                        placed_at, expires_at, paid_at, completed_at)
SELECT 'S' || id, id, 'completed', 0, 1000, 0, 0, 1000, 0, '', 'B' || id, $1, $1, $1, $1 FROM customer
"""
_PAYMENTS = """
INSERT INTO payment (payment_no, purpose, purpose_no, channel, method, amount_fen, currency, app_id, merchant_id, state, channel_trade_no,
                     created_at, expires_at, asks, paid_at, ended_at, customer_id)
SELECT 'P' || id, 'top_up', 'T' || id, 'wechat_pay', 'jsapi', 1000, 'CNY', 'wx-bench', '1900000001', 'paid', 'bench-' || id,
       made.at, made.at, 0, made.at, made.at, id
FROM customer, LATERAL (SELECT $1::timestamptz - id % 1000 * interval '1 day' AS at) made
"""
_MESSAGES = """
INSERT INTO outbox_message (customer_id, kind, dedup_key, params, state, channel, attempts, created_at, ended_at)
SELECT id, 'low_balance', 'bench:' || id, '{}', 'sent', 'inbox', 1, $1, $1 FROM customer
"""

Costs = Mapping[tuple[str, Size], float]


@dataclass(slots=True)
class _Shop:
    """One size, in a database of its own."""

    size: Size
    where: place.Place
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.where.servers.postgres.url(f"lists_{self.size}")

    @property
    def settings(self) -> config.Config:
        shop = self.where.settings
        own = shop.database.model_copy(update={"url": SecretStr(self.url)})
        busy = shop.limits.model_copy(
            update={"requests_per_minute_per_caller": 100_000, "requests_per_minute_per_address": 100_000}
        )
        return shop.model_copy(update={"database": own, "limits": busy})

    async def fill(self) -> None:
        self.where.servers.postgres.create_database(f"lists_{self.size}", template="yucun")
        async with database.opened(self.url, pool_max=2):
            clock.set_offset(-_AGO)
            customers = await history.write(customers=self.size.customers, entries=self.size.entries)
            async with db.transaction():
                await db.execute("SET LOCAL synchronous_commit = off")
                for statement in (_BILLS, _ORDERS, _PAYMENTS, _MESSAGES):
                    await db.execute(statement, clock.now())
            clock.set_offset(timedelta())
            await liability.mark()  # as the clock does each hour
            await operators.create(login=_LOGIN, name="老板", password=_PASSWORD)
            await db.execute("VACUUM ANALYZE")
        self.paths = _paths(customers[len(customers) // 2])

    async def costs(self) -> dict[str, float]:
        """Seconds for the first page of each list."""
        async with (
            runtime.opened(self.settings, pool_max=4) as opened,
            TestServer(doors.assemble(opened)) as server,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
        ):
            if opened.redis is not None:
                await opened.redis.flushdb()  # no turn has used up another's shares of a rate limit
            base = str(server.make_url("/console"))
            async with session.post(
                f"{base}/sign-in", data={"login": _LOGIN, "password": _PASSWORD}
            ) as answer:
                _expect(answer, "sign-in")
            return {path: await _asked(session, base, path) for path in self.paths}

    async def prove(self) -> None:
        async with database.opened(self.url, pool_max=2):
            if violations := [one for one in await proof.check() if one.invariant in ("I1", "I2", "I3")]:
                raise rounds.RunFailed(f"{self.size}: the books do not balance: {violations}")


def _paths(customer_id: int) -> list[str]:
    today = clock.today()
    own = [
        f"/customers/{customer_id}/{one.format(month=today.replace(day=1), today=today)}"
        for one in _CUSTOMERS_OWN
    ]
    lists = [
        one.address({}).removeprefix("/console")
        for one in Places(routes.API.routes).shown
        if one.is_list and not one.slots
    ]
    return ["/", f"/customers/{customer_id}", "/customers?query=顾客5000", *lists, *own]


async def _asked(session: aiohttp.ClientSession, base: str, path: str) -> float:
    each = []
    for _ in range(_ASKED + 1):
        began = time.perf_counter()
        async with session.get(base + path) as answer:
            await answer.read()
            _expect(answer, path)
        each.append(time.perf_counter() - began)
    return statistics.median(each[1:])


def _expect(answer: aiohttp.ClientResponse, path: str) -> None:
    if answer.status not in (200, 422) or answer.url.path == "/console/sign-in":
        raise rounds.RunFailed(f"{path} was answered with {answer.status} at {answer.url}")


@contextlib.asynccontextmanager
async def sizes(where: place.Place) -> AsyncIterator[Lists]:
    """Databases of both sizes, filled."""
    await database.migrate(where.database_url)
    shops = []
    for text in os.environ.get("LISTS_SIZES", _USUAL).split():
        shop = _Shop(Size.of(text), where)
        await shop.fill()
        shops.append(shop)
    where.servers.postgres.ask("CHECKPOINT")
    yield Lists(shops)


@dataclass(frozen=True, slots=True)
class Lists:
    """The benchmark, ready to run."""

    shops: Sequence[_Shop]

    async def measured(self, *, rounds_: int, seconds: float, order: random.Random) -> rounds.Measured:
        """Rounds over both sizes; the small one has two turns in each, for the control.

        Raises:
            RunFailed: a page was not answered.
        """
        small, large = min(self.shops, key=_size), max(self.shops, key=_size)
        ends_at = time.monotonic() + rounds.AT_MOST_S
        done: list[tuple[dict[str, float], dict[str, float], dict[str, float]]] = []
        while len(done) < rounds_ and (len(done) < rounds.ENOUGH or time.monotonic() < ends_at):
            turns = [(0, small), (1, large), (2, small)]
            order.shuffle(turns)
            told = {number: await shop.costs() for number, shop in turns}
            done.append((told[0], told[1], told[2]))
        for shop in self.shops:
            await shop.prove()
        return _said(done)


def _said(done: Sequence[tuple[dict[str, float], dict[str, float], dict[str, float]]]) -> rounds.Measured:
    by_list = {
        path: rounds.ratio([(first[path], large[_alike(path, large)]) for first, large, _ in done])
        for path in done[0][0]
    }
    worst = min(by_list, key=lambda path: by_list[path].middle)
    turns = tuple(
        rounds.Round(1 / first[worst], 1 / large[_alike(worst, large)], 1 / again[worst])
        for first, large, again in done
    )
    counted = {
        f"large_ms{path}": round(
            1e3 * statistics.median(large[_alike(path, large)] for _, large, _ in done), 2
        )
        for path in sorted(by_list, key=lambda path: by_list[path].middle)[:8]
    }
    return rounds.Measured(
        turns, by_list[worst], rounds.ratio([(one.control, one.floor) for one in turns]), counted
    )


def _alike(path: str, costs: Mapping[str, float]) -> str:
    """The same list in the other shop, where the customer in its path is another."""
    if path in costs:
        return path
    end = path.split("/", 3)[3:]
    return next(one for one in costs if one.startswith("/customers/") and one.split("/", 3)[3:] == end)


def _size(shop: _Shop) -> Size:
    return shop.size
