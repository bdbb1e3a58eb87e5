"""计划: recurring deductions, and what is owed now."""

from __future__ import annotations

from billing import bills, plans
from bot.asker import Asker

_MOST_PLANS = 50
_MOST_BILLS = 20


async def answer(asker: Asker) -> list[str]:
    """The plans that run, with when they are next deducted, and the bills that are not paid yet."""
    running = [
        plan
        for plan in await plans.page(asker.customer.id, limit=_MOST_PLANS)
        if plan.next_due_on is not None and plan.state == "active"
    ]
    lines = [asker.say("plans.title" if running else "plans.none")]
    lines += [
        asker.say(
            "plans.line",
            name=plan.name,
            cycle=asker.say(f"plans.cycle.{plan.cycle}"),
            amount_fen=plan.amount_fen,
            next_due_on=plan.next_due_on,
        )
        for plan in running
    ]
    return lines + await _owed(asker)


async def _owed(asker: Asker) -> list[str]:
    owed = await bills.page(asker.customer.id, states=bills.OWED, limit=_MOST_BILLS)
    if not owed:
        return [asker.say("plans.nothing_owed")]
    owed.sort(key=lambda bill: bill.due_at)
    lines = [
        asker.say("plans.owed_line", title=bill.title, owed_fen=bill.owed_fen, due_at=bill.due_at)
        for bill in owed
    ]
    total_fen = sum(bill.owed_fen for bill in owed)
    return [asker.say("plans.owed", total_fen=total_fen), *lines, asker.say("plans.how")]
