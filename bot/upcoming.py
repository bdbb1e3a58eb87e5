"""接下来扣什么: what will be taken next, when, and whether the balance covers it."""

from __future__ import annotations

from billing import bills, payable, plans
from bot.asker import Asker

_MOST = 8
_MOST_READ = 50


async def answer(asker: Asker) -> list[str]:
    """The next deduction of each plan and the bills that are open, the nearest first."""
    mine = await plans.page(asker.customer.id, limit=_MOST_READ)
    due = [
        (plan.next_due_on, plan.name, plan.amount_fen)
        for plan in mine
        if plan.state == "active" and plan.next_due_on is not None and plan.terms.unit is None
    ]
    owed = await bills.page(asker.customer.id, states=bills.OWED, limit=_MOST_READ)
    due += [(asker.day_of(bill.due_at), bill.title, bill.owed_fen) for bill in owed]
    if not due:
        return [asker.say("upcoming.none")]
    due.sort()
    lines = [
        asker.say("upcoming.line", due_on=on, title=title, amount_fen=fen) for on, title, fen in due[:_MOST]
    ]
    return [asker.say("upcoming.title"), *lines, await _cover(asker, sum(fen for _, _, fen in due))]


async def _cover(asker: Asker, total_fen: int) -> str:
    available_fen = await payable.available_fen(asker.customer.id)
    if available_fen >= total_fen:
        return asker.say("upcoming.covered", total_fen=total_fen, available_fen=available_fen)
    return asker.say(
        "upcoming.short",
        total_fen=total_fen,
        available_fen=available_fen,
        missing_fen=total_fen - available_fen,
    )
