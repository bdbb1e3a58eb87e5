"""帮助: what can be asked."""

from __future__ import annotations

from bot.asker import Asker
from bot.dialogue import Choice
from core import words


async def answer(asker: Asker) -> list[str]:
    """All that can be asked; elsewhere the chat names what is asked most, and this."""
    return [asker.say("help.title"), asker.say("help.words")]


async def ask_back(asker: Asker) -> list[str]:
    """For a text that may mean several things, or one that nobody can be sure of."""
    asked = asker.asked
    choices = [asker.say("help.choice", words=asker.say(f"ask.{intent}")) for intent in asked.choices]
    asker.turn.offer([Choice("ask", {"intent": intent, "text": asked.text}) for intent in asked.choices])
    return [asker.say("help.ask_back"), *asker.numbered(choices)]


def not_understood(asker: Asker) -> list[str]:
    """For a text that is none of them."""
    return [asker.say("help.unknown"), asker.say("help.most"), asker.say("help.person")]


_LIKE = {"shortvideo": "video"}


def not_readable(asker: Asker, kind: str) -> list[str]:
    """For pictures, places, links and the like: what to do instead. ``kind`` is the platform's word for it."""
    said = f"help.unreadable.{_LIKE.get(kind, kind)}"
    return [
        asker.say(said if words.has(f"bot.{said}", asker.locale) else "help.only_text"),
        asker.say("help.most"),
        asker.say("help.person"),
    ]
