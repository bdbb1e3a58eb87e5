"""Commands that ask the books: proof, seals, what customers are owed, why a balance is what it is."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable
from datetime import date, datetime

from app.cli.command import Commands, asked, count, lines, verdict
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """proof, seal run, seal verify, liability, explain, assess."""
    proof = commands.add("proof", _proof, "核对账本 · do the books balance?")
    proof.add_argument(
        "--since-last",
        action="store_true",
        help="只核对上次核对无误之后的变动 · only what changed since the last successful proof",
    )
    seals = commands.group("seal", "每日封存 · the daily seals")
    seals.add("run", _seal_run, "封存已结束的营业日 · seal the business days that are over")
    seals.add("verify", _seal_verify, "核对全部封存 · compare the books with every seal")
    _add_liability(commands)
    explain = commands.add(
        "explain", _explain, "余额或一笔变动由哪些钱组成 · which money a balance or a change is made of"
    )
    explain.add_argument("customer_id", type=count, help="顾客编号 · the customer's id")
    explain.add_argument("--change", type=count, metavar="N", help="第 N 笔变动 · the account's change N")
    assess = commands.add("assess", _assess, "信用评估 · how a customer has paid so far, rule by rule")
    assess.add_argument("customer_id", type=count, help="顾客编号 · the customer's id")


def _add_liability(commands: Commands) -> None:
    owed = commands.add(
        "liability", _liability, "某一时刻应付顾客的余额 · what customers are owed at an instant"
    )
    instant = "日期（当天零点）或带时区的时间 · a day (its midnight) or a time with its offset"
    owed.add_argument("--at", type=_instant, metavar="WHEN", help=f"{instant}; 默认现在 · now if left out")
    owed.add_argument(
        "--from", dest="begins_at", type=_instant, metavar="WHEN", help="起始时刻 · movements since"
    )
    owed.add_argument(
        "--to", dest="ends_at", type=_instant, metavar="WHEN", help="截止时刻 · movements until"
    )


def _instant(text: str) -> date | datetime:
    """A day as written, because its midnight needs the settings' time zone; or an instant."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        instant = datetime.fromisoformat(text)  # argparse says what is wrong with it
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("需要时区，如 +08:00 · needs an offset such as +08:00")
    return instant


def _proof(given: argparse.Namespace) -> ExitCode:
    from app import books_lines

    return asked(given, lambda: books_lines.proof(since_last=given.since_last), verdict)


def _seal_run(given: argparse.Namespace) -> ExitCode:
    from app import books_lines

    return asked(given, books_lines.seal, verdict)


def _seal_verify(given: argparse.Namespace) -> ExitCode:
    from app import books_lines

    return asked(given, books_lines.verify, verdict)


def _liability(given: argparse.Namespace) -> ExitCode:
    from app import liability_lines

    def ask() -> Awaitable[list[str]]:
        return liability_lines.of(at=given.at, begins=given.begins_at, ends=given.ends_at)

    return asked(given, ask, lines, refused=ExitCode.USAGE)


def _explain(given: argparse.Namespace) -> ExitCode:
    from app import explanations

    def ask() -> Awaitable[list[str]]:
        if given.change is None:
            return explanations.of_balance(given.customer_id)
        return explanations.of_change(given.customer_id, given.change)

    return asked(given, ask, lines)


def _assess(given: argparse.Namespace) -> ExitCode:
    from app import assessment_lines

    return asked(given, lambda: assessment_lines.of(given.customer_id), lines)
