"""The quota of subscribe messages: one accept of the customer is one send."""

from __future__ import annotations

from collections.abc import Mapping

from core import clock, db

_ADD = """
INSERT INTO subscribe_quota (app_id, openid, template_id, remaining, updated_at) VALUES ($1, $2, $3, greatest($4, 0), $5)
ON CONFLICT (app_id, openid, template_id)
DO UPDATE SET remaining = greatest(subscribe_quota.remaining + $4, 0), updated_at = $5
"""


async def accepted(app_id: str, openid: str, template_id: str) -> None:
    """The customer accepted the template once more."""
    await db.execute(_ADD, app_id, openid, template_id, 1, clock.now())


Target = tuple[str, str, str]
"""Whose accept of what: app id, openid, template id."""

_TAKE_MANY = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[]) AS w (app_id, openid, template_id, count)
), there AS (
    SELECT q.id, q.app_id, q.openid, q.template_id, least(q.remaining, w.count) AS taken
    FROM subscribe_quota q JOIN wanted w USING (app_id, openid, template_id)
    WHERE q.remaining > 0 ORDER BY q.id FOR NO KEY UPDATE OF q
)
UPDATE subscribe_quota q SET remaining = q.remaining - there.taken, updated_at = $5 FROM there WHERE q.id = there.id
RETURNING q.app_id, q.openid, q.template_id, there.taken
"""


@db.retried
async def take_many(wanted: Mapping[Target, int]) -> dict[Target, int]:
    """Uses up as many accepts as are wanted and there are; returns how many of each."""
    if not wanted:
        return {}
    targets = sorted(wanted)
    rows = await db.fetch(
        _TAKE_MANY,
        *(list(column) for column in zip(*targets, strict=True)),
        [wanted[target] for target in targets],
        clock.now(),
    )
    return {(row["app_id"], row["openid"], row["template_id"]): row["taken"] for row in rows}


async def give_back(app_id: str, openid: str, template_id: str) -> None:
    """Returns an accept that was taken for a send that certainly did not happen."""
    await db.execute(_ADD, app_id, openid, template_id, 1, clock.now())


_EMPTY = """
UPDATE subscribe_quota SET remaining = 0, updated_at = $4 WHERE app_id = $1 AND openid = $2 AND template_id = $3
"""


async def exhausted(app_id: str, openid: str, template_id: str) -> None:
    """The platform says there is nothing left (43101, or the customer switched the template off)."""
    await db.execute(_EMPTY, app_id, openid, template_id, clock.now())
