"""What the shop has chosen about money, as far as it varies in the model."""

from __future__ import annotations

from dataclasses import dataclass

MATCHING_ORDERS = ("oldest_due", "oldest_issued", "smallest_first")
CLAW_BACKS = ("pro_rata", "bonus_first", "unspent_only")
RIGHT_DAYS = (0, 7)


@dataclass(frozen=True)
class Terms:
    matching_order: str = "oldest_due"
    claw_back: str = "pro_rata"
    right_days: int = 0
