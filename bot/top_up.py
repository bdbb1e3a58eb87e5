"""充值: the packages on offer and how to pay."""

from __future__ import annotations

from billing import packages
from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """The packages, and where to pay for one."""
    offered = await packages.offered()
    lines = [asker.say("top_up.title" if offered else "top_up.none")]
    for package in offered:
        key = "top_up.package" if package.bonus_fen else "top_up.package_without_bonus"
        lines.append(asker.say(key, name=package.name, pay_fen=package.pay_fen, bonus_fen=package.bonus_fen))
    return [*lines, asker.say("top_up.how")]
