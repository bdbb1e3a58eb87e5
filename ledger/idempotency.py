"""One effect per caller's key: the key and its answer are kept in the transaction of the effect (I5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core import clock, db, errors


class KeyReused(errors.Conflict):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"


_written = json.JSONEncoder(sort_keys=True, default=str).encode


def fingerprint(content: Mapping[str, Any]) -> bytes:
    """SHA-256 over a request's content; tells a repeat from another request under the same key."""
    return hashlib.sha256(_written(content).encode()).digest()


_CLAIM = """
INSERT INTO request_key (caller, operation, key, fingerprint, answer, created_at)
VALUES ($1, $2, $3, $4, $6::jsonb, $5)
ON CONFLICT (caller, operation, key) DO NOTHING RETURNING id
"""
_ANSWER = "UPDATE request_key SET answer = $2::jsonb WHERE id = $1"
_OLD = "SELECT fingerprint, answer::text AS answer FROM request_key WHERE caller = $1 AND operation = $2 AND key = $3"


async def once(
    *,
    caller: str,
    operation: str,
    key: str,
    content: Mapping[str, Any],
    act: Callable[[], Awaitable[object]],
    answer: str | None = None,
) -> str:
    """Runs ``act`` for the first use of the key, and gives its answer again for every repeat with the same content.

    Call it inside the transaction of the effect. ``act`` returns the number of what it made; a refusal inside undoes the
    claim together with everything else, so the caller may use the key again. A twin that comes while the first is at work
    waits for it. Where the answer is known before acting, give it as ``answer``: that saves a statement.

    Raises:
        KeyReused: the key was used with another content.
    """
    asked = fingerprint(content)
    known = None if answer is None else json.dumps(answer)
    claimed = await db.fetchval(_CLAIM, caller, operation, key, asked, clock.now(), known)
    if claimed is not None:
        made = await act()
        if answer is not None:
            return answer
        await db.execute(_ANSWER, claimed, json.dumps(made))
        return str(made)
    old = await db.fetchrow(_OLD, caller, operation, key)
    if old is None or old["fingerprint"] != asked:
        raise KeyReused
    return str(json.loads(old["answer"]))


async def answered(*, caller: str, operation: str, key: str, content: Mapping[str, Any]) -> str | None:
    """What a key was answered before; None: it was not used. For effects that claim their key in their own statement.

    Raises:
        KeyReused: the key was used with another content.
    """
    old = await db.fetchrow(_OLD, caller, operation, key)
    if old is None:
        return None
    if old["fingerprint"] != fingerprint(content):
        raise KeyReused
    return str(json.loads(old["answer"]))


@db.retried
async def alone(
    *,
    caller: str,
    operation: str,
    key: str,
    content: Mapping[str, Any],
    act: Callable[[], Awaitable[object]],
    answer: str | None = None,
) -> str:
    """``once`` in a transaction of its own, tried again where PostgreSQL asks for it.

    Raises:
        KeyReused: the key was used with another content.
    """
    async with db.transaction():
        return await once(
            caller=caller, operation=operation, key=key, content=content, act=act, answer=answer
        )


_FORGET = "DELETE FROM request_key WHERE created_at < $1"


async def forget_before(instant: Any) -> int:
    """Drops keys older than ``instant``; their effects stay guarded by their own references. Returns how many."""
    return await db.execute(_FORGET, instant)
