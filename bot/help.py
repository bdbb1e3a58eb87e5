"""帮助: what can be asked."""

from __future__ import annotations

from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """The words that are understood."""
    return [asker.say("help.title"), asker.say("help.words")]


def not_understood(asker: Asker) -> list[str]:
    """For a text that is none of them."""
    return [asker.say("help.unknown"), asker.say("help.words")]


def not_readable(asker: Asker) -> list[str]:
    """For pictures, places, links and the like."""
    return [asker.say("help.only_text"), asker.say("help.words")]
