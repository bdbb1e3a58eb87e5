"""What is left of operators' sign-ins, tidied away by the clock."""

from __future__ import annotations

from members import sign_in_attempts, sign_in_challenges, sign_in_limits


async def forget() -> int:
    """Drops old attempts, challenges that are over, and failures that no longer count. Returns how many."""
    return await sign_in_attempts.forget() + await sign_in_challenges.forget() + await sign_in_limits.forget()
