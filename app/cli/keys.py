"""Commands of the keys that telephone numbers and the like are kept sealed with."""

from __future__ import annotations

import argparse

from app.cli.command import Commands, asked, lines, verdict
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """keys check, keys rotate, keys index."""
    group = commands.group("keys", "加密数据的密钥 · keys of what is kept sealed")
    check = group.add(
        "check", _check, "每个密钥下有多少数据，是否都能读出 · how many values stand under which key"
    )
    check.add_argument(
        "--without",
        metavar="KID",
        help="这个密钥能否删除 · whether this key may be dropped (no: exit code 1)",
    )
    group.add(
        "rotate",
        _rotate,
        "全部改用设置里的第一个密钥；营业中可以运行，可随时中断、再运行 · seal everything with the first key of the settings: beside the running "
        "shop, stopped and run again as you like",
    )
    group.add(
        "index", _index, "换了 search_key 之后重建索引 · make the indexes anew after search_key was changed"
    )


def _check(given: argparse.Namespace) -> ExitCode:
    from app import keys_lines

    return asked(given, lambda: keys_lines.check(given.without), verdict)


def _rotate(given: argparse.Namespace) -> ExitCode:
    from app import keys_lines

    return asked(given, keys_lines.rotate, verdict)


def _index(given: argparse.Namespace) -> ExitCode:
    from app import keys_lines

    return asked(given, keys_lines.index, lines)
