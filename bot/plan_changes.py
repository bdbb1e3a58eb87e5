"""暂停计划 12, 恢复计划 12, 跳过计划 12, 取消计划 12: changing a plan by its number, as the answer to 计划 shows it.

Whoever says so in other words (牛奶先别送了) is told what it would mean for which plan, and the words that do it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable

from billing import plan_actors, plan_pages, plan_pauses, plans
from bot.asker import Asker
from bot.understanding.plain import plain
from core import ids

_CHANGES = re.compile(
    r"\s*(?:(?P<chinese>暂停|暫停|恢复|恢復|跳过|跳過|取消)\s*(?:计划|計劃|計畫)|(?P<english>pause|resume|skip|cancel)\s+plan)"
    r"\s*(?P<number>[0-9]{1,18})\s*[。.!]?\s*"
)
_VERBS = {
    "暂停": "pause", "暫停": "pause", "恢复": "resume", "恢復": "resume", "跳过": "skip", "跳過": "skip", "取消": "cancel",
}  # fmt: skip


def asked(text: str) -> tuple[Change, str] | None:
    """The change a text asks for, and the language it does so in; None when it asks for none."""
    match = _CHANGES.fullmatch(unicodedata.normalize("NFKC", text[:200]).casefold())
    if match is None:
        return None
    chinese = match["chinese"]
    verb = match["english"] if chinese is None else _VERBS[chinese]
    return Change(verb, int(match["number"])), "en" if chinese is None else "zh-CN"


class Change:
    """A change of a plan somebody has asked for: answered by making it."""

    def __init__(self, verb: str, plan_id: int) -> None:
        self._verb, self._plan_id = verb, plan_id

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        actor, plan_id, key = plan_actors.by_customer(asker.customer.id), self._plan_id, ids.new_no("K")
        plan = await plans.get(asker.customer.id, plan_id)
        if self._verb == "pause":
            await plan_pauses.pause(actor, plan_id, key=key)
        elif self._verb == "resume":
            await plan_pauses.resume(actor, plan_id, key=key)
        elif self._verb == "cancel":
            await plans.stop(actor, plan_id)
        else:
            return await self._skip(asker, actor, key)
        return [asker.say(f"plan_changes.{self._verb}", name=plan.name, plan_id=plan_id)]

    async def _skip(self, asker: Asker, actor: plan_actors.Actor, key: str) -> list[str]:
        coming = await plan_pages.next_to_skip(self._plan_id)
        if coming is None:
            return [asker.say("plan_changes.nothing_ahead")]
        await plan_pauses.skip(actor, self._plan_id, coming.period_no, key=key)
        plan = await plans.get(asker.customer.id, self._plan_id)
        return [asker.say("plan_changes.skip", name=plan.name, due_on=coming.due_on)]


_CHANGED_FROM = {
    "pause": ("active",),
    "skip": ("active",),
    "resume": ("paused",),
    "cancel": ("active", "paused"),
}
_MOST_PLANS = 50
_MOST_SHOWN = 6


def proposal(verb: str) -> Callable[[Asker], Awaitable[list[str]]]:
    """The answer to somebody who wants a plan changed, in whatever words: nothing changes before they say which, to the letter."""

    async def answer(asker: Asker) -> list[str]:
        mine = await plans.page(asker.customer.id, limit=_MOST_PLANS)
        able = [plan for plan in mine if plan.state in _CHANGED_FROM[verb]]
        if not able:
            return [asker.say(f"plan_changes.none_to.{verb}")]
        meant = _meant(asker, able)
        lines = [asker.say(f"plan_changes.to.{verb}", name=plan.name, plan_id=plan.id) for plan in meant]
        return [asker.say(f"plan_changes.means.{verb}"), *lines[:_MOST_SHOWN]]

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
