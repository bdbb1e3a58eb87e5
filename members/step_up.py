"""Showing again who one is: what only somebody may do who has shown it lately, and what nobody may do without a second factor."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from core import clock, errors
from members import duties, sign_in_rules

STEP_UP: frozenset[duties.Duty] = frozenset({"money.move", "money.approve", "rules.change", "people.change"})
"""What is done with these duties asks for a fresh session."""


class StepUpRequired(errors.Forbidden):
    """The caller is signed in, and must show again who they are first; ``params.by`` says how."""

    code = "step_up_required"


class SecondFactorRequired(errors.Forbidden):
    """The caller's role calls for a second factor, and they have none: they get one before anything else."""

    code = "second_factor_required"


class Standing(Protocol):
    """What is asked of who is signed in."""

    @property
    def posts(self) -> tuple[duties.Post, ...]: ...

    @property
    def fresh_at(self) -> datetime | None: ...

    @property
    def has_second_factor(self) -> bool: ...

    @property
    def has_totp(self) -> bool: ...

    @property
    def has_passkey(self) -> bool: ...


def fresh_until(who: Standing) -> datetime | None:
    """Until when nothing asks them again; None: it does now."""
    if who.fresh_at is None:
        return None
    until = who.fresh_at + sign_in_rules.current().fresh
    return until if until > clock.now() else None


def must_enrol(who: Standing) -> bool:
    """Whether they have to get a second factor before they may do anything else."""
    required = sign_in_rules.current().second_factor_required_for
    held = {post.role if post.role in duties.ROLES else "custom" for post in who.posts}
    return not who.has_second_factor and not required.isdisjoint(held)


def refuse_unenrolled(who: Standing) -> None:
    """Refuses who has to get a second factor first.

    Raises:
        SecondFactorRequired.
    """
    if must_enrol(who):
        raise SecondFactorRequired


def refuse_stale(who: Standing, duty: duties.Duty | None) -> None:
    """Refuses what asks for a fresh session in one that is not.

    Raises:
        StepUpRequired.
    """
    if duty not in STEP_UP:
        return
    wanted = sign_in_rules.current().step_up
    if wanted == "always" or (wanted == "with_second_factor" and who.has_second_factor):
        refuse_not_fresh(who)


def refuse_not_fresh(who: Standing) -> None:
    """Refuses a session that is not fresh, whatever the shop has chosen: for what changes how somebody signs in.

    Raises:
        StepUpRequired.
    """
    if fresh_until(who) is None:
        raise StepUpRequired(**_how(who))


def _how(who: Standing) -> dict[str, Any]:
    if not who.has_second_factor:
        return {"by": ["password"]}
    ways = (("totp", who.has_totp), ("passkey", who.has_passkey), ("recovery_code", True))
    return {"by": [way for way, has in ways if has]}
