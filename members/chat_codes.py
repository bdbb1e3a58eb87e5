"""One-time codes 绑定码: how somebody whom no unionid tells us shows that a chat and an account are theirs.

Either the mini-program shows its customer a code, which they type in the chat; or the chat tells a stranger one, which they enter in the
mini-program. Eight digits, good once and for ten minutes. The table keeps a salt and a hash, both worthless without a secret of the shop's
that is not in the database: the code is computed from salt and secret, so that the same request can be answered again.

Whoever guesses is stopped three ways: so many wrong codes from one chat or customer, so many in the whole shop, and an answer that is the
same for a code that is wrong, over, used, replaced, or a customer's who is not served any more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import clock, db, errors
from ledger import idempotency
from ledger.idempotency import KeyReused
from members import chat_ties, customers
from members.chat_ties import ChatTaken, TooManyChats

__all__ = [
    "DIGITS",
    "ChatCodeRefused",
    "ChatCodeTriedTooOften",
    "ChatCodesTooOften",
    "ChatTaken",
    "Code",
    "KeyReused",
    "TooManyChats",
    "enter_in_chat",
    "enter_in_mini_program",
    "for_chat",
    "for_customer",
    "forget",
    "use",
]

DIGITS = 8
LIFE = timedelta(minutes=10)
GIVEN_MOST = 5
"""So many codes an hour for one customer, and in one chat."""
_HOUR = timedelta(hours=1)
TRIES_MOST = ((_HOUR, 5), (timedelta(days=1), 15))
"""So many wrong ones of one chat or one customer."""
TRIES_OF_ALL = 200
"""So many wrong ones an hour of everybody together. With a thousand codes under way one of them is hit by chance once in 500 hours."""
_QUEUE = 0x59434344


class ChatCodesTooOften(errors.Conflict):
    """So many codes were made in the last hour; wait."""

    code = "chat_codes_too_often"


class ChatCodeRefused(errors.Invalid):
    """There is no such code, or it is used, over or replaced, or the account it is for is not served. Which, is not told."""

    code = "chat_code_refused"


class ChatCodeTriedTooOften(errors.Conflict):
    """Too many wrong codes were entered; wait."""

    code = "chat_code_tried_too_often"


_secret = secrets.token_bytes(32)


def use(secret: bytes) -> None:
    """The secret that codes are computed with in this process; all processes of a shop are given the same."""
    global _secret
    _secret = hmac.digest(secret, b"chat codes", "sha256")


@dataclass(frozen=True, slots=True)
class Code:
    """A code to be shown to who asked for it."""

    code: str
    ends_at: datetime


_LOCK = "SELECT pg_advisory_xact_lock($1, hashtext($2))"
_LATELY = {
    "customer": "SELECT count(*) FROM chat_code WHERE customer_id = $1 AND given_to = 'customer' AND created_at > $2",
    "chat": "SELECT count(*) FROM chat_code WHERE openid = $1 AND given_to = 'chat' AND created_at > $2",
}
_REPLACE = {
    "customer": "UPDATE chat_code SET ended_at = $2 WHERE customer_id = $1 AND given_to = 'customer' AND ended_at IS NULL",
    "chat": "UPDATE chat_code SET ended_at = $2 WHERE openid = $1 AND given_to = 'chat' AND ended_at IS NULL",
}
_TAKEN = "SELECT 1 FROM chat_code WHERE code_hash = $1 AND ended_at IS NULL AND ends_at > $2"
_ADD = """
INSERT INTO chat_code (given_to, customer_id, app_id, openid, salt, code_hash, created_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id
"""
_GET = "SELECT salt, ends_at FROM chat_code WHERE id = $1"


async def for_customer(customer_id: int, *, key: str) -> Code:
    """A code the customer types in the chat; one that was made for them before is no longer good.

    Raises:
        ChatCodesTooOften, CustomerHasLeft, KeyReused.
    """

    async def act() -> int:
        made = await _made("customer", customer_id, customer_id=customer_id)
        customers.refuse_left(await customers.staying(customer_id))
        return made

    made = await idempotency.alone(
        caller=f"customer:{customer_id}", operation="chat_codes.for_customer", key=key, content={}, act=act
    )
    row = await db.fetchrow(_GET, int(made))
    if row is None:  # a repeat so late that the code is forgotten
        raise ChatCodeRefused
    return Code(_code(row["salt"]), row["ends_at"])


@db.retried
async def for_chat(app_id: str, openid: str) -> Code:
    """A code for a chat that is nobody's yet, to be entered in the mini-program; the one before is no longer good.

    Raises:
        ChatTaken: the chat is somebody's.
        ChatCodesTooOften.
    """
    async with db.transaction():
        await chat_ties.refuse_taken(app_id, openid)
        made = await _made("chat", openid, app_id=app_id, openid=openid)
        row = await db.fetchrow(_GET, made)
        assert row is not None, "it was just made"
        return Code(_code(row["salt"]), row["ends_at"])


async def _made(given_to: str, whose: int | str, **columns: Any) -> int:
    await db.fetchval(_LOCK, _QUEUE, f"{given_to}:{whose}")
    now = clock.now()
    if await db.fetchval(_LATELY[given_to], whose, now - _HOUR) >= GIVEN_MOST:
        raise ChatCodesTooOften
    await db.execute(_REPLACE[given_to], whose, now)
    while True:
        salt = secrets.token_hex(16)
        found_by = _hash(_code(salt))
        if await db.fetchval(_TAKEN, found_by, now) is None:
            break
    names = (columns.get(name) for name in ("customer_id", "app_id", "openid"))
    return int(await db.fetchval(_ADD, given_to, *names, salt, found_by, now, now + LIFE))


_FIND = """
SELECT id, customer_id, app_id, openid FROM chat_code
WHERE code_hash = $1 AND given_to = $2 AND ended_at IS NULL AND ends_at > $3
"""
_LOCK_CODE = "SELECT id FROM chat_code WHERE id = $1 AND ended_at IS NULL FOR UPDATE"
_USE = """
UPDATE chat_code SET ended_at = $2, is_used = true, customer_id = $3, app_id = $4, openid = $5 WHERE id = $1
"""


@db.retried
async def enter_in_chat(app_id: str, openid: str, entered: str) -> int:
    """Somebody types a code in the chat: from now on the chat is the customer's who was shown it. Returns whose.

    A chat that is somebody's already is told so whatever the code, which is not looked at. A wrong one is written down, in the
    transaction of the message, before it is refused.

    Raises:
        ChatTaken, TooManyChats, ChatCodeRefused, ChatCodeTriedTooOften.
    """
    who = f"chat:{app_id}:{openid}"
    async with db.transaction():
        await chat_ties.refuse_taken(app_id, openid)
        row = await _found(who, entered, "customer")
        if row is not None:
            await chat_ties.lock(app_id, openid)
            if await db.fetchval(_LOCK_CODE, row["id"]) is not None:
                customer = await chat_ties.locked(row["customer_id"])
                if customer.state == "active":
                    await _used(row["id"], customer.id, app_id, openid)
                    return customer.id
            await _wrong(who)
    raise ChatCodeRefused


async def enter_in_mini_program(customer_id: int, entered: str, *, key: str) -> None:
    """The customer enters a code that a chat was told: from now on that chat is theirs.

    Raises:
        ChatTaken, TooManyChats, ChatCodeRefused, ChatCodeTriedTooOften, CustomerHasLeft, KeyReused.
    """
    caller: dict[str, Any] = {
        "caller": f"customer:{customer_id}",
        "operation": "chat_codes.enter",
        "key": key,
        "content": {"code": _hash(entered)},
    }
    if await idempotency.answered(**caller) is not None:
        return
    if not await _tied(customer_id, entered, caller):
        raise ChatCodeRefused


@db.retried
async def _tied(customer_id: int, entered: str, caller: dict[str, Any]) -> bool:
    """Whether the code was good. A wrong one is written down, and that stays when it is refused."""
    who = f"customer:{customer_id}"
    async with db.transaction():
        await db.fetchval(_LOCK, _QUEUE, who)
        if await idempotency.answered(**caller) is not None:  # by a twin we have waited for
            return True
        row = await _found(who, entered, "chat")
        if row is None:
            return False
        number, app_id, openid = row["id"], row["app_id"], row["openid"]
        await chat_ties.lock(app_id, openid)
        if await db.fetchval(_LOCK_CODE, number) is None:
            await _wrong(who)
            return False

        async def act() -> int:
            customers.refuse_left(await chat_ties.locked(customer_id))
            await _used(number, customer_id, app_id, openid)
            return int(number)

        await idempotency.once(**caller, act=act)
        return True


async def _used(number: int, customer_id: int, app_id: str, openid: str) -> None:
    await chat_ties.tie(customer_id, app_id, openid, by="code")
    await db.execute(_USE, number, clock.now(), customer_id, app_id, openid)


_TRIES = "SELECT count(*) FROM chat_code_try WHERE who = $1 AND at > $2"
_TRIES_OF_ALL = "SELECT count(*) FROM (SELECT 1 FROM chat_code_try WHERE at > $1 LIMIT $2) t"
_WRONG = "INSERT INTO chat_code_try (who, at) VALUES ($1, $2)"


async def _found(who: str, entered: str, given_to: str) -> Any:
    """The row of a code that is good, not locked yet: the chat's identity comes before it, and its customer after. None, and written down,
    where there is none.

    Of one who enters many at once each waits for the one before, so that they are not more than one after the other would be.
    """
    await db.fetchval(_LOCK, _QUEUE, who)
    now = clock.now()
    for period, most in TRIES_MOST:
        if await db.fetchval(_TRIES, who, now - period) >= most:
            raise ChatCodeTriedTooOften
    if await db.fetchval(_TRIES_OF_ALL, now - _HOUR, TRIES_OF_ALL) >= TRIES_OF_ALL:
        raise ChatCodeTriedTooOften
    rows = await db.fetch(_FIND, _hash(entered), given_to, now)
    if len(rows) == 1:  # two of the same, made at the same instant, are nobody's
        return rows[0]
    await _wrong(who)
    return None


async def _wrong(who: str) -> None:
    await db.execute(_WRONG, who, clock.now())


_FORGET = (
    "DELETE FROM chat_code WHERE created_at < $1",
    "DELETE FROM chat_code_try WHERE at < $1",
)


async def forget() -> int:
    """Drops codes and tries that no limit counts any more. Run by the clock. Returns how many."""
    before = clock.now() - 2 * TRIES_MOST[-1][0]
    return sum([await db.execute(statement, before) for statement in _FORGET])


def _code(salt: str) -> str:
    number = int.from_bytes(hmac.digest(_secret, b"code" + bytes.fromhex(salt), "sha256"))
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def _hash(code: str) -> str:
    return hmac.new(_secret, b"found by" + code.encode(), hashlib.sha256).hexdigest()
