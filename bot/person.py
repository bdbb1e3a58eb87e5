"""人工: how to reach the shop's people."""

from __future__ import annotations

from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """Where a person answers: what is written to the mini-program's customer service reaches the shop's people."""
    return [asker.say("person.how")]
