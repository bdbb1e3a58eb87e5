"""What a yes, a no, a number and 撤销 do: the side of a dialogue that hears the answers.

A proposal is done once, and only if everything still is as it was shown; else it is proposed anew. It can be answered for some minutes.
A yes is to what was answered last: after something else in between the proposal is shown again, and wants another yes. Of a yes and a no
at once one counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from billing import confirmed
from bot import (
    assent,
    bookings,
    commands,
    greeting,
    messaging,
    order_changes,
    pay_bill,
    plan_changes,
    standing,
    threshold,
    top_up,
)
from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, State, Subject, Turn
from bot.understanding import Understood, understand
from core import clock
from members import conversations


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is proposed and then done. ``propose`` asks, or tells where nothing is to be confirmed; ``do`` does what was
    confirmed, and is also what undoes another."""

    propose: Callable[[Asker, Subject], Awaitable[list[str]]] | None = None
    do: Callable[[Asker, Proposal], Awaitable[Outcome]] | None = None


DEEDS: Mapping[str, Deed] = {
    "pause_plan": Deed(plan_changes.propose("pause"), plan_changes.do("pause")),
    "resume_plan": Deed(plan_changes.propose("resume"), plan_changes.do("resume")),
    "skip_plan": Deed(plan_changes.propose("skip"), plan_changes.do("skip")),
    "cancel_plan": Deed(plan_changes.propose("cancel"), plan_changes.do("cancel")),
    pay_bill.DEED: Deed(pay_bill.propose, pay_bill.do),
    "pay_order": Deed(order_changes.propose("pay"), order_changes.do("pay")),
    "cancel_order": Deed(order_changes.propose("cancel"), order_changes.do("cancel")),
    "pause_standing": Deed(standing.propose("pause"), standing.do("pause")),
    "resume_standing": Deed(standing.propose("resume"), standing.do("resume")),
    "skip_standing": Deed(standing.propose("skip"), standing.do("skip")),
    "cancel_standing": Deed(standing.propose("cancel"), standing.do("cancel")),
    bookings.DEED: Deed(bookings.propose, bookings.do),
    top_up.DEED: Deed(top_up.choose),
    threshold.DEED: Deed(do=threshold.set_back),
    messaging.DEED: Deed(do=messaging.set_back),
    messaging.OFFERS: Deed(messaging.propose_offers, messaging.agree),
}


def found(turn: Turn, reply: assent.Reply | None) -> commands.Found | None:
    """The command that a reply is in this dialogue; None where it is none, and is read like any other text."""
    if reply is None:
        return None
    answer: commands.Answer | None = None
    was = turn.was
    if reply.kind in ("confirm", "yes"):
        answer = partial(_yes, reply)
    elif reply.kind == "undo":
        answer = _undo
    elif reply.kind == "no" and was is not None:
        answer = _too_late if was.done and not was.is_over else _no if was.proposal or was.choices else None
    elif reply.kind == "pick" and was is not None and was.choices:
        answer = partial(_pick, reply.number)
    if answer is None:
        return None
    locale = reply.locale if was is None or reply.locale == "en" else was.locale
    command = commands.Command("dialogue", answer, for_strangers=True)
    # where nothing was asked, the shop may have an answer of its own to 好的
    is_to_the_letter = was is not None
    return commands.Found(command, locale, Understood(""), is_to_the_letter)


async def _yes(reply: assent.Reply, asker: Asker) -> list[str]:
    was = asker.turn.was
    if was is None or (was.done is not None and reply.kind == "yes"):
        return await greeting.thanks(asker) if was is not None else [asker.say("dialogue.nothing")]
    if was.done is not None:
        return [asker.say("dialogue.already")]
    if was.choices:
        return [asker.say("dialogue.choices_over" if was.is_over else "dialogue.which")]
    if was.proposal is None or asker.known is None:
        return [asker.say("dialogue.nothing")]
    if was.is_over:
        return await _anew(asker, was.proposal, "dialogue.over")
    if await _something_between(asker, was):
        return await _anew(asker, was.proposal, "dialogue.is_it_this")
    return await _confirmed(asker, was.proposal)


