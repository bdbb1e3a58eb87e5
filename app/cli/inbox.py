"""Commands that look at the channels' notifications, and hand them in again."""

from __future__ import annotations

import argparse

from app.cli.command import Commands, asked, count, lines, settings_of, verdict
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """inbox list, inbox show, inbox replay."""
    inbox = commands.group("inbox", "渠道通知收件箱 · the inbox of the channels' notifications")
    listing = inbox.add("list", _list, "最近的通知 · the newest notifications")
    listing.add_argument("--channel", choices=("wechat_pay", "alipay"))
    listing.add_argument("--failed", action="store_true", help="只看未处理的 · only those not handled")
    listing.add_argument("--limit", type=count, default=50, metavar="N")
    show = inbox.add("show", _show, "一条通知的原文 · one notification as it came")
    show.add_argument("notice_id", type=count, metavar="ID")
    replay = inbox.add("replay", _replay, "重放；不会重复入账 · hand in again; nothing is credited twice")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("notice_id", type=count, nargs="?", metavar="ID")
    which.add_argument("--failed", action="store_true", help="全部未处理的 · all that were not handled")


def _list(given: argparse.Namespace) -> ExitCode:
    from app import inbox_lines

    return asked(
        given,
        lambda: inbox_lines.listing(channel=given.channel, failed=given.failed, limit=given.limit),
        lines,
    )


def _show(given: argparse.Namespace) -> ExitCode:
    from app import inbox_lines

    return asked(given, lambda: inbox_lines.one(given.notice_id), lines)


def _replay(given: argparse.Namespace) -> ExitCode:
    from app import inbox_lines

    settings = settings_of(given)
    if given.failed:
        return asked(given, lambda: inbox_lines.replay_failed(settings), verdict)
    return asked(given, lambda: inbox_lines.replay(settings, given.notice_id), lines)
