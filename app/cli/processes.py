"""Commands that run the shop: server, worker, migrations, the demo."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from app import config
from app.cli.command import Commands, count, no_database, settings_of
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """serve, serve-one, worker, migrate, demo, sandbox."""
    serve = commands.add("serve", _serve, "启动 HTTP 服务 · serve HTTP")
    serve.add_argument("--workers", type=count, metavar="N", help="进程数 · how many processes")
    serve_one = commands.add("serve-one", _serve_one, "单个服务进程，由 serve 启动 · one process of serve's")
    for either in (serve, serve_one):
        either.add_argument("--host", help="监听地址 · the address to listen on")
        either.add_argument("--port", type=int, help="端口 · the port")
    commands.add("worker", _worker, "运行定时任务 · run the scheduled jobs")
    migrate = commands.add("migrate", _migrate, "建立或更新数据表 · bring the database's tables up to date")
    migrate.add_argument("--check", action="store_true", help="只检查 · only say what is missing")
    demo = commands.add("demo", _demo, "一条命令看演示 · the whole thing on this machine, with a demo shop")
    demo.add_argument(
        "--home", type=Path, default=Path("var/demo"), metavar="DIR", help="数据目录 · its data"
    )
    demo.add_argument("--reset", action="store_true", help="清空演示数据后退出 · delete its data and stop")
    demo.add_argument("--port", type=int, default=8000, help="服务端口，默认 8000 · the server's port")
    demo.add_argument(
        "--sandbox-port", type=int, default=9000, help="沙箱首个端口，默认 9000 · the first of 3"
    )
    commands.add("sandbox", _demo, "微信与支付宝的替身，自带 --help · stand-ins of WeChat and Alipay")


def _serve(given: argparse.Namespace) -> ExitCode:
    from app import server

    settings = settings_of(given)
    return server.serve(
        settings,
        config.path_from(given.config),
        workers=given.workers or settings.server.workers,
        host=given.host or settings.server.host,
        port=settings.server.port if given.port is None else given.port,
    )


def _serve_one(given: argparse.Namespace) -> ExitCode:
    from app import server_process

    settings = settings_of(given)
    port = settings.server.port if given.port is None else given.port
    return server_process.serve_one(settings, host=given.host or settings.server.host, port=port)


def _worker(given: argparse.Namespace) -> ExitCode:
    from app import worker

    return worker.work(settings_of(given))


def _migrate(given: argparse.Namespace) -> ExitCode:
    from app import database
    from core import sealed

    settings = settings_of(given)
    sealed.use(settings.sealing.ring())  # what is there already may be sealed on the way
    url = settings.database.url.get_secret_value()

    def progress(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            print(f"{name} ✓")

    async def missing() -> list[str]:
        async with database.opened(url):
            return await database.missing_migrations()

    try:
        if given.check:
            names = asyncio.run(missing())
            print("\n".join(names) or "已是最新 · up to date")
            return ExitCode.FAILED if names else ExitCode.OK
        asyncio.run(database.migrate(url, progress=progress))
    except database.CANNOT_OPEN as error:
        return no_database(error)
    print("数据表已是最新 · the tables are up to date")
    return ExitCode.OK


def _demo(given: argparse.Namespace) -> ExitCode:
    from app import demo

    return demo.run(given.home, port=given.port, sandbox_port=given.sandbox_port, reset=given.reset)