async def _confirmed(asker: Asker, proposal: Proposal) -> list[str]:
    do = DEEDS[proposal.deed].do if proposal.deed in DEEDS else None
    if do is None:
        return [asker.say("dialogue.nothing")]
    try:
        outcome = await do(asker, proposal)
    except confirmed.NotAsShown:
        return await _anew(asker, proposal, "dialogue.changed")
    except confirmed.KeyReused:
        return [asker.say("dialogue.was_dropped")]
    asker.turn.did(outcome, proposal.number)
    return outcome.lines


async def _anew(asker: Asker, proposal: Proposal, why: str) -> list[str]:
    propose = DEEDS[proposal.deed].propose if proposal.deed in DEEDS else None
    return [asker.say(why), *(await propose(asker, proposal.subject) if propose else [])]


async def _something_between(asker: Asker, was: State) -> bool:
    """Whether something else was asked, or people of the shop had the chat, since that was shown."""
    turn = asker.turn
    if await conversations.with_people_since(turn.app_id, turn.openid, asker.customer.id, after=was.said_in):
        return True
    said = await conversations.said_between(
        turn.app_id, turn.openid, after=was.said_in, before=turn.dedup_key
    )
    return any(assent.read(text) is None for text in said)


async def _no(asker: Asker) -> list[str]:
    was = asker.turn.was
    if was is not None and was.proposal is not None and asker.known is not None:
        try:
            await confirmed.drop(asker.customer.id, key=was.proposal.number)
        except confirmed.KeyReused:
            return [asker.say("dialogue.already")]
    asker.turn.drop()
    return [asker.say("dialogue.dropped")]


async def _too_late(asker: Asker) -> list[str]:
    """For a no to what is done."""
    return [asker.say("dialogue.done")]


async def _pick(number: int, asker: Asker) -> list[str]:
    was = asker.turn.was
    if was is None or was.is_over:
        return [asker.say("dialogue.choices_over")]
    most = len(was.choices)
    if number > most:
        return [asker.say("dialogue.no_such_choice", number=number, most=most)]
    choice = was.choices[number - 1 if number > 0 else most - 1]
    if choice.deed == "ask":
        return await _asked(asker, choice)
    propose = DEEDS[choice.deed].propose if choice.deed in DEEDS else None
    if propose is None or asker.known is None:
        return greeting.stranger(asker)
    return await propose(asker, choice.subject)


async def _asked(asker: Asker, choice: Choice) -> list[str]:
    """The answer to what was meant by a text that could mean several things."""
    command = commands.BY_NAME.get(choice.subject["intent"])
    if command is None:
        return [asker.say("dialogue.choices_over")]
    if asker.known is None and not command.for_strangers:
        return greeting.stranger(asker)
    understood = understand(choice.subject["text"], today=clock.today(), words=asker.lesson.words)
    asked = replace(understood, intent=command.name, choices=())
    return await command.answer(replace(asker, asked=asked))


async def _undo(asker: Asker) -> list[str]:
    was = asker.turn.was
    if was is not None and was.proposal is not None:
        return await _no(asker)
    done = None if was is None else was.done
    if was is None or done is None or asker.known is None:
        return [asker.say("dialogue.nothing_to_undo")]
    if done.undo is None:
        return [asker.say(done.kept_because)]
    if was.is_over:
        return [asker.say("dialogue.undo_over")]
    deed = DEEDS.get(done.undo.deed, Deed())
    if deed.propose is not None and await _something_between(asker, was):
        return await deed.propose(asker, done.undo.subject)  # what was done last may be something else
    if deed.do is None:
        return [asker.say("dialogue.nothing_to_undo")]
    undoing = Proposal(f"U{done.number}", done.undo.deed, done.undo.subject, done.mark)
    try:
        outcome = await deed.do(asker, undoing)
    except confirmed.NotAsShown:
        return [asker.say("dialogue.changed_since")]
    asker.turn.did(Outcome([], kept_because="dialogue.undone"), undoing.number)
    return [asker.say("dialogue.undo"), *outcome.lines]
