"""Commands about the official account's menus."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.cli.command import Commands, ended, settings_of, verdict
from app.exit_codes import ExitCode

if TYPE_CHECKING:
    from app.runtime import Runtime


def add(commands: Commands) -> None:
    """menu show, menu publish."""
    menu = commands.group("menu", "公众号菜单 · the official account's menus")
    menu.add(
        "show",
        _show,
        "比较设置与平台；不同则以 1 结束 · the settings beside the platform; ends with 1 where they differ",
    )
    menu.add("publish", _publish, "发布设置里的菜单 · publish the menus of the settings")


def _show(given: argparse.Namespace) -> ExitCode:
    from app import menu_lines

    return _asked(given, lambda opened: menu_lines.show(opened.outside.menus))


def _publish(given: argparse.Namespace) -> ExitCode:
    from app import menu_lines

    return _asked(given, lambda opened: menu_lines.publish(opened.outside.menus))


def _asked(
    given: argparse.Namespace, ask: Callable[[Runtime], Awaitable[tuple[bool, list[str]]]]
) -> ExitCode:
    from app import runtime

    settings = settings_of(given)

    async def answer() -> tuple[bool, list[str]]:
        async with runtime.opened(settings) as opened:
            return await ask(opened)

    return ended(answer, verdict)
