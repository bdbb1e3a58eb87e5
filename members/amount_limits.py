"""Amounts that somebody may move without a second person: what a role says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["counter", "adjustments", "refunds", "write_offs", "credit", "gifts"]
"""What amounts are counted together. ``counter``: taken there, undone there, vouchers; ``adjustments``: of balances, and what goes from one
customer to another; ``refunds``: of bills, top-ups, orders and places, and what goes back to strangers; ``write_offs``: what is owed and
given up; ``credit``: limits that are raised; ``gifts``: points and coupons."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Most:
    """How much of one kind, in fen, on one business day: ``most_fen`` for one customer (or whom else it is about), ``day_fen`` for all
    together. None: as much as there is."""

    most_fen: int | None = None
    day_fen: int | None = None

    def covers(self, other: Most) -> bool:
        """Whether it is as much as the other, or more."""
        return _is_as_much(self.most_fen, other.most_fen) and _is_as_much(self.day_fen, other.day_fen)

    @property
    def is_open(self) -> bool:
        """Whether it says nothing."""
        return self.most_fen is None and self.day_fen is None


Limits = Mapping[Kind, Most]
"""What a role says. A kind it does not name has no limit."""

NOTHING = Most(0, 0)
OPEN = Most()


def height(most: Most) -> tuple[float, float]:
    """By which several are put in order, the highest last."""
    return _or_infinite(most.most_fen), _or_infinite(most.day_fen)


def plain(limits: Limits) -> dict[str, list[int | None]]:
    """As it is kept: kinds without a limit are left out."""
    return {kind: [most.most_fen, most.day_fen] for kind, most in limits.items() if not most.is_open}


def of_plain(kept: Mapping[str, Any] | None) -> dict[Kind, Most]:
    """The reverse; kinds that are not known here are left out."""
    return {kind: Most(*kept[kind]) for kind in KINDS if kept is not None and kind in kept}


def _is_as_much(one: int | None, other: int | None) -> bool:
    return one is None or (other is not None and one >= other)


def _or_infinite(fen: int | None) -> float:
    return math.inf if fen is None else fen
