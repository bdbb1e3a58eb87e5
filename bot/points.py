"""积分: the points somebody has, and what they are worth."""

from __future__ import annotations

from bot.asker import Asker
from members import points_desk, points_rules


async def answer(asker: Asker) -> list[str]:
    """What can be spent, what is over first, what is owed, and the shop's rule."""
    rule = await points_rules.current()
    if rule is None:
        return [asker.say("points.none")]
    held = await points_desk.balance(asker.customer.id)
    lines = [asker.say("points.have", points=held.points)]
    if held.ending and held.ends_at is not None:
        lines.append(asker.say("points.ending", points=held.ending, ends_at=held.ends_at))
    if held.owed:
        lines.append(asker.say("points.owed", points=held.owed))
    terms = rule
    if terms.off_points:
        lines.append(asker.say("points.off", points=terms.off_points))
    if terms.bonus_points:
        lines.append(asker.say("points.bonus", points=terms.bonus_points))
    return lines
