"""余额低于50元提醒我: from which balance on somebody wants to be told."""

from __future__ import annotations

from billing import confirmed
from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal
from members import customers

DEED = "threshold"
_NO = frozenset({"NOT", "OFF", "CANCEL", "STOP"})


async def answer(asker: Asker) -> list[str]:
    """Sets the amount that was named, or none where no alert is wanted; with neither or both it says what is set."""
    wanted_fen, unwanted = asker.asked.slots.money_fen, asker.asked.names(_NO)
    if (wanted_fen is None) != unwanted:
        return _now(asker)
    was_fen = asker.customer.low_balance_threshold_fen
    await customers.set_threshold(asker.customer.id, wanted_fen)
    lines = [_told(asker, wanted_fen)]
    asker.turn.did(Outcome(lines, Choice(DEED, {"threshold_fen": was_fen}), str(wanted_fen)))
    return lines


async def set_back(asker: Asker, proposal: Proposal) -> Outcome:
    """The alert as it was before it was changed here; not if it was changed again since."""
    if str(asker.customer.low_balance_threshold_fen) != proposal.mark:
        raise confirmed.NotAsShown
    was_fen = proposal.subject["threshold_fen"]
    await customers.set_threshold(asker.customer.id, was_fen)
    return Outcome([_told(asker, was_fen)])


def _told(asker: Asker, threshold_fen: int | None) -> str:
    key = "threshold.off" if threshold_fen is None else "threshold.set"
    return asker.say(key, threshold_fen=threshold_fen)


def _now(asker: Asker) -> list[str]:
    threshold_fen = asker.customer.low_balance_threshold_fen
    key = "threshold.none" if threshold_fen is None else "threshold.now"
    return [asker.say(key, threshold_fen=threshold_fen), asker.say("threshold.how")]
