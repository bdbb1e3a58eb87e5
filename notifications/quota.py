"""The quota of subscribe messages: one accept of the customer is one send."""

from __future__ import annotations

from core import clock, db

_ADD = """
INSERT INTO subscribe_quota (app_id, openid, template_id, remaining, updated_at) VALUES ($1, $2, $3, greatest($4, 0), $5)
ON CONFLICT (app_id, openid, template_id)
DO UPDATE SET remaining = greatest(subscribe_quota.remaining + $4, 0), updated_at = $5
"""


async def accepted(app_id: str, openid: str, template_id: str) -> None:
    """The customer accepted the template once more."""
    await db.execute(_ADD, app_id, openid, template_id, 1, clock.now())


_TAKE = """
UPDATE subscribe_quota SET remaining = remaining - 1, updated_at = $4
WHERE app_id = $1 AND openid = $2 AND template_id = $3 AND remaining > 0 RETURNING remaining
"""


async def take(app_id: str, openid: str, template_id: str) -> bool:
    """Uses up one accept; False when there is none."""
    return await db.fetchval(_TAKE, app_id, openid, template_id, clock.now()) is not None


async def give_back(app_id: str, openid: str, template_id: str) -> None:
    """Returns an accept that was taken for a send that certainly did not happen."""
    await db.execute(_ADD, app_id, openid, template_id, 1, clock.now())


_EMPTY = """
UPDATE subscribe_quota SET remaining = 0, updated_at = $4 WHERE app_id = $1 AND openid = $2 AND template_id = $3
"""


async def exhausted(app_id: str, openid: str, template_id: str) -> None:
    """The platform says there is nothing left (43101, or the customer switched the template off)."""
    await db.execute(_EMPTY, app_id, openid, template_id, clock.now())
