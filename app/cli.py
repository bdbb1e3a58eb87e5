"""The command line. Every command says what it does in Chinese and English; exit codes are in ``app.exit_codes``.

Commands import what they need when they run: a parent of processes should not wait for what only its children use.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path

from app import config
from app.exit_codes import ExitCode

Act = Callable[[argparse.Namespace], ExitCode]

_ABOUT = "预存：商户预付款系统 · Yucun: prepaid balances for merchants"
_EPILOG = """退出码 · exit codes: 0 成功 done; 1 结果为否 the answer is no; 2 用法错误 wrong usage;
3 设置有误 wrong settings; 4 依赖不可用 something needed does not answer, or a port is taken"""


def run(arguments: Sequence[str]) -> ExitCode:
    """Does what the command line says."""
    if list(arguments[:1]) == ["sandbox"]:  # has a command line of its own
        os.execv(sys.executable, [sys.executable, "-m", "sandbox", *arguments[1:]])  # noqa: S606 (no shell wanted)
    given = _parser().parse_args(arguments)
    logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stderr)
    act: Act = given.act
    try:
        return act(given)
    except config.ConfigInvalid as refused:
        print(refused, file=sys.stderr)
        return ExitCode.SETTINGS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yucun", description=_ABOUT, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config", metavar="FILE", help="设置文件 · the settings (YUCUN_CONFIG, config.toml)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Act, said: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=said, description=said)
        made.set_defaults(act=act)
        return made

    serve = command("serve", _serve, "启动 HTTP 服务 · serve HTTP")
    serve.add_argument("--workers", type=_count, metavar="N", help="进程数 · how many processes")
    serve_one = command("serve-one", _serve_one, "单个服务进程，由 serve 启动 · one process of serve's")
    for either in (serve, serve_one):
        either.add_argument("--host", help="监听地址 · the address to listen on")
        either.add_argument("--port", type=int, help="端口 · the port")
    command("worker", _worker, "运行定时任务 · run the scheduled jobs")
    migrate = command("migrate", _migrate, "建立或更新数据表 · bring the database's tables up to date")
    migrate.add_argument("--check", action="store_true", help="只检查 · only say what is missing")
    demo = command("demo", _demo, "一条命令看演示 · the whole thing on this machine, with a demo shop")
    demo.add_argument(
        "--home", type=Path, default=Path("var/demo"), metavar="DIR", help="数据目录 · its data"
    )
    demo.add_argument("--reset", action="store_true", help="清空演示数据后退出 · delete its data and stop")
    demo.add_argument("--port", type=int, default=8000, help="服务端口，默认 8000 · the server's port")
    demo.add_argument(
        "--sandbox-port", type=int, default=9000, help="沙箱首个端口，默认 9000 · the first of 3"
    )
    operator = command("operator", _operator, "新增操作员或重设密码 · add an operator, or set a new password")
    operator.add_argument("login", help="登录名 · the login")
    operator.add_argument("name", help="姓名 · the person's name")
    operator.add_argument(
        "--password-stdin",
        action="store_true",
        help="从标准输入读密码 · read the password from standard input",
    )
    command("sandbox", _demo, "微信与支付宝的替身，自带 --help · stand-ins of WeChat and Alipay")
    proof = command("proof", _proof, "核对账本 · do the books balance?")
    proof.add_argument(
        "--since-last",
        action="store_true",
        help="只核对上次核对无误之后的变动 · only what changed since the last successful proof",
    )
    seal = commands.add_parser("seal", help="每日封存 · the daily seals").add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )
    for name, act, said in (
        ("run", _seal_run, "封存已结束的营业日 · seal the business days that are over"),
        ("verify", _seal_verify, "核对全部封存 · compare the books with every seal"),
    ):
        seal.add_parser(name, help=said, description=said).set_defaults(act=act)
    owed = command("liability", _liability, "某一时刻应付顾客的余额 · what customers are owed at an instant")
    instant = "日期（当天零点）或带时区的时间 · a day (its midnight) or a time with its offset"
    owed.add_argument("--at", type=_instant, metavar="WHEN", help=f"{instant}; 默认现在 · now if left out")
    owed.add_argument(
        "--from", dest="begins_at", type=_instant, metavar="WHEN", help="起始时刻 · movements since"
    )
    owed.add_argument(
        "--to", dest="ends_at", type=_instant, metavar="WHEN", help="截止时刻 · movements until"
    )
    explain = command(
        "explain", _explain, "余额或一笔变动由哪些钱组成 · which money a balance or a change is made of"
    )
    explain.add_argument("customer_id", type=_count, help="顾客编号 · the customer's id")
    explain.add_argument("--change", type=_count, metavar="N", help="第 N 笔变动 · the account's change N")
    openapi = command("openapi", _openapi, "写出接口文档 · write the OpenAPI documents")
    openapi.add_argument(
        "--into", type=Path, default=Path("docs/openapi"), metavar="DIR", help="目录 · where to"
    )
    openapi.add_argument("--check", action="store_true", help="只比较 · only compare with what is there")
    command("config-check", _config_check, "检查设置文件 · check the settings")
    return parser


def _instant(text: str) -> date | datetime:
    """A day as written, because its midnight needs the settings' time zone; or an instant."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        instant = datetime.fromisoformat(text)  # argparse says what is wrong with it
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("需要时区，如 +08:00 · needs an offset such as +08:00")
    return instant


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少为 1 · at least 1")
    return number


