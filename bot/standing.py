"""周期订购: goods that come again and again, what comes next, and pausing, resuming, skipping or ending one by its number or a yes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from typing import cast

from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, Subject
from core import ids
from shop import standing_confirmed, standing_shown
from shop.standing_confirmed import Verb

_CHANGES = re.compile(
    r"\s*(?:(?P<chinese>暂停|暫停|恢复|恢復|跳过|跳過|取消)\s*(?:订购|訂購)|(?P<english>pause|resume|skip|cancel)\s+delivery)"
    r"\s*(?P<number>[0-9]{1,18})\s*[。.!]?\s*"
)
_VERBS = {
    "暂停": "pause", "暫停": "pause", "恢复": "resume", "恢復": "resume", "跳过": "skip", "跳過": "skip", "取消": "cancel",
}  # fmt: skip
_MEANT: tuple[tuple[frozenset[str], Verb], ...] = (
    (frozenset({"PAUSE"}), "pause"),
    (frozenset({"RESUME", "ON"}), "resume"),
    (frozenset({"SKIP"}), "skip"),
    (frozenset({"CANCEL", "STOP", "OFF", "NOT"}), "cancel"),
)
_UNDONE_BY: dict[Verb, Verb] = {"pause": "resume", "resume": "pause"}
_MOST = 6


def deed(verb: Verb) -> str:
    """What it is called where it is proposed."""
    return f"{verb}_standing"


async def answer(asker: Asker) -> list[str]:
    """The standing orders that run, with what comes next of each; or the question about the one that is to be changed."""
    running = [one for one in await standing_shown.page(customer_id=asker.customer.id, limit=20) if one.state in ("active", "paused")]  # fmt: skip
    if not running:
        return [asker.say("standing.none")]
    verb = next((verb for concepts, verb in _MEANT if asker.asked.names(concepts)), None)
    if verb is not None:
        return await _proposal(asker, verb, running)
    lines = [await _line(asker, one) for one in running[:_MOST]]
    return [asker.say("standing.title"), *lines, asker.say("standing.how", number=running[0].id)]


async def _line(asker: Asker, one: standing_shown.StandingOrder) -> str:
    coming = (await standing_confirmed.show(asker.customer.id, one.id)).coming
    if coming is None:
        return asker.say(f"standing.nothing_ahead.{one.state}", name=one.name, number=one.id)
    key = "standing.line" if coming.covered else "standing.line_short"
    return asker.say(
        key, name=one.name, number=one.id, deliver_on=coming.deliver_on, amount_fen=coming.amount_fen
    )


async def _proposal(asker: Asker, verb: Verb, running: list[standing_shown.StandingOrder]) -> list[str]:
    able = [one for one in running if one.state in standing_confirmed.CHANGED_FROM[verb]]
    if not able:
        return [asker.say(f"standing.none_to.{verb}")]
    named = [one for one in able if asker.asked.slots.number == str(one.id)] or able
    if len(named) == 1:
        return await propose(verb)(asker, {"standing_id": named[0].id})
    shown = named[:_MOST]
    asker.turn.offer([Choice(deed(verb), {"standing_id": one.id}) for one in shown])
    lines = [asker.say(f"standing.to.{verb}", name=one.name, number=one.id) for one in shown]
    return [asker.say(f"standing.means.{verb}"), *asker.numbered(lines)]


def propose(verb: Verb) -> Callable[[Asker, Subject], Awaitable[list[str]]]:
    """The question whether that one is to be changed."""

    async def answer(asker: Asker, subject: Subject) -> list[str]:
        shown = await standing_confirmed.show(asker.customer.id, subject["standing_id"])
        one, coming = shown.standing, shown.coming
        if one.state not in standing_confirmed.CHANGED_FROM[verb] or (verb == "skip" and coming is None):
            return [asker.say(f"standing.nothing_ahead.{one.state}", name=one.name, number=one.id)]
        day = None if coming is None else coming.deliver_on.isoformat()
        asker.turn.propose(deed(verb), {"standing_id": one.id, "deliver_on": day}, shown.mark)
        what = asker.say(
            f"standing.what.{verb}{'' if day else '_none'}",
            name=one.name,
            number=one.id,
            deliver_on=day,
            amount_fen=0 if coming is None else coming.amount_fen,
        )
        means = asker.say(f"standing.means.{verb}")
        return [
            means,
            asker.say(f"standing.to.{verb}", name=one.name, number=one.id),
            *asker.yes_does(what),
        ]

    return answer


def do(verb: Verb) -> Callable[[Asker, Proposal], Awaitable[Outcome]]:
    """The change somebody has said yes to."""

    async def answer(asker: Asker, proposal: Proposal) -> Outcome:
        subject = proposal.subject
        return await _do(asker, verb, subject["standing_id"], proposal.mark, subject.get("deliver_on"), proposal.number)  # fmt: skip

    return answer


async def _do(
    asker: Asker, verb: Verb, standing_id: int, mark: str, deliver_on: str | None, key: str
) -> Outcome:
    one = await standing_confirmed.change(asker.customer.id, standing_id, verb, mark, key=key)
    lines = [asker.say(f"standing.done.{verb}", name=one.name, number=one.id, deliver_on=deliver_on)]
    back = _UNDONE_BY.get(verb)
    if back is None:
        return Outcome(lines, kept_because=f"standing.no_undo.{verb}")
    after = await standing_confirmed.show(asker.customer.id, standing_id)
    return Outcome(lines, Choice(deed(back), {"standing_id": standing_id}), after.mark)


def asked(text: str) -> tuple[Change, str] | None:
    """The change a text asks for to the letter, and the language it does so in; None when it asks for none."""
    match = _CHANGES.fullmatch(unicodedata.normalize("NFKC", text[:200]).casefold())
    if match is None:
        return None
    chinese = match["chinese"]
    verb = match["english"] if chinese is None else _VERBS[chinese]
    return Change(cast("Verb", verb), int(match["number"])), "en" if chinese is None else "zh-CN"


class Change:
    """A change of a standing order by its number: answered by making it."""

    def __init__(self, verb: Verb, standing_id: int) -> None:
        self._verb, self._standing_id = verb, standing_id

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        shown = await standing_confirmed.show(asker.customer.id, self._standing_id)
        one, coming = shown.standing, shown.coming
        if one.state not in standing_confirmed.CHANGED_FROM[self._verb] or (
            self._verb == "skip" and coming is None
        ):
            return [asker.say(f"standing.nothing_ahead.{one.state}", name=one.name, number=one.id)]
        day = None if coming is None else coming.deliver_on.isoformat()
        outcome = await _do(asker, self._verb, one.id, shown.mark, day, ids.new_no("K"))
        asker.turn.did(outcome)
        return outcome.lines
