"""Chat identities: whose openid of the official account this is.

The openid differs from the mini-program's; the unionid ties the two together. Asking the platform for it takes a call that the
chat's answer must not wait for, so a new openid is written down and the clock looks it up.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from core import clock, db, together
from gateways.wechat.official_account import Follower
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from ledger import accounts, explain
from members import customers

log = logging.getLogger(__name__)


class FollowerPlatform(Protocol):
    """The official account's server side; ``gateways.wechat.OfficialAccount`` is one."""

    async def user(self, openid: str) -> Follower: ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the chat as they stand now. ``customer`` None: we do not know whose chat it is; ``balance`` None: no account.
    ``with_people``: the shop's people have the chat. ``ending``: what of their money ends next; None: nothing."""

    customer: customers.Customer | None = None
    balance: accounts.Balance | None = None
    with_people: bool = False
    ending: explain.Ending | None = None


_WITH_PEOPLE = (
    "EXISTS (SELECT FROM conversation t WHERE t.app_id = {} AND t.openid = {} AND t.state <> 'closed')"
)
_PERSONS = f"""
SELECT i.subject, {_WITH_PEOPLE.format("i.app_id", "i.subject")}, {customers.columns("c")}, a.*, e.*
FROM identity i JOIN LATERAL (SELECT * FROM customer WHERE id = i.customer_id OFFSET 0) c ON true
LEFT JOIN LATERAL {accounts.balance_sql("c.id")} a ON true LEFT JOIN LATERAL {explain.ending_sql("c.id")} e ON a.bonus_fen > 0
WHERE i.provider = $1 AND i.app_id = $2 AND i.subject = ANY ((SELECT $3::text[])::text[])
"""
"""A sub-select hides how many are asked for: PostgreSQL would plan anew for every number of them. OFFSET keeps it from going through all customers."""
_STRANGER = f"SELECT {_WITH_PEOPLE.format('$1::varchar', '$2::varchar')}"
_MET = """
INSERT INTO identity (provider, app_id, subject, follows, look_up_at, created_at)
VALUES ('official_account', $1, $2, $3, $4, $4)
ON CONFLICT (provider, app_id, subject) DO UPDATE SET follows = $3,
    look_up_at = CASE WHEN identity.customer_id IS NULL AND identity.let_go_at IS NULL THEN coalesce(identity.look_up_at, $4) END
"""


_Chat = tuple[str, str, str]
"""Provider, app and openid."""


async def _read(asked: Sequence[_Chat]) -> Mapping[_Chat, Person]:
    found = {}
    for provider, app_id in {(provider, app_id) for provider, app_id, _ in asked}:  # nearly always one
        openids = [openid for *account, openid in asked if account == [provider, app_id]]
        for row in await db.fetch(_PERSONS, provider, app_id, openids):
            openid, with_people, *columns = row
            own, rest = columns[: customers.COLUMNS], columns[customers.COLUMNS :]
            balance, ending = accounts.balance_in(rest[:-2]), explain.ending_in(rest[-2:])
            found[provider, app_id, openid] = Person(customers.Customer(*own), balance, with_people, ending)
    return found


_LINGER_S = 0.02
"""A message takes three times as long to open and to answer as a question of the mini-program; sets grow from 10 to 18 by waiting."""
_together = together.Together(_read, linger_s=_LINGER_S)


async def person(app_id: str, openid: str, *, provider: str = "official_account") -> Person:
    """Whose chat this is, with what they have; a follower we do not know is written down to be looked up.

    Who writes at the same moment is read by one statement (``core.together``).
    """
    found = await _together.get((provider, app_id, openid))
    if found is not None:
        return found
    if provider == "official_account":
        await met(app_id, openid, follows=True)
    return Person(with_people=await db.fetchval(_STRANGER, app_id, openid))


async def customer_of(app_id: str, openid: str) -> int | None:
    """Whose chat this is; None while we do not know."""
    found = await person(app_id, openid)
    return None if found.customer is None else found.customer.id


async def met(app_id: str, openid: str, *, follows: bool) -> None:
    """Somebody follows, stops following or writes."""
    await db.execute(_MET, app_id, openid, follows, clock.now())


_CLAIM = """
WITH due AS (
    SELECT id FROM identity WHERE look_up_at <= $1 AND follows AND provider = 'official_account' AND app_id = $2
    ORDER BY look_up_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE identity SET look_up_at = $4 FROM due WHERE identity.id = due.id RETURNING identity.id, identity.subject
"""
_FOUND = """
UPDATE identity SET union_id = $2::text, looked_up_at = $3, look_up_at = $4,
    customer_id = coalesce(customer_id, (
        SELECT o.customer_id FROM identity o WHERE o.union_id = $2::text AND o.customer_id IS NOT NULL AND o.tied_by IS NULL
            AND identity.let_go_at IS NULL ORDER BY o.id LIMIT 1))
WHERE id = $1
"""
_LEASE = timedelta(minutes=1)
_NOT_YET = timedelta(days=1)


async def look_up(platform: FollowerPlatform, app_id: str, *, limit: int = 50) -> int:
    """Asks the platform for the unionids of new chat openids and ties them to customers. Returns how many it asked about.

    A person without a unionid, or not yet a customer, is looked up again a day later; signing in to the mini-program ties the
    two together at once.
    """
    now = clock.now()
    rows = await db.fetch(_CLAIM, now, app_id, limit, now + _LEASE)
    for row in rows:
        try:
            follower = await platform.user(row["subject"])
        except (PlatformRefused, PlatformUnknown) as error:
            log.warning("identity %s could not be looked up: %s", row["id"], error)
            continue
        again = None if follower.unionid else clock.now() + _NOT_YET
        await db.execute(_FOUND, row["id"], follower.unionid, clock.now(), again)
    return len(rows)
