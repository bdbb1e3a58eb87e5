"""Desk and books without HTTP: one process, 32 tasks, against pgbench with as many connections. Groundwork for the next step."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import counters, place, seeds
from benchmarks.rounds import Contest, RunFailed
from core import db
from ledger import accounts, posting
from shop import orders

FLOOR = "pgbench: one guarded debit with idempotency row and two entries"
_CUSTOMERS = 2000

_FLOOR_TABLES = """
CREATE SCHEMA floor;
CREATE TABLE floor.account (id int PRIMARY KEY, balance_fen bigint NOT NULL CHECK (balance_fen >= 0));
CREATE TABLE floor.transfer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, reference text UNIQUE NOT NULL);
CREATE TABLE floor.entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transfer_id bigint NOT NULL, account_id int NOT NULL,
    amount_fen bigint NOT NULL, after_fen bigint
);
INSERT INTO floor.account SELECT n, 50000000 FROM generate_series(1, 2000) n;
"""
_FLOOR_SCRIPT = f"""
\\set customer random(1, {_CUSTOMERS})
WITH made AS (
    INSERT INTO floor.transfer (reference) VALUES (gen_random_uuid()::text) ON CONFLICT (reference) DO NOTHING RETURNING id
), debited AS (
    UPDATE floor.account a SET balance_fen = a.balance_fen - 100 FROM made
    WHERE a.id = :customer AND a.balance_fen >= 100 RETURNING a.id, a.balance_fen, made.id AS transfer_id
)
INSERT INTO floor.entry (transfer_id, account_id, amount_fen, after_fen)
SELECT transfer_id, id, -100, balance_fen FROM debited UNION ALL SELECT transfer_id, 0, 100, NULL FROM debited;
"""


@contextlib.asynccontextmanager
async def pay(where: place.Place) -> AsyncIterator[Contest]:
    """``shop.orders.pay``: the order, its bill, the books, the receipt."""
    async with place.opened(where):
        customers = await _customers()
        shelf = await seeds.Shelf.stocked()
        waiting: list[seeds.Placed] = []
        most = 1000

        async def before_round() -> None:
            waiting[:] = await shelf.orders(customers, int(most * 1.5))

        async def one(order: seeds.Placed) -> None:
            await orders.pay(order.customer_id, order.order_no, key=uuid.uuid4().hex)

        async def subject(seconds: float) -> float:
            nonlocal most
            left = len(waiting)
            per_s = await _all_at_once(lambda: one(waiting.pop()) if waiting else None, seconds)
            most = max(most, left - len(waiting))
            return per_s

        async def counted() -> dict[str, float]:
            placed = await shelf.orders(customers[:1], counters.TIMES + 1)
            await one(placed.pop())
            return await counters.per_operation(where.database_url, lambda number: one(placed[number]))

        async with _pgbench(where) as floor:
            yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)


@contextlib.asynccontextmanager
async def post_one(where: place.Place) -> AsyncIterator[Contest]:
    """``ledger.posting.post_one`` alone: what a payment costs in the books."""
    async with place.opened(where):
        customers = await _customers()
        done = 0

        async def one(_number: int = 0) -> None:
            nonlocal done
            done += 1
            code = accounts.of_customer(customers[done % len(customers)])
            leg = posting.debit(code, accounts.REVENUE, seeds.PRICE_FEN)
            await posting.post_one(
                posting.Transfer(f"benchmark:{uuid.uuid4().hex}", "benchmark", (leg,), operator=code)
            )

        async def subject(seconds: float) -> float:
            return await _all_at_once(one, seconds)

        async def counted() -> dict[str, float]:
            return await counters.per_operation(where.database_url, one)

        async def before_round() -> None:
            """Nothing is used up but money, of which there is plenty."""

        async with _pgbench(where) as floor:
            yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)


async def _customers() -> list[int]:
    made = await seeds.customers(_CUSTOMERS)
    await seeds.fund(made, principal_fen=50_000_000, bonus_fen=5_000_000)
    return made


async def _all_at_once(one: Callable[[], Awaitable[None] | None], seconds: float) -> float:
    """So many tasks do ``one`` over and over, until the time or the work is used up; how many per second."""
    began = last = time.perf_counter()
    done = 0

    async def task() -> None:
        nonlocal done, last
        while time.perf_counter() < began + seconds and (work := one()) is not None:
            await work
            if (now := time.perf_counter()) <= began + seconds:
                done, last = done + 1, now

    await asyncio.gather(*(task() for _ in range(place.CONNECTIONS)))
    return done / (last - began) if done else 0.0


@contextlib.asynccontextmanager
async def _pgbench(where: place.Place) -> AsyncIterator[Callable[[float], Awaitable[float]]]:
    for statement in filter(str.strip, _FLOOR_TABLES.split(";")):
        await db.execute(statement)
    script = where.home / "floor.sql"
    script.write_text(_FLOOR_SCRIPT)
    script.chmod(0o644)

    async def floor(seconds: float) -> float:
        return await _run_pgbench(where, script, max(1, round(seconds)))

    yield floor


async def _run_pgbench(where: place.Place, script: Path, seconds: int) -> float:
    server = where.servers.postgres
    user, name = urlsplit(where.database_url).username, urlsplit(where.database_url).path.lstrip("/")
    process = await asyncio.create_subprocess_exec(
        *(server.programs / "pgbench", "--no-vacuum", "--protocol=prepared", f"--time={seconds}"),
        *(f"--client={place.CONNECTIONS}", "--jobs=1", f"--file={script}"),
        *("-h", "127.0.0.1", "-p", str(server.port), "-U", str(user), name),
        env={**os.environ, "PGPASSWORD": server.password},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    found = re.search(r"^tps = ([0-9.]+)", said.decode(), re.MULTILINE)
    if process.returncode or found is None:
        raise RunFailed(f"pgbench: {complaints.decode()[-500:]}")
    return float(found[1])
