"""``yucun demo``: the whole shop on this machine, with stand-ins for WeChat and Alipay, from one command."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import http.client
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from app import config, database, demo_settings, demo_shop, local_servers, outside, server
from app.exit_codes import ExitCode
from app.local_servers.children import LocalServerFailed, tail
from app.supervisor import Command, Supervisor
from billing import terms
from core import sealed
from members import sign_in

_PATIENCE_S = 60.0
_GRACE_S = 15.0
_WORKERS = 2


def run(home: Path, *, port: int, sandbox_port: int, reset: bool) -> ExitCode:
    """Starts everything, prints where it is, and stays until Ctrl-C. The data stays for the next start."""
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    try:
        with _only_one(home):
            if reset:
                return _reset(home)
            with _servers(home) as urls:
                return _run(home, _places(port, sandbox_port), *urls)
    except BlockingIOError:
        print(f"演示已在运行 · the demo is already running; {home / 'addresses.txt'}:", file=sys.stderr)
        with contextlib.suppress(FileNotFoundError):
            print((home / "addresses.txt").read_text(), file=sys.stderr)
        return ExitCode.UNAVAILABLE
    except LocalServerFailed as failed:
        print(failed, file=sys.stderr)
        return ExitCode.UNAVAILABLE


def _run(home: Path, places: demo_settings.Places, database_url: str, redis_url: str) -> ExitCode:
    began = time.monotonic()
    with Supervisor(grace_s=_GRACE_S) as supervisor:
        supervisor.start(Command("sandbox", _sandbox_command(home, places), home / "sandbox.log"))
        if not supervisor.wait_until(
            lambda: _answers(f"{places.sandbox_url}/world/clock"), timeout_s=_PATIENCE_S
        ):
            return _gave_up(supervisor)
        settings = demo_settings.write(home, places, database_url=database_url, redis_url=redis_url)
        sealed.use(config.load(settings).sealing.ring())
        asyncio.run(database.migrate(database_url))
        _start(supervisor, home, settings, "server", "serve", "--workers", str(_WORKERS))
        # The shop is written while the server starts; the clock's jobs come when all of it is there.
        asyncio.run(_load(settings, places))
        _start(supervisor, home, settings, "worker", "worker")
        if not supervisor.wait_until(lambda: _answers(f"{places.server_url}/ready"), timeout_s=_PATIENCE_S):
            return _gave_up(supervisor)
        addresses = _addresses(home, places)
        (home / "addresses.txt").write_text(addresses, encoding="utf-8")
        print(
            f"{addresses}\n({time.monotonic() - began:.1f} s) Ctrl-C 停止，数据保留 · stops, the data stays.",
            flush=True,
        )
        return supervisor.run()


def _sandbox_command(home: Path, places: demo_settings.Places) -> list[str]:
    return [
        *(sys.executable, "-m", "sandbox", "--state-dir", str(home / "sandbox")),
        *("--platform-port", str(places.sandbox_port)),
        *("--wechat-pay-port", str(places.wechat_pay_port)),
        *("--alipay-port", str(places.alipay_port)),
        *("--official-push-url", f"{places.server_url}/wechat/official-account"),
        *("--mini-push-url", f"{places.server_url}/wechat/mini-program"),
        *("--shop-api-url", places.server_url),
        *("--official-menu", json.dumps(demo_shop.MENU)),
    ]


def _start(supervisor: Supervisor, home: Path, settings: Path, name: str, *arguments: str) -> None:
    argv = server.command("--config", str(settings), *arguments)
    supervisor.start(Command(name, argv, home / f"{name}.log"))


async def _load(settings_path: Path, places: demo_settings.Places) -> None:
    settings = config.load(settings_path)
    terms.use(settings.money.terms())
    database_url = settings.database.url.get_secret_value()
    async with database.opened(database_url), aiohttp.ClientSession() as session:
        shop = outside.build(settings, session=session, redis=None)

        async def arrive() -> int:
            """The first person of the sandbox opens the mini-program; one comes if there is nobody."""
            people = f"{places.sandbox_url}/phone/people"
            async with session.get(people) as answer:
                known = (await answer.json())["items"]
            if not known:
                async with session.post(people, json={}) as answer:
                    known = [await answer.json()]
            async with session.post(f"{people}/{known[0]['id']}/login-code") as answer:
                code = (await answer.json())["code"]
            app_id = settings.wechat.mini_program.app_id
            return (await sign_in.by_mini_program(shop.mini_program, app_id, code)).customer.id

        await demo_shop.load(shop.images, arrive)


@contextlib.contextmanager
def _servers(home: Path) -> Iterator[tuple[str, str]]:
    """PostgreSQL and Redis: the ones the environment names, else local ones under ``home``."""
    database_url, redis_url = os.environ.get("YUCUN_DATABASE_URL"), os.environ.get("YUCUN_REDIS_URL")
    if database_url and redis_url:
        yield database_url, redis_url
        return
    with local_servers.start(home) as started:
        yield database_url or started.database_url("yucun_demo"), redis_url or started.redis_url


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _reset(home: Path) -> ExitCode:
    local_servers.erase(home)
    for left in home.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != "lock":
            left.unlink()
    print(f"演示数据已清空 · the demo's data is gone: {home}")
    return ExitCode.OK


def _places(server_port: int, sandbox_port: int) -> demo_settings.Places:
    """The wished-for ports, or the next free ones."""
    found: list[int] = []
    for wished in (server_port, *(sandbox_port + n for n in range(3))):
        port = wished
        while port in found or not _free(port):
            port += 10
        found.append(port)
    return demo_settings.Places(*found)


def _free(port: int) -> bool:
    try:
        server.hold_port("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own http address)
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, http.client.HTTPException):
        return False


def _gave_up(supervisor: Supervisor) -> ExitCode:
    if supervisor.stopping:
        return ExitCode.OK
    for command in supervisor.ended():
        assert command.log is not None
        print(
            f"{command.name} 没有启动成功 · did not start; {command.log}:\n{tail(command.log)}",
            file=sys.stderr,
        )
    if not supervisor.ended():
        print(f"{_PATIENCE_S:g} 秒内没有就绪 · not ready within {_PATIENCE_S:g} s", file=sys.stderr)
    return ExitCode.UNAVAILABLE


def _addresses(home: Path, places: demo_settings.Places) -> str:
    return f"""
  预存演示 · Yucun demo

  手机页面 · the phone page      {places.sandbox_url}/
  操作员控制台 · the console     {places.server_url}/console/  ({demo_shop.OPERATOR_LOGIN} / {demo_shop.OPERATOR_PASSWORD})
  接口文档 · API documents       {places.server_url}/docs
  运行状态 · is it ready         {places.server_url}/ready
  设置 · settings                {home / "config.toml"}
  日志 · logs                    {home}/*.log
"""
