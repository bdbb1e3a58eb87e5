"""What commands share: how one is added, the settings it reads, the database it asks."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from app import config
from app.exit_codes import ExitCode

Act = Callable[[argparse.Namespace], ExitCode]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of a parser, to which more are added."""

    parsers: Any

    def add(self, name: str, act: Act, said: str) -> argparse.ArgumentParser:
        """One more command; ``said`` is its help in both languages."""
        made: argparse.ArgumentParser = self.parsers.add_parser(name, help=said, description=said)
        made.set_defaults(act=act)
        return made

    def group(self, name: str, said: str) -> Commands:
        """A command that has commands of its own."""
        made = self.parsers.add_parser(name, help=said, description=said)
        return Commands(made.add_subparsers(dest="what", required=True, metavar="WHAT"))


def settings_of(given: argparse.Namespace) -> config.Config:
    """The settings a command was given; from here on the process logs as they say."""
    from app import log_lines

    settings = config.load(config.path_from(given.config))
    log_lines.to_stderr(settings.logging)
    return settings


def count(text: str) -> int:
    """A whole number of at least one, as an argument."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少为 1 · at least 1")
    return number


def asked(
    given: argparse.Namespace,
    ask: Callable[[], Awaitable[T]],
    say: Callable[[T], ExitCode],
    *,
    refused: ExitCode = ExitCode.FAILED,
) -> ExitCode:
    """Asks the opened shop and says the answer; a refusal is said in both languages and ends with ``refused``."""
    from app import database
    from billing import shop_settings, terms
    from core import clock, sealed

    settings = settings_of(given)
    clock.set_zone(settings.shop.timezone)
    terms.use(settings.money.terms())
    sealed.use(settings.sealing.ring())

    async def answer() -> T:
        async with database.opened(settings.database.url.get_secret_value()):
            await shop_settings.follow()
            return await ask()

    return ended(answer, say, refused=refused)


def ended(
    answer: Callable[[], Coroutine[Any, Any, T]],
    say: Callable[[T], ExitCode],
    *,
    refused: ExitCode = ExitCode.FAILED,
) -> ExitCode:
    """Says what ``answer`` comes to, as ``asked`` does; for commands that open more than the database."""
    from app import database
    from core import errors

    try:
        found = asyncio.run(answer())
    except errors.DomainError as refusal:
        print(f"{refusal.sentence('zh-CN')} · {refusal.sentence('en')}", file=sys.stderr)
        return refused
    except database.CANNOT_OPEN as error:
        return no_database(error)
    return say(found)


def lines(said: list[str]) -> ExitCode:
    """Says lines; a way to ``say``."""
    print("\n".join(said))
    return ExitCode.OK


def verdict(said: tuple[bool, list[str]]) -> ExitCode:
    """Says lines and ends with whether the answer is yes; a way to ``say``."""
    well, text = said
    print("\n".join(text))
    return ExitCode.OK if well else ExitCode.FAILED


def no_database(error: BaseException) -> ExitCode:
    """The database does not answer."""
    said = f"{type(error).__name__}: {error}"
    print(f"数据库不可用 · the database cannot be used: {said}", file=sys.stderr)
    return ExitCode.UNAVAILABLE
