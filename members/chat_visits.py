"""Who came by which QR code of the official account: counted for the shop, attributed to a store and an operator, forgotten with the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import clock, db


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a code has to say to who scanned it; "": what the house says."""

    text_zh: str
    text_en: str


_VISIT = """
WITH scanned AS (SELECT id, welcome_zh, welcome_en FROM chat_scene WHERE app_id = $1 AND scene = $2),
noted AS (
    INSERT INTO chat_visit (scene_id, app_id, openid, is_follow, at) SELECT id, $1, $3, $4, $5 FROM scanned
)
SELECT welcome_zh, welcome_en FROM scanned
"""


async def visited(app_id: str, scene: str, openid: str, *, is_follow: bool) -> Welcome | None:
    """Somebody scanned a code, and followed by it or was a follower already. Part of the transaction that answers them, so a scan
    that is told again counts once. None: it is no code of ours."""
    row = await db.fetchrow(_VISIT, app_id, scene, openid, is_follow, clock.now())
    return None if row is None else Welcome(*row)


@dataclass(frozen=True, slots=True)
class Visit:
    """One scan: where the code hangs, and whose customers those are who come by it."""

    scene_id: int
    title: str
    store: str | None
    table_no: str
    operator_id: int | None
    is_follow: bool
    at: datetime


_OF = """
SELECT s.id, s.title, t.code AS store, s.table_no, s.operator_id, v.is_follow, v.at
FROM identity i JOIN chat_visit v ON v.app_id = i.app_id AND v.openid = i.subject JOIN chat_scene s ON s.id = v.scene_id
LEFT JOIN store t ON t.id = s.store_id
WHERE i.customer_id = $1 AND i.provider = 'official_account' ORDER BY v.id {} LIMIT 1
"""


async def origin(customer_id: int) -> tuple[Visit | None, Visit | None]:
    """The first code a customer ever scanned, which is how the shop won them, and the last one."""
    first, last = [await db.fetchrow(_OF.format(order), customer_id) for order in ("", "DESC")]
    return (None if first is None else Visit(*first)), (None if last is None else Visit(*last))


_STORE_OF = """
SELECT s.store_id FROM chat_visit v JOIN chat_scene s ON s.id = v.scene_id
WHERE v.app_id = $1 AND v.openid = $2 AND s.store_id > 0 ORDER BY v.id DESC LIMIT 1
"""


async def store_of(app_id: str, openid: str) -> int:
    """The store whose code somebody scanned last; 0: none."""
    return await db.fetchval(_STORE_OF, app_id, openid) or 0


_FORGET = """
UPDATE chat_visit v SET openid = NULL FROM identity i
WHERE i.customer_id = $1 AND i.provider = 'official_account' AND v.app_id = i.app_id AND v.openid = i.subject
"""


async def forget(customer_id: int) -> None:
    """That somebody scanned, stays counted; that it was this customer is forgotten. Part of the caller's transaction."""
    await db.execute(_FORGET, customer_id)
