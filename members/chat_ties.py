"""Ties 绑定: which chats of the official account are a customer's by their own word, and letting them go 解绑.

A chat that a code or a page tied is the customer's in the chat and on pages inside WeChat. It is not taken for proof of who they are
anywhere else: a unionid passes on only what it told itself (``members.sign_in``). A chat that was let go is tied by nothing but a new code
or a new sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core import clock, db, errors
from ledger import idempotency
from ledger.idempotency import KeyReused
from members import customers, people
from notifications import outbox

__all__ = [
    "CHATS_MOST",
    "Chat",
    "ChatTaken",
    "KeyReused",
    "NoSuchChat",
    "TooManyChats",
    "let_go",
    "let_go_of",
    "lock",
    "locked",
    "of",
    "owner",
    "refuse_taken",
    "tie",
]

CHATS_MOST = 5
"""So many chats of the official account one customer has at most."""

By = Literal["code", "page"]


class ChatTaken(errors.Conflict):
    """The chat is a customer's already. It can be untied first; two accounts of one person only the shop can join."""

    code = "chat_taken"


class TooManyChats(errors.Conflict):
    """The customer has as many chats as one may have."""

    code = "too_many_chats"


class NoSuchChat(errors.NotFound):
    """The customer has no such chat."""

    code = "no_such_chat"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of the official account. ``openid`` masked; ``tied_by`` None: WeChat's unionid or signing in on a page told whose it is."""

    id: int
    openid: str
    follows: bool
    tied_by: str | None
    tied_at: datetime | None
    created_at: datetime


_OF = """
SELECT id, '****' || right(subject, 4), follows, tied_by, tied_at, created_at FROM identity
WHERE customer_id = $1 AND provider = 'official_account' ORDER BY id
"""


async def of(customer_id: int) -> list[Chat]:
    """The chats of a customer."""
    return [Chat(*row) for row in await db.fetch(_OF, customer_id)]


_OWNER = (
    "SELECT customer_id FROM identity WHERE provider = 'official_account' AND app_id = $1 AND subject = $2"
)


async def owner(app_id: str, openid: str) -> int | None:
    """Whose chat it is; None: nobody's that we know."""
    found: int | None = await db.fetchval(_OWNER, app_id, openid)
    return found


async def refuse_taken(app_id: str, openid: str) -> None:
    """Raises:
    ChatTaken: the chat is somebody's.
    """
    if await owner(app_id, openid) is not None:
        raise ChatTaken


_LOCK_CHAT = "SELECT 1 FROM identity WHERE provider = 'official_account' AND app_id = $1 AND subject = $2 FOR NO KEY UPDATE"


async def lock(app_id: str, openid: str) -> None:
    """Whose chat it is nobody else changes until the transaction ends; who writes in it as somebody unknown has it locked already."""
    await db.fetchval(_LOCK_CHAT, app_id, openid)


_LOCK = "SELECT 1 FROM customer WHERE id = $1 FOR NO KEY UPDATE"


async def locked(customer_id: int) -> customers.Customer:
    """A customer, whose chats nobody else changes until the transaction ends, and who does not leave meanwhile.

    Raises:
        NoSuchCustomer.
    """
    await db.fetchval(_LOCK, customer_id)
    return await customers.get(customer_id)


_COUNT = "SELECT count(*) FROM identity WHERE customer_id = $1 AND provider = 'official_account'"
_MEET = """
INSERT INTO identity (provider, app_id, subject, follows, created_at) VALUES ('official_account', $1, $2, false, $3)
ON CONFLICT (provider, app_id, subject) DO NOTHING
"""
_TIE = """
UPDATE identity SET customer_id = $3, tied_by = $4, tied_at = $5, let_go_at = NULL, look_up_at = NULL
WHERE provider = 'official_account' AND app_id = $1 AND subject = $2 AND customer_id IS NULL RETURNING id
"""


async def tie(customer_id: int, app_id: str, openid: str, *, by: By) -> None:
    """The chat is the customer's from now on, who is told by their other channels. Part of the transaction of the caller, who has
    ``locked`` the customer.

    Of two who tie one chat at once the second waits for the row, and finds it somebody's.

    Raises:
        ChatTaken, TooManyChats.
    """
    if await db.fetchval(_COUNT, customer_id) >= CHATS_MOST:
        raise TooManyChats(most=CHATS_MOST)
    now = clock.now()
    await db.execute(_MEET, app_id, openid, now)
    number = await db.fetchval(_TIE, app_id, openid, customer_id, by, now)
    if number is None:
        raise ChatTaken
    await db.execute(_REMEMBER, customer_id, None, f"chat {number}", f"customer:{customer_id}", now)
    await _tell(customer_id, "chat_tied", number, now)


_LET_GO = """
UPDATE identity SET customer_id = NULL, tied_by = NULL, tied_at = NULL, let_go_at = $3, look_up_at = NULL
WHERE id = $2 AND customer_id = $1 AND provider = 'official_account' RETURNING app_id, subject
"""
_HERE = """
SELECT id FROM identity WHERE customer_id = $1 AND provider = 'official_account' AND app_id = $2 AND subject = $3
"""
_REMEMBER = """
INSERT INTO setting_change (customer_id, setting, before, after, operator, changed_at) VALUES ($1, 'chat', $2, $3, $4, $5)
"""


async def let_go(customer_id: int, identity_id: int, *, by: str, key: str) -> None:
    """A chat is no longer the customer's; ``by``: whose word it is (``customer:17``, ``operator:1``).

    Raises:
        NoSuchChat, NoSuchCustomer, KeyReused.
    """

    async def act() -> int:
        await _untie(customer_id, identity_id, by)
        return identity_id

    content = {"customer_id": customer_id, "identity_id": identity_id}
    await idempotency.alone(caller=by, operation="chat_ties.let_go", key=key, content=content, act=act)


@db.retried
async def let_go_of(customer_id: int, app_id: str, openid: str) -> None:
    """The chat itself says so.

    Raises:
        NoSuchChat: it is not (or no longer) theirs.
    """
    async with db.transaction():
        number = await db.fetchval(_HERE, customer_id, app_id, openid)
        if number is None:
            raise NoSuchChat
        await _untie(customer_id, number, f"customer:{customer_id}")


async def _untie(customer_id: int, identity_id: int, by: str) -> None:
    now = clock.now()
    await locked(customer_id)
    chat = await db.fetchrow(_LET_GO, customer_id, identity_id, now)
    if chat is None:
        raise NoSuchChat
    await db.execute(_REMEMBER, customer_id, f"chat {identity_id}", None, by, now)
    await _tell(customer_id, "chat_untied", identity_id, now)
    await people.end(chat["app_id"], chat["subject"])


async def _tell(customer_id: int, kind: outbox.Kind, identity_id: int, now: datetime) -> None:
    """Not in the chat it is about (``notifications.letters``): who has it may not be the customer."""
    key = f"{kind}:{identity_id}:{now.isoformat()}"
    await outbox.tell([outbox.Message(customer_id, kind, key, {"chat": identity_id, "at": now})])
