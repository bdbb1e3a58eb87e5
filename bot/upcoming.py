"""接下来扣什么: what will be taken next, when, and whether the balance covers it."""

from __future__ import annotations

from billing import forecast, payable
from bot.asker import Asker

_MOST = 8


async def answer(asker: Asker) -> list[str]:
    """The next of each thing that the forecast counts on: plans, standing orders, bills and their parts; the nearest first."""
    nearest: dict[tuple[str, str], forecast.Due] = {}
    for due in await forecast.ahead(asker.customer.id):
        nearest.setdefault((due.kind, due.title), due)
    shown = list(nearest.values())[:_MOST]
    if not shown:
        return [asker.say("upcoming.none")]
    lines = [
        asker.say("upcoming.line", due_on=due.on, title=due.title, amount_fen=due.amount_fen) for due in shown
    ]
    return [asker.say("upcoming.title"), *lines, await _cover(asker, sum(due.amount_fen for due in shown))]


async def _cover(asker: Asker, total_fen: int) -> str:
    available_fen = await payable.available_fen(asker.customer.id)
    missing_fen = total_fen - available_fen
    key = "upcoming.short" if missing_fen > 0 else "upcoming.covered"
    return asker.say(key, total_fen=total_fen, available_fen=available_fen, missing_fen=missing_fen)
