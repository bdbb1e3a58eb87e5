"""Standing orders changed by a confirmation: what a customer was shown of one, and the change of exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from billing import confirmed, plan_actors
from core import clock
from shop import standing_pauses, standing_rows, standing_shown

Verb = Literal["pause", "resume", "skip", "cancel"]
NotAsShown = confirmed.NotAsShown
NoSuchStandingOrder = standing_shown.NoSuchStandingOrder

CHANGED_FROM: dict[Verb, tuple[str, ...]] = {
    "pause": ("active",), "skip": ("active",), "resume": ("paused",), "cancel": ("active", "paused"),
}  # fmt: skip
"""In which states its customer can do what."""
_LOOKED_AT = 14


@dataclass(frozen=True, slots=True)
class Shown:
    """A standing order as a question about it shows it, with the next delivery that is still to be ordered. ``mark`` differs when anything
    that decides what the change means does."""

    standing: standing_shown.StandingOrder
    coming: standing_shown.Coming | None

    @property
    def mark(self) -> str:
        one, coming = self.standing, self.coming
        day = None if coming is None else coming.day
        return "|".join(map(str, (one.state, one.most_fen, one.ends_on, one.resume_on, day)))


async def show(customer_id: int, standing_id: int) -> Shown:
    """A standing order of the customer as it is to be shown with the question.

    Raises:
        NoSuchStandingOrder: it is not theirs or does not exist.
    """
    one = await standing_shown.get(standing_id, customer_id=customer_id)
    if one.state not in ("active", "paused"):
        return Shown(one, None)
    ahead = await standing_shown.ahead(standing_id, customer_id=customer_id, most=_LOOKED_AT)
    to_come = (
        each for each in ahead if each.state in ("upcoming", "waiting") and each.deliver_on >= clock.today()
    )
    return Shown(one, next(to_come, None))


async def change(customer_id: int, standing_id: int, verb: Verb, mark: str, *, key: str) -> standing_shown.StandingOrder:  # fmt: skip
    """Changes one that still is as it was shown with ``mark``. The same key again changes nothing.

    Raises:
        NotAsShown: it was changed, or a delivery of it ordered, since.
        NoSuchStandingOrder, NotByCustomers, KeyReused.
    """

    async def act() -> None:
        await standing_rows.locked(standing_id, customer_id)
        shown = await show(customer_id, standing_id)
        if shown.mark != mark or shown.standing.state not in CHANGED_FROM[verb]:
            raise NotAsShown
        await _do(plan_actors.by_customer(customer_id), verb, shown, key)

    content = {"standing_id": standing_id, "verb": verb, "mark": mark}
    await confirmed.once(customer_id, what="standing", key=key, content=content, act=act)
    return await standing_shown.get(standing_id, customer_id=customer_id)


async def _do(actor: plan_actors.Actor, verb: Verb, shown: Shown, key: str) -> None:
    standing_id = shown.standing.id
    if verb == "pause":
        await standing_pauses.pause(actor, standing_id, key=key)
    elif verb == "resume":
        await standing_pauses.resume(actor, standing_id, key=key)
    elif verb == "cancel":
        await standing_pauses.end(actor, standing_id)
    elif shown.coming is None:
        raise NotAsShown
    else:
        await standing_pauses.skip(actor, standing_id, shown.coming.day, key=key)
