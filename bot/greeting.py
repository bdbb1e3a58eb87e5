"""Words for somebody who follows the account, comes back by a QR code, or whom we do not know or may not serve."""

from __future__ import annotations

from bot.asker import Asker


def welcome(asker: Asker) -> list[str]:
    """For a new follower."""
    lines = [asker.say("greeting.welcome"), asker.say("help.most")]
    return lines if asker.known else [*lines, asker.say("greeting.bind_first")]


def back_again(asker: Asker) -> list[str]:
    """For a follower who scanned a code."""
    return [asker.say("greeting.back_again"), asker.say("help.most")]


def stranger(asker: Asker) -> list[str]:
    """For somebody whose account we do not know yet."""
    return [asker.say("greeting.stranger"), asker.say("bind.how")]


async def thanks(asker: Asker) -> list[str]:
    """For somebody who says thank you or goodbye."""
    return [asker.say("greeting.thanks")]


def blocked(asker: Asker) -> list[str]:
    """For a customer the shop has blocked."""
    return [asker.say("greeting.blocked")]
