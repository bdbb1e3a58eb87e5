"""The floor of everything that pays: pgbench, with as many connections, running one statement that does no more than it must."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import place
from benchmarks.rounds import RunFailed, Segment
from core import db

NAME = "pgbench: one guarded debit with idempotency row and two entries"
CUSTOMERS = 2000

_TABLES = """
CREATE SCHEMA floor;
CREATE TABLE floor.account (id int PRIMARY KEY, balance_fen bigint NOT NULL CHECK (balance_fen >= 0));
CREATE TABLE floor.transfer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, reference text UNIQUE NOT NULL);
CREATE TABLE floor.entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transfer_id bigint NOT NULL, account_id int NOT NULL,
    amount_fen bigint NOT NULL, after_fen bigint
);
INSERT INTO floor.account SELECT n, 50000000 FROM generate_series(1, 2000) n;
"""
_SCRIPT = f"""
\\set customer random(1, {CUSTOMERS})
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
async def pgbench(where: place.Place) -> AsyncIterator[Segment]:
    """The floor, ready to run: payments per second of pgbench."""
    for statement in filter(str.strip, _TABLES.split(";")):
        await db.execute(statement)
    script = where.home / "floor.sql"
    script.write_text(_SCRIPT)
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
