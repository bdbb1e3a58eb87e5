"""QR codes of the official account with a scene 带参数二维码: at a store, on a table, in an operator's hand.

A code is written down first and then asked for, at once (``make``) or by the clock; asking again for the same scene does no harm.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from billing import stores
from core import clock, db, errors, ids
from gateways.wechat import scene_codes
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from gateways.wechat.scene_codes import SceneCode
from ledger import idempotency
from shop import chat_menus, chat_texts

log = logging.getLogger(__name__)

KeyReused = idempotency.KeyReused
NoSuchStore = stores.NoSuchStore
TextUnfillable = chat_texts.TextUnfillable
TextTooLong = chat_texts.TextTooLong
NoOfficialAccount = chat_menus.NoOfficialAccount
LONGEST_DAYS = scene_codes.LONGEST_DAYS
MOST = 10_000
_BESIDE = 400
"""Bytes of what the house says beside a welcome."""
_LEASE, _LATER = timedelta(minutes=1), timedelta(minutes=10)
_FOR_NOW = frozenset({45009, 45011})


class Platform(Protocol):
    """Who makes codes; ``gateways.wechat.scene_codes.SceneCodes`` does."""

    async def create(self, scene: str, *, days: int | None = None) -> SceneCode: ...


class NoSuchScene(errors.NotFound):
    """There is no such code."""

    code = "no_such_scene"


class NoSuchSceneOperator(errors.NotFound):
    """There is no such operator whose customers those could be."""

    code = "no_such_scene_operator"


class TooManyScenes(errors.Conflict):
    """There are as many codes as one account should have."""

    code = "too_many_scenes"


class SceneForEver(errors.Conflict):
    """A code that is good for ever, and there, has nothing to be renewed."""

    code = "scene_for_ever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A code as an operator wants it. ``days`` None: for ever; ``operator_id``: whose customers follow by it."""

    title: str
    days: int | None = None
    store: str | None = None
    table_no: str = ""
    operator_id: int | None = None
    welcome_zh: str = ""
    welcome_en: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A code, and who came by it: scans in all, people who scanned, those who followed by it, those who are customers."""

    id: int
    scene: str
    title: str
    days: int | None
    store: str | None
    table_no: str
    operator_id: int | None
    welcome_zh: str
    welcome_en: str
    state: str
    ticket: str | None
    url: str | None
    expires_at: datetime | None
    errcode: int | None
    saved_by: str
    saved_at: datetime
    created_at: datetime
    scans: int
    people: int
    followed: int
    customers: int

    @property
    def picture_url(self) -> str | None:
        """Where its picture is, to be printed."""
        return None if self.ticket is None else scene_codes.picture_url(self.ticket)


async def make(platform: Platform | None, app_id: str, operator_id: int, wish: Wish, *, key: str) -> Scene:
    """A new code, asked for at once; where the platform does not answer, again by the clock. ``platform`` None: there is no account.

    Raises:
        NoOfficialAccount, and those of ``add``.
    """
    known = _known(platform)
    made = await add(app_id, operator_id, wish, key=key)
    await ask(known, app_id, scene_id=made.id)
    return await get(made.id)


async def make_again(platform: Platform | None, app_id: str, operator_id: int, scene_id: int) -> Scene:
    """A temporary code, or one the platform refused, is asked for again at once.

    Raises:
        NoOfficialAccount, NoSuchScene, SceneForEver.
    """
    known = _known(platform)
    await renew(operator_id, scene_id)
    await ask(known, app_id, scene_id=scene_id)
    return await get(scene_id)


def _known(platform: Platform | None) -> Platform:
    if platform is None:
        raise NoOfficialAccount
    return platform


_ADD = """
INSERT INTO chat_scene (app_id, scene, title, days, store_id, table_no, operator_id, welcome_zh, welcome_en, state, ask_at, saved_by, saved_at,
                        created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'asking', $10, $11, $10, $10) RETURNING id
