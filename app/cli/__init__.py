"""The command line. Every command says what it does in Chinese and English; exit codes are in ``app.exit_codes``.

A file a group of commands; each adds its own to the parser. Commands import what they need when they run: a parent of processes
should not wait for what only its children use.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from app import config
from app.cli import acts, books, clock, inbox, keys, menu, messages, processes, reconcile, setup, simulate
from app.cli.command import Act, Commands
from app.exit_codes import ExitCode

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
    commands = Commands(parser.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    processes.add(commands)
    acts.add(commands)
    books.add(commands)
    clock.add(commands)
    inbox.add(commands)
    keys.add(commands)
    menu.add(commands)
    messages.add(commands)
    reconcile.add(commands)
    setup.add(commands)
    simulate.add(commands)
    return parser
