"""The command line. Every command says what it does in Chinese and English; exit codes are in ``app.exit_codes``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app import config, database, demo, documents, runtime, server, worker
from app.exit_codes import ExitCode

Act = Callable[[argparse.Namespace], ExitCode]

_ABOUT = "预存：商户预付款系统 · Yucun: prepaid balances for merchants"
_EPILOG = """退出码 · exit codes: 0 成功 done; 1 结果为否 the answer is no; 2 用法错误 wrong usage;
3 设置有误 wrong settings; 4 依赖不可用 something needed does not answer, or a port is taken"""


def run(arguments: Sequence[str]) -> ExitCode:
    """Does what the command line says."""
    if list(arguments[:1]) == ["sandbox"]:  # has a command line of its own
        return demo.sandbox(arguments[1:])
    given = _parser().parse_args(arguments)
    logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stderr)
    try:
        code: ExitCode = given.act(given)
    except config.ConfigInvalid as refused:
        print(refused, file=sys.stderr)
        return ExitCode.SETTINGS
    except server.CANNOT_OPEN as error:
        print(f"无法连接 · cannot connect: {type(error).__name__}: {error}", file=sys.stderr)
        return ExitCode.UNAVAILABLE
    return code


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
    _listening(serve)
    _listening(command("serve-one", _serve_one, "单个服务进程，由 serve 启动 · one process of serve's"))
    command("worker", _worker, "运行定时任务 · run the scheduled jobs")
    migrate = command("migrate", _migrate, "建立或更新数据表 · bring the database's tables up to date")
    migrate.add_argument("--check", action="store_true", help="只检查 · only say what is missing")
    demo.add_arguments(
        command("demo", demo.run, "一条命令看演示 · the whole thing on this machine, with a demo shop")
    )
    command("sandbox", demo.sandbox_help, "微信与支付宝的替身 · stand-ins of WeChat and Alipay")
    command("proof", _proof, "核对账本 · do the books balance?")
    openapi = command("openapi", _openapi, "写出接口文档 · write the OpenAPI documents")
    openapi.add_argument("--into", type=Path, default=Path("docs/api"), metavar="DIR", help="目录 · where to")
    openapi.add_argument("--check", action="store_true", help="只比较 · only compare with what is there")
    command("config-check", _config_check, "检查设置文件 · check the settings")
    return parser


def _listening(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="监听地址 · the address to listen on")
    command.add_argument("--port", type=int, help="端口 · the port")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少为 1 · at least 1")
    return number


def _settings(given: argparse.Namespace) -> config.Config:
    settings = config.load(config.path_from(given.config))
    runtime.log_to_stderr(settings.logging)
    return settings


def _serve(given: argparse.Namespace) -> ExitCode:
    settings = _settings(given)
    return server.serve(
        settings,
        config.path_from(given.config),
        workers=given.workers or settings.server.workers,
        host=given.host or settings.server.host,
        port=settings.server.port if given.port is None else given.port,
    )


def _serve_one(given: argparse.Namespace) -> ExitCode:
    settings = _settings(given)
    port = settings.server.port if given.port is None else given.port
    return server.serve_one(settings, host=given.host or settings.server.host, port=port)


def _worker(given: argparse.Namespace) -> ExitCode:
    return worker.work(_settings(given))


def _migrate(given: argparse.Namespace) -> ExitCode:
    url = _settings(given).database.url.get_secret_value()
    if given.check:
        missing = asyncio.run(_missing(url))
        print("\n".join(missing) or "已是最新 · up to date")
        return ExitCode.FAILED if missing else ExitCode.OK

    def progress(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            print(f"{name} ✓")

    asyncio.run(database.migrate(url, progress=progress))
    print("数据表已是最新 · the tables are up to date")
    return ExitCode.OK


async def _missing(url: str) -> list[str]:
    async with database.opened(url):
        return await database.missing_migrations()


def _proof(given: argparse.Namespace) -> ExitCode:
    violations = asyncio.run(_violations(_settings(given).database.url.get_secret_value()))
    for violation in violations:
        print(violation)
    print("账本不平 · the books do NOT balance" if violations else "账本平 · the books balance")
    return ExitCode.FAILED if violations else ExitCode.OK


async def _violations(url: str) -> list[object]:
    from ledger import proof

    async with database.opened(url):
        return list(await proof.check())


def _openapi(given: argparse.Namespace) -> ExitCode:
    differing = documents.write(given.into, check=given.check)
    for path in differing:
        print(f"{path}: {'过期，运行 · outdated, run: yucun openapi' if given.check else '已更新 · written'}")
    return ExitCode.FAILED if given.check and differing else ExitCode.OK


def _config_check(given: argparse.Namespace) -> ExitCode:
    path = config.path_from(given.config)
    config.load(path)
    print(f"{path}: 没有错误 · no faults")
    return ExitCode.OK
