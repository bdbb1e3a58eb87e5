"""暂停计划 12, 恢复计划 12, 跳过计划 12, 取消计划 12: changing a plan by its number, as the answer to 计划 shows it.

Whoever says so in other words (牛奶先别送了) is told what it would mean for which plan, and the words that do it; of one plan a yes does it
too, of several a number picks one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import date
from typing import cast

from billing import plan_actors, plan_confirmed, plan_pages, plan_pauses, plans
from billing.plan_confirmed import Verb
from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, Subject
from bot.plans import per_what
from bot.understanding.plain import plain
from core import ids

_CHANGES = re.compile(
    r"\s*(?:(?P<chinese>暂停|暫停|恢复|恢復|跳过|跳過|取消)\s*(?:计划|計劃|計畫)|(?P<english>pause|resume|skip|cancel)\s+plan)"
    r"\s*(?P<number>[0-9]{1,18})\s*[。.!]?\s*"
)
_VERBS = {
    "暂停": "pause", "暫停": "pause", "恢复": "resume", "恢復": "resume", "跳过": "skip", "跳過": "skip", "取消": "cancel",
}  # fmt: skip
_UNDONE_BY: dict[Verb, Verb] = {"pause": "resume", "resume": "pause"}


def asked(text: str) -> tuple[Change, str] | None:
    """The change a text asks for, and the language it does so in; None when it asks for none."""
    match = _CHANGES.fullmatch(unicodedata.normalize("NFKC", text[:200]).casefold())
    if match is None:
        return None
    chinese = match["chinese"]
    verb = match["english"] if chinese is None else _VERBS[chinese]
    return Change(cast("Verb", verb), int(match["number"])), "en" if chinese is None else "zh-CN"


class Change:
    """A change of a plan somebody has asked for: answered by making it."""

    def __init__(self, verb: Verb, plan_id: int) -> None:
        self._verb, self._plan_id = verb, plan_id

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        actor, plan_id, key = plan_actors.by_customer(asker.customer.id), self._plan_id, ids.new_no("K")
        plan, coming = await plans.get(asker.customer.id, plan_id), None
        if self._verb == "pause":
            await plan_pauses.pause(actor, plan_id, key=key)
        elif self._verb == "resume":
            await plan_pauses.resume(actor, plan_id, key=key)
        elif self._verb == "cancel":
            await plans.stop(actor, plan_id)
        else:
            coming = await plan_pages.next_to_skip(plan_id)
            if coming is None:
                return [asker.say("plan_changes.nothing_ahead")]
            await plan_pauses.skip(actor, plan_id, coming.period_no, key=key)
        outcome = await _told(asker, self._verb, plan, None if coming is None else coming.due_on)
        asker.turn.did(outcome)
        return outcome.lines


async def _told(asker: Asker, verb: Verb, plan: plans.Plan, due_on: date | str | None) -> Outcome:
    lines = [asker.say(f"plan_changes.{verb}", name=plan.name, plan_id=plan.id, due_on=due_on)]
    back = _UNDONE_BY.get(verb)
    if back is None:
        return Outcome(lines, kept_because=f"plan_changes.no_undo.{verb}")
    shown = await plan_confirmed.show(asker.customer.id, plan.id, back)
    return Outcome(lines, Choice(f"{back}_plan", {"plan_id": plan.id}), shown.mark)


_MOST_PLANS = 50
_MOST_SHOWN = 6


def proposal(verb: Verb) -> Callable[[Asker], Awaitable[list[str]]]:
    """The answer to somebody who wants a plan changed, in whatever words: nothing changes before they say which, to the letter, or yes."""

    async def answer(asker: Asker) -> list[str]:
        mine = await plans.page(asker.customer.id, limit=_MOST_PLANS)
        able = [plan for plan in mine if plan.state in plan_confirmed.CHANGED_FROM[verb]]
        if not able:
            return [asker.say(f"plan_changes.none_to.{verb}")]
        meant = _meant(asker, able)[:_MOST_SHOWN]
        if len(meant) == 1:
            return await propose(verb)(asker, {"plan_id": meant[0].id})
        lines = [asker.say(f"plan_changes.to.{verb}", name=plan.name, plan_id=plan.id) for plan in meant]
        asker.turn.offer([Choice(f"{verb}_plan", {"plan_id": plan.id}) for plan in meant])
        return [asker.say(f"plan_changes.means.{verb}"), *asker.numbered(lines)]

    return answer


def propose(verb: Verb) -> Callable[[Asker, Subject], Awaitable[list[str]]]:
    """The question whether that plan is to be changed, with all that decides what it means."""

    async def answer(asker: Asker, subject: Subject) -> list[str]:
        shown = await plan_confirmed.show(asker.customer.id, subject["plan_id"], verb)
        plan = shown.plan
        if plan.state not in plan_confirmed.CHANGED_FROM[verb]:
            return [asker.say(f"plan_changes.is.{plan.state}", name=plan.name, plan_id=plan.id)]
        if verb == "skip" and shown.period is None:
            return [asker.say("plan_changes.nothing_ahead")]
        due_on = None if shown.period is None else shown.period.due_on.isoformat()
        asker.turn.propose(f"{verb}_plan", {"plan_id": plan.id, "due_on": due_on}, shown.mark)
        to_the_letter = asker.say(f"plan_changes.to.{verb}", name=plan.name, plan_id=plan.id)
        return [
            asker.say(f"plan_changes.means.{verb}"),
            to_the_letter,
            *asker.yes_does(_what(asker, verb, shown)),
        ]

    return answer


def _what(asker: Asker, verb: Verb, shown: plan_confirmed.Shown) -> str:
    plan, period = shown.plan, shown.period
    next_on = plan.next_due_on if period is None else period.due_on
    key = "plan_changes.next" if next_on and plan.state == "active" else "plan_changes.no_next"
    return asker.say(
        f"plan_changes.what.{verb}",
        name=plan.name,
        plan_id=plan.id,
        cycle=per_what(asker, plan),
        amount_fen=plan.amount_fen if period is None else period.amount_fen,
        due_on=next_on,
        next=asker.say(key, due_on=next_on),
    )


def do(verb: Verb) -> Callable[[Asker, Proposal], Awaitable[Outcome]]:
    """The change of a plan somebody has said yes to."""

    async def answer(asker: Asker, proposal: Proposal) -> Outcome:
        plan = await plan_confirmed.change(
            asker.customer.id, proposal.subject["plan_id"], verb, proposal.mark, key=proposal.number
        )
        return await _told(asker, verb, plan, proposal.subject.get("due_on"))

    return answer


def _meant(asker: Asker, able: list[plans.Plan]) -> list[plans.Plan]:
    """The plans whose number or name is in the text; all of them where there is none."""
    slots, text = asker.asked.slots, asker.asked.text
    by_number = [plan for plan in able if slots.number == str(plan.id)]
    by_name = [
        plan
        for plan in able
        if plain(plan.name) in text or (len(slots.unknown) > 1 and slots.unknown in plain(plan.name))
    ]
    return by_number or by_name or able
