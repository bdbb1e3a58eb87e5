"""余额低于50元提醒我: from which balance on somebody wants to be told."""

from __future__ import annotations

from bot.asker import Asker
from members import customers

_NO = frozenset({"NOT", "OFF", "CANCEL", "STOP"})


async def answer(asker: Asker) -> list[str]:
    """Sets the amount that was named, or none where no alert is wanted; with neither or both it says what is set."""
    wanted_fen, unwanted = asker.asked.slots.money_fen, asker.asked.names(_NO)
    if (wanted_fen is None) != unwanted:
        return _now(asker)
    if wanted_fen is None:
        await customers.set_threshold(asker.customer.id, None)
        return [asker.say("threshold.off")]
    await customers.set_threshold(asker.customer.id, wanted_fen)
    return [asker.say("threshold.set", threshold_fen=wanted_fen)]


def _now(asker: Asker) -> list[str]:
    threshold_fen = asker.customer.low_balance_threshold_fen
    key = "threshold.none" if threshold_fen is None else "threshold.now"
    return [asker.say(key, threshold_fen=threshold_fen), asker.say("threshold.how")]
