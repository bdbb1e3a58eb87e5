"""What ``yucun liability`` prints: what customers are owed, at an instant or at two with what moved it in between."""

from __future__ import annotations

from datetime import date, datetime

from core import clock, money
from reports import liability

When = date | datetime | None


async def of(*, at: When, begins: When, ends: When) -> list[str]:
    """The report in yuan; a day stands for its first instant in the shop's zone.

    Raises:
        liability.InstantOrTwo, liability.NotYet, liability.InstantsReversed.
    """
    found = await liability.report(
        at_instant=_instant(at), begins_at=_instant(begins), ends_at=_instant(ends)
    )
    if isinstance(found, liability.Owed):
        return [_owed(found)]
    return [_owed(found.opening), *map(_movement, found.movements), _owed(found.closing)]


def _instant(when: When) -> datetime | None:
    return when if when is None or isinstance(when, datetime) else clock.start_of(when)


def _owed(owed: liability.Owed) -> str:
    zone = clock.zone()
    return (
        f"{owed.at.astimezone(zone):%Y-%m-%d %H:%M:%S} ({zone.key})  应付顾客 · owed {money.yuan(owed.total_fen)}"
        f" = 本金 · principal {money.yuan(owed.principal_fen)} + 赠送 · bonus {money.yuan(owed.bonus_fen)};"
        f" 顾客 · customers {owed.customers}"
    )


def _movement(moved: liability.Movement) -> str:
    return (
        f"  {moved.kind} ×{moved.changes}  {money.yuan(moved.total_fen)}"
        f" = 本金 · principal {money.yuan(moved.principal_fen)} + 赠送 · bonus {money.yuan(moved.bonus_fen)}"
    )
