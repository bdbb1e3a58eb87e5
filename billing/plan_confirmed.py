"""Plans changed by a confirmation: what a customer was shown of a plan, and the change of exactly that.

The due run may take a period between question and answer, an operator may change the plan, a price may be announced: then the
answer is to another question, and nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from billing import confirmed, plan_actors, plan_pages, plan_pauses, plans

Verb = Literal["pause", "resume", "skip", "cancel"]
NotAsShown = confirmed.NotAsShown
NoSuchPlan = plans.NoSuchPlan
NothingAhead = plan_pauses.PeriodNotAhead

CHANGED_FROM: dict[Verb, tuple[str, ...]] = {
    "pause": ("active",), "skip": ("active",), "resume": ("paused",), "cancel": ("active", "paused"),
}  # fmt: skip
"""In which states of a plan its customer can do what."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as a question about it shows it; ``period``: the one that would be skipped. ``mark`` differs when anything that decides
    what the change means does."""

    plan: plans.Plan
    period: plan_pages.Period | None

    @property
    def mark(self) -> str:
        plan, period = self.plan, self.period
        facts = [
            plan.state,
            plan.amount_fen,
            plan.next_due_on,
            plan.ends_on,
            plan.new_amount_fen,
            plan.new_amount_from,
        ]
        return "|".join(map(str, facts if period is None else [*facts, period.period_no, period.due_on, period.amount_fen]))  # fmt: skip


async def show(customer_id: int, plan_id: int, verb: Verb) -> Shown:
    """The plan as it is to be shown with the question.

    Raises:
        NoSuchPlan: it is not theirs or does not exist.
    """
    plan = await plans.get(customer_id, plan_id)
    return Shown(plan, await plan_pages.next_to_skip(plan_id) if verb == "skip" else None)


async def change(customer_id: int, plan_id: int, verb: Verb, mark: str, *, key: str) -> plans.Plan:
    """Changes a plan that still is as it was shown with ``mark``. The same key again changes nothing. Returns the plan as it is now.

    Raises:
        NotAsShown: it was changed, or a period of it taken, since.
        NoSuchPlan, NotByCustomers, PlanSuspended, KeyReused.
    """

    async def act() -> None:
        await plans.locked(plan_id, customer_id)  # the due run takes no period of it before this has ended
        shown = await show(customer_id, plan_id, verb)
        if shown.mark != mark or shown.plan.state not in CHANGED_FROM[verb]:
            raise NotAsShown
        await _do(plan_actors.by_customer(customer_id), verb, shown, key)

    content = {"plan_id": plan_id, "verb": verb, "mark": mark}
    await confirmed.once(customer_id, what="plan", key=key, content=content, act=act)
    return await plans.get(customer_id, plan_id)


async def _do(actor: plan_actors.Actor, verb: Verb, shown: Shown, key: str) -> None:
    plan_id = shown.plan.id
    if verb == "pause":
        await plan_pauses.pause(actor, plan_id, key=key)
    elif verb == "resume":
        await plan_pauses.resume(actor, plan_id, key=key)
    elif verb == "cancel":
        await plans.stop(actor, plan_id)
    elif shown.period is None:
        raise NothingAhead(plan_id=plan_id, period_no=0)
    else:
        await plan_pauses.skip(actor, plan_id, shown.period.period_no, key=key)
