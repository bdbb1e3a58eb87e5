"""Rules of operators' sign-in: how long a session lasts, what calls for a second factor. Every process is given them once, from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from members import duties

Holders = duties.FixedRole | Literal["custom"]
"""Whose role it is; ``custom``: all roles that the shop has composed itself."""

StepUp = Literal["off", "with_second_factor", "always"]
"""Who shows again who they are before money moves: nobody, operators who have a second factor, everybody."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's choices. ``config.example.toml`` explains each under ``[operators]``."""

    session_lifetime: timedelta = timedelta(hours=12)
    idle: timedelta | None = None
    """So long a session may go unused; None: as long as it lasts."""
    step_up: StepUp = "with_second_factor"
    fresh: timedelta = timedelta(minutes=10)
    """So long after somebody showed who they are, nothing asks them again."""
    second_factor_required_for: frozenset[Holders] = frozenset()
    """Who has one of these roles and no second factor may do nothing but get one."""
    shop_name: str = "Yucun"
    """What authenticator apps and browsers call us."""
    public_url: str = "http://localhost"
    """Where the pages stand on which passkeys are used."""


_DEFAULT = Rules()
_current = _DEFAULT


def current() -> Rules:
    """The rules in force in this process."""
    return _current


def use(chosen: Rules = _DEFAULT) -> None:
    """From now on these rules are in force; without an argument the default ones."""
    global _current
    _current = chosen
