"""计划: recurring deductions, and what is owed now."""

from __future__ import annotations

from billing import bills, plans
from bot.asker import Asker

_MOST_PLANS = 50
_MOST_BILLS = 20


async def answer(asker: Asker) -> list[str]:
    """The plans that run, with when they are next deducted, and the bills that are not paid yet."""
    mine = await plans.page(asker.customer.id, limit=_MOST_PLANS)
    running = [plan for plan in mine if plan.state in ("active", "paused")]
    lines = [asker.say("plans.title" if running else "plans.none")]
    lines += [_line(asker, plan) for plan in running]
    if running:
        lines.append(asker.say("plans.how_to_change", plan_id=running[0].id))
    return lines + await _owed(asker)


def _line(asker: Asker, plan: plans.Plan) -> str:
    if plan.state == "paused":
        return asker.say("plans.paused", name=plan.name, plan_id=plan.id)
    return asker.say(
        "plans.line" if plan.next_due_on else "plans.last",
        name=plan.name,
        plan_id=plan.id,
        cycle=per_what(asker, plan),
        amount_fen=plan.amount_fen,
        next_due_on=plan.next_due_on,
    )


def per_what(asker: Asker, plan: plans.Plan) -> str:
    """How often a plan is taken, or for what of a plan by use."""
    if plan.terms.unit is not None:
        return asker.say("plans.cycle.used", unit=plan.terms.unit)
    return asker.say(f"plans.cycle.{plan.cycle if plan.terms.rule.interval == 1 else 'custom'}")


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
