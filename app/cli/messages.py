"""Commands that look at messages that could not be delivered, and send them again."""

from __future__ import annotations

import argparse

from app.cli.command import Commands, asked, count, lines
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """messages dead, messages replay."""
    messages = commands.group("messages", "发给顾客的消息 · messages to customers")
    dead = messages.add("dead", _dead, "发送失败的消息 · messages that could not be delivered")
    dead.add_argument("--limit", type=count, default=50, metavar="N")
    replay = messages.add(
        "replay", _replay, "重发；过时或不再属实的不会发出 · send again, unless stale or no longer true"
    )
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("message_id", type=count, nargs="?", metavar="ID")
    which.add_argument("--all", action="store_true", help="全部发送失败的 · all that could not be delivered")


def _dead(given: argparse.Namespace) -> ExitCode:
    from app import message_lines

    return asked(given, lambda: message_lines.dead(limit=given.limit), lines)


def _replay(given: argparse.Namespace) -> ExitCode:
    from app import message_lines

    if given.all:
        return asked(given, message_lines.replay_all, lines)
    return asked(given, lambda: message_lines.replay(given.message_id), lines)