def _settings(given: argparse.Namespace) -> config.Config:
    from app import log_lines

    settings = config.load(config.path_from(given.config))
    log_lines.to_stderr(settings.logging)
    return settings


def _serve(given: argparse.Namespace) -> ExitCode:
    from app import server

    settings = _settings(given)
    return server.serve(
        settings,
        config.path_from(given.config),
        workers=given.workers or settings.server.workers,
        host=given.host or settings.server.host,
        port=settings.server.port if given.port is None else given.port,
    )


def _serve_one(given: argparse.Namespace) -> ExitCode:
    from app import server_process

    settings = _settings(given)
    port = settings.server.port if given.port is None else given.port
    return server_process.serve_one(settings, host=given.host or settings.server.host, port=port)


def _worker(given: argparse.Namespace) -> ExitCode:
    from app import worker

    return worker.work(_settings(given))


def _migrate(given: argparse.Namespace) -> ExitCode:
    from app import database

    url = _settings(given).database.url.get_secret_value()

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
        return _no_database(error)
    print("数据表已是最新 · the tables are up to date")
    return ExitCode.OK


def _operator(given: argparse.Namespace) -> ExitCode:
    from app import database
    from core import errors
    from members import operators

    url = _settings(given).database.url.get_secret_value()
    if given.password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("密码 · password: ")
        if getpass.getpass("再输一次 · once more: ") != password:
            print("两次不同 · they differ", file=sys.stderr)
            return ExitCode.FAILED

    async def add() -> operators.Operator:
        async with database.opened(url):
            return await operators.create(login=given.login, name=given.name, password=password)

    try:
        made = asyncio.run(add())
    except errors.DomainError as refusal:
        print(f"{refusal.sentence('zh-CN')} · {refusal.sentence('en')}", file=sys.stderr)
        return ExitCode.FAILED
    except database.CANNOT_OPEN as error:
        return _no_database(error)
    print(f"{made.login} ({made.name}) ✓")
    return ExitCode.OK


def _demo(given: argparse.Namespace) -> ExitCode:
    from app import demo

    return demo.run(given.home, port=given.port, sandbox_port=given.sandbox_port, reset=given.reset)


def _proof(given: argparse.Namespace) -> ExitCode:
    from app import books_lines

    return _told(given, lambda: books_lines.proof(since_last=given.since_last))


def _seal_run(given: argparse.Namespace) -> ExitCode:
    from app import books_lines

    return _told(given, books_lines.seal)


def _seal_verify(given: argparse.Namespace) -> ExitCode:
    from app import books_lines

    return _told(given, books_lines.verify)


def _told(given: argparse.Namespace, ask: Callable[[], Awaitable[tuple[bool, list[str]]]]) -> ExitCode:
    """Asks the opened books, prints the answer, and ends with whether it is yes."""
    from app import database
    from core import clock

    settings = _settings(given)
    clock.set_zone(settings.shop.timezone)

    async def answer() -> tuple[bool, list[str]]:
        async with database.opened(settings.database.url.get_secret_value()):
            return await ask()

    try:
        well, lines = asyncio.run(answer())
    except database.CANNOT_OPEN as error:
        return _no_database(error)
    print("\n".join(lines))
    return ExitCode.OK if well else ExitCode.FAILED


def _liability(given: argparse.Namespace) -> ExitCode:
    from app import database, liability_lines
    from core import clock, errors

    settings = _settings(given)
    clock.set_zone(settings.shop.timezone)
    url = settings.database.url.get_secret_value()

    async def ask() -> list[str]:
        async with database.opened(url):
            return await liability_lines.of(at=given.at, begins=given.begins_at, ends=given.ends_at)

    try:
        lines = asyncio.run(ask())
    except errors.DomainError as refusal:
        print(f"{refusal.sentence('zh-CN')} · {refusal.sentence('en')}", file=sys.stderr)
        return ExitCode.USAGE
    except database.CANNOT_OPEN as error:
        return _no_database(error)
    print("\n".join(lines))
    return ExitCode.OK


def _explain(given: argparse.Namespace) -> ExitCode:
    from app import database, explanations
    from core import errors

    url = _settings(given).database.url.get_secret_value()

    async def lines() -> list[str]:
        async with database.opened(url):
            if given.change is None:
                return await explanations.of_balance(given.customer_id)
            return await explanations.of_change(given.customer_id, given.change)

    try:
        print("\n".join(asyncio.run(lines())))
    except errors.DomainError as refusal:
        print(f"{refusal.sentence('zh-CN')} · {refusal.sentence('en')}", file=sys.stderr)
        return ExitCode.FAILED
    except database.CANNOT_OPEN as error:
        return _no_database(error)
    return ExitCode.OK


def _openapi(given: argparse.Namespace) -> ExitCode:
    from app import documents

    differing = documents.write(given.into, check=given.check)
    for path in differing:
        print(f"{path}: {'过期，运行 · outdated, run: yucun openapi' if given.check else '已更新 · written'}")
    return ExitCode.FAILED if given.check and differing else ExitCode.OK


def _config_check(given: argparse.Namespace) -> ExitCode:
    path = config.path_from(given.config)
    config.load(path)
    print(f"{path}: 没有错误 · no faults")
    return ExitCode.OK


def _no_database(error: BaseException) -> ExitCode:
    said = f"{type(error).__name__}: {error}"
    print(f"数据库不可用 · the database cannot be used: {said}", file=sys.stderr)
    return ExitCode.UNAVAILABLE
