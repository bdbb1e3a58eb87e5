"""The command that plays a shop's days through."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from datetime import date
from pathlib import Path

from app import config
from app.cli.command import Commands, count, settings_of
from app.exit_codes import ExitCode

_ABOUT = """逐日演练：拨动时钟，按顺序运行每个任务，每天一行账目与消息。用随机种子生成的店，或数据库的副本；不写真实数据库，不向外发送任何东西。
Plays days through: moves the clock, runs every job in order, prints a line of money and messages a day. Over a shop made from a
seed, or over a copy of the database; the real one is not written to, and nothing is sent to anybody."""


def add(commands: Commands) -> None:
    """simulate."""
    simulate = commands.add("simulate", _simulate, "逐日演练一家店 · play a shop's days through")
    simulate.description = _ABOUT
    days = "YYYY-MM-DD"
    simulate.add_argument(
        "--from",
        dest="first",
        type=_day,
        required=True,
        metavar="DAY",
        help=f"第一天 · the first day, {days}",
    )
    simulate.add_argument(
        "--to", dest="last", type=_day, required=True, metavar="DAY", help=f"最后一天 · the last day, {days}"
    )
    simulate.add_argument(
        "--copy",
        action="store_true",
        help="用设置里数据库的副本；顾客不来，只有时钟走 · over a copy of the settings' database; only the clock acts",
    )
    simulate.add_argument(
        "--customer",
        type=count,
        metavar="ID",
        help="只看这位顾客，与 --copy 同用 · only this customer's days; goes with --copy",
    )
    simulate.add_argument(
        "--customers",
        type=count,
        default=None,
        metavar="N",
        help="生成的店有多少顾客，默认 1000 · how many a generated shop has",
    )
    simulate.add_argument(
        "--seed",
        type=int,
        default=None,
        metavar="N",
        help="种子，默认 1；相同则结果相同 · the same seed, the same days",
    )
    simulate.add_argument(
        "--json",
        action="store_true",
        help="每天一个 JSON 对象，最后一行是合计 · a JSON object a day, the sum last",
    )
    simulate.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="临时数据库放在哪里 · where the spare database lies meanwhile",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: 不是日期 · is no day, as 2027-01-31 is") from None


def _simulate(given: argparse.Namespace) -> ExitCode:
    if (said := _contradiction(given)) is not None:
        print(said, file=sys.stderr)
        return ExitCode.USAGE
    from app import simulate_lines
    from app.local_servers.children import LocalServerFailed
    from core import errors
    from simulation import days

    settings = _settings(given)
    simulate_lines.in_force(settings)
    logging.getLogger().setLevel(logging.WARNING)
    wanted = simulate_lines.Wanted(
        days.Span(given.first, given.last),
        people=given.customers or 1_000,
        seed=1 if given.seed is None else given.seed,
        copy_of=settings.database.url.get_secret_value() if given.copy and settings is not None else None,
        customer_id=given.customer,
        as_json=given.json,
        home=given.home,
    )
    try:
        well = simulate_lines.run(wanted, lambda line: print(line, flush=True))
    except errors.DomainError as refusal:
        print(f"{refusal.sentence('zh-CN')} · {refusal.sentence('en')}", file=sys.stderr)
        return ExitCode.USAGE
    except LocalServerFailed as failed:
        print(failed, file=sys.stderr)
        return ExitCode.UNAVAILABLE
    return ExitCode.OK if well else ExitCode.FAILED


def _contradiction(given: argparse.Namespace) -> str | None:
    if given.customer is not None and not given.copy:
        return "--customer 要与 --copy 同用 · --customer goes with --copy"
    if given.copy and (given.customers is not None or given.seed is not None):
        return "--copy 不能与 --customers、--seed 同用 · --copy does not go with --customers or --seed"
    if given.home is not None and not given.home.is_dir():
        return f"没有这个目录 · no such directory: {given.home}"
    return None


def _settings(given: argparse.Namespace) -> config.Config | None:
    """Those that are named or lie here; a generated shop does without."""
    is_named = bool(given.config or os.environ.get(config.ENVIRONMENT))
    return settings_of(given) if given.copy or is_named or config.DEFAULT_PATH.exists() else None
