"""The shop of a campaign: PostgreSQL and Redis of its own, the sandbox in this process, server processes and a worker beside it, which
are killed and started again, and a database that crashes and recovers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from app import config, database, demo_settings
from app.local_servers import children
from members import operators
from sandbox.app import Sandbox, Settings
from sandbox.phone.sheets import PaySheets
from shop import products

PASSWORD = "long enough to be a password"
_LOOK_EVERY_S = 0.2
_BLOWS = ("server", "server", "worker", "worker", "database")
PRICE_FEN = 1_000


@dataclass(frozen=True)
class Place:
    """Where a campaign runs: an empty, migrated database, Redis, and the PostgreSQL that may be crashed; None: somebody else's."""

    database_url: str
    redis_url: str
    postgres: object


class Shop:
    """Everything that runs. ``faults`` counts what was done to it."""

    def __init__(self, home, place, sandbox, port, processes):
        self.home, self.place, self.sandbox, self.port = home, place, sandbox, port
        self.url = f"http://127.0.0.1:{port}"
        self.sheets = PaySheets(
            sandbox.world, sandbox.wechat_pay.cashier, sandbox.wechat_pay.transfers, sandbox.alipay.cashier
        )
        self.faults = Counter()
        self.between_blows_s = (4.0, 12.0)
        self._names = [f"server-{number}" for number in range(processes)] + ["worker"]
        self._running = {}
        self._stopping = False

    @property
    def database_url(self):
        return self.place.database_url

    def start_processes(self):
        for name in self._names:
            self._running[name] = self._spawn(name)

    def _spawn(self, name):
        command = ["worker"] if name == "worker" else ["serve-one", "--port", str(self.port)]
        return children.spawn(
            [sys.executable, "-m", "app", "--config", self.home / "config.toml", *command],
            log=self.home / f"{name}.log",
        )

    async def keep_running(self):
        """Starts again what died: killed, or unable to start because the database was recovering."""
        while not self._stopping:
            for name, process in self._running.items():
                if process.poll() is not None:
                    self._running[name] = self._spawn(name)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def strike(self, rng):
        """Kills processes and crashes the database, from time to time, as the seed says."""
        while True:
            await asyncio.sleep(rng.uniform(*self.between_blows_s))
            await self.blow(rng.choice(_BLOWS), rng)

    async def blow(self, what, rng):
        if what == "database" and self.place.postgres is None:
            return
        if what == "database":
            await asyncio.to_thread(self._crash_database)
        else:
            name = rng.choice([name for name in self._names if name.startswith(what)])
            with contextlib.suppress(ProcessLookupError):
                self._running[name].send_signal(signal.SIGKILL)
        self.faults[f"{what} killed"] += 1

    def _crash_database(self):
        """One backend dies, so PostgreSQL ends all others and recovers from its log: what a crash of it does, on the same port."""
        name = urlsplit(self.database_url).path[1:]
        asked = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend' LIMIT 1"
        with contextlib.suppress(children.LocalServerFailed, ProcessLookupError, ValueError):
            os.kill(int(self.place.postgres.ask(asked)), signal.SIGKILL)

    def stop(self):
        self._stopping = True
        for process in self._running.values():
            children.end(process, signal.SIGTERM, patience_s=10)


@contextlib.asynccontextmanager
async def opened(home, place, *, processes=2):
    """A shop with a product on the shelf and an operator, its processes running."""
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await Sandbox.start(Settings(time_scale=0.01))
        stack.push_async_callback(sandbox.stop)
        port = children.free_port()
        shop = Shop(home, place, sandbox, port, processes)
        _write_settings(home, shop)
        async with database.opened(shop.database_url):
            made = await products.add(
                name="茶", description="", skus=[products.NewSku("杯", PRICE_FEN, 10_000_000)]
            )
            shop.sku_id = made.skus[0].id
            await operators.create(login="boss", name="店长", password=PASSWORD)
        stack.callback(shop.stop)
        shop.start_processes()
        keeping = asyncio.create_task(shop.keep_running())
        stack.callback(keeping.cancel)
        yield shop


def _write_settings(home, shop):
    sandbox = shop.sandbox
    given = home / "sandbox" / "merchant" / "credentials.json"
    given.parent.mkdir(parents=True, exist_ok=True)
    given.write_text(json.dumps(asdict(sandbox.credentials)))
    urls = (sandbox.platform_url, sandbox.wechat_pay_url, sandbox.alipay_url)
    places = demo_settings.Places(shop.port, *(int(urlsplit(url).port or 0) for url in urls))
    path = demo_settings.write(home, places, database_url=shop.database_url, redis_url=shop.place.redis_url)
    text = (
        path.read_text()
        .replace("payment_poll_s = 5", "payment_poll_s = 1")
        .replace("proof_s = 60", "proof_s = 3600")
    )
    text = text.replace("[server]\n", '[server]\ntrusted_proxies = ["127.0.0.0/8"]\n')
    limits = "[limits]\nrequests_per_minute_per_address = 1000000\nrequests_per_minute_per_caller = 1000000\n"
    path.write_text(f"{text}\n{limits}")
    config.load(path)