"""


async def add(app_id: str, operator_id: int, wish: Wish, *, key: str) -> Scene:
    """Writes a new code down; ``ask`` gets it from the platform.

    Raises:
        NoSuchStore, NoSuchSceneOperator, TextUnfillable, TextTooLong, TooManyScenes, KeyReused.
    """
    by = f"operator:{operator_id}"
    for text in (wish.welcome_zh, wish.welcome_en):
        chat_texts.check(text, room=_BESIDE)

    async def act() -> int:
        store_id = await stores.id_of(wish.store)
        if wish.operator_id is not None and not await db.fetchval(_OPERATOR, wish.operator_id):
            raise NoSuchSceneOperator(operator_id=wish.operator_id)
        if await db.fetchval("SELECT count(*) FROM chat_scene") >= MOST:
            raise TooManyScenes(most=MOST)
        made = await db.fetchval(
            _ADD, app_id, ids.new_no("Q"), wish.title, wish.days, store_id, wish.table_no, wish.operator_id, wish.welcome_zh,
            wish.welcome_en, clock.now(), by,
        )  # fmt: skip
        return int(made)

    content = {"app_id": app_id, "wish": [getattr(wish, name) for name in wish.__slots__]}
    made = await idempotency.alone(caller=by, operation="chat_scenes.add", key=key, content=content, act=act)
    return await get(int(made))


_OPERATOR = "SELECT EXISTS (SELECT FROM operator WHERE id = $1)"
_CHANGE = """
UPDATE chat_scene SET title = $2, welcome_zh = $3, welcome_en = $4, saved_by = $5, saved_at = $6 WHERE id = $1
"""


@db.retried
async def change(operator_id: int, scene_id: int, title: str, welcome_zh: str, welcome_en: str) -> Scene:
    """Sets what a code is called and says; where it hangs never changes.

    Raises:
        NoSuchScene, TextUnfillable, TextTooLong.
    """
    for text in (welcome_zh, welcome_en):
        chat_texts.check(text, room=_BESIDE)
    by = f"operator:{operator_id}"
    if not await db.execute(_CHANGE, scene_id, title, welcome_zh, welcome_en, by, clock.now()):
        raise NoSuchScene(scene_id=scene_id)
    return await get(scene_id)


_RENEW = """
UPDATE chat_scene SET state = 'asking', ask_at = $2, ticket = NULL, url = NULL, expires_at = NULL, errcode = NULL, saved_by = $3, saved_at = $2
WHERE id = $1 AND (state = 'refused' OR state = 'ready' AND days IS NOT NULL)
"""


@db.retried
async def renew(operator_id: int, scene_id: int) -> Scene:
    """A temporary code, or one the platform refused, is to be asked for again; one that is being asked for is left.

    Raises:
        NoSuchScene.
        SceneForEver: it is there for ever already.
    """
    found = await get(scene_id)
    done = await db.execute(_RENEW, scene_id, clock.now(), f"operator:{operator_id}")
    if not done and found.state == "ready" and found.days is None:
        raise SceneForEver(scene_id=scene_id)
    return await get(scene_id)


_CLAIM = """
WITH due AS (
    SELECT id FROM chat_scene WHERE state = 'asking' AND ask_at <= $1 AND app_id = $2 AND ($5::bigint IS NULL OR id = $5)
    ORDER BY ask_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE chat_scene s SET ask_at = $4 FROM due WHERE s.id = due.id RETURNING s.id, s.scene, s.days
"""
_READY = """
UPDATE chat_scene SET state = 'ready', ask_at = NULL, ticket = $2, url = $3, expires_at = $4, errcode = NULL WHERE id = $1 AND state = 'asking'
"""
_REFUSED = (
    "UPDATE chat_scene SET state = 'refused', ask_at = NULL, errcode = $2 WHERE id = $1 AND state = 'asking'"
)
_WAIT = "UPDATE chat_scene SET ask_at = $2, errcode = $3 WHERE id = $1 AND state = 'asking'"


async def ask(platform: Platform, app_id: str, *, scene_id: int | None = None, limit: int = 20) -> int:
    """Gets the codes that are due from the platform, or the one. Run by the clock too. Returns how many it asked for."""
    now = clock.now()
    rows = await db.fetch(_CLAIM, now, app_id, limit, now + _LEASE, scene_id)
    for row in rows:
        try:
            made = await platform.create(row["scene"], days=row["days"])
        except PlatformRefused as refused:
            log.warning("code %s was refused: %s", row["id"], refused)
            if refused.errcode in _FOR_NOW:
                await db.execute(_WAIT, row["id"], clock.now() + _LATER, refused.errcode)
            else:
                await db.execute(_REFUSED, row["id"], refused.errcode)
        except PlatformUnknown as unknown:  # the lease is over in a minute, then it is asked for again
            log.warning("code %s is not known: %s", row["id"], unknown)
        else:
            seconds = made.expires_in_s
            ends_at = None if seconds is None else now + timedelta(seconds=seconds)
            await db.execute(_READY, row["id"], made.ticket, made.url, ends_at)
    return len(rows)


_COLUMNS = """
s.id, s.scene, s.title, s.days, t.code AS store, s.table_no, s.operator_id, s.welcome_zh, s.welcome_en, s.state, s.ticket, s.url, s.expires_at,
s.errcode, s.saved_by, s.saved_at, s.created_at, n.scans, n.people, n.followed, n.customers
"""
_FROM = """
FROM chat_scene s LEFT JOIN store t ON t.id = s.store_id CROSS JOIN LATERAL (
    SELECT count(*) AS scans, count(DISTINCT v.openid) AS people, count(*) FILTER (WHERE v.is_follow) AS followed,
           count(DISTINCT i.customer_id) AS customers
    FROM chat_visit v LEFT JOIN identity i ON i.provider = 'official_account' AND i.app_id = v.app_id AND i.subject = v.openid
    WHERE v.scene_id = s.id
) n
"""


async def get(scene_id: int) -> Scene:
    """One code.

    Raises:
        NoSuchScene.
    """
    row = await db.fetchrow(f"SELECT {_COLUMNS} {_FROM} WHERE s.id = $1", scene_id)
    if row is None:
        raise NoSuchScene(scene_id=scene_id)
    return Scene(*row)


_PAGE = f"""
SELECT {_COLUMNS} {_FROM}
WHERE s.id < $1 AND ($2::text IS NULL OR t.code = $2) AND ($3::bigint IS NULL OR s.operator_id = $3) ORDER BY s.id DESC LIMIT $4
"""


async def page(
    *, store: str | None = None, operator_id: int | None = None, before: int | None = None, limit: int = 20
) -> list[Scene]:
    """All codes, or a store's or an operator's, the newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, store, operator_id, limit)
    return [Scene(*row) for row in rows]
