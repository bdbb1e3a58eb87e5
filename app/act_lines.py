"""What ``yucun acts`` prints, and whether the answer is yes."""

from __future__ import annotations

from app import seal_lines
from app.seal_lines import Said
from billing import upkeep
from members import act_seals


async def seal() -> Said:
    """Seals the acts of the business days that are over."""
    return seal_lines.sealed(await act_seals.run(), "acts")


async def verify() -> Said:
    """Computes every seal again from the acts; the shop's people are alerted of a difference."""
    otherwise = "封存之后操作记录被改动 · what operators did is NOT as it was sealed"
    return seal_lines.verified(await upkeep.verify_acts(), otherwise)
