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


_CLAIM = """
INSERT INTO request_key (caller, operation, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, NULL, $5)
ON CONFLICT (caller, operation, key) DO NOTHING RETURNING id
"""
_ANSWER = "UPDATE request_key SET answer = $2::jsonb WHERE id = $1"
_OLD = "SELECT fingerprint, answer::text AS answer FROM request_key WHERE caller = $1 AND operation = $2 AND key = $3"


async def once(
    *, caller: str, operation: str, key: str, content: Mapping[str, Any], act: Callable[[], Awaitable[str]]
) -> str:
    """Runs ``act`` for the first use of the key, and gives its answer again for every repeat with the same content.

    Call it inside the transaction of the effect. ``act`` returns the number of what it made; a refusal inside undoes the
    claim together with everything else, so the caller may use the key again. A twin that comes while the first is at work
    waits for it.

    Raises:
        KeyReused: the key was used with another content.
    """
    fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).digest()
    claimed = await db.fetchval(_CLAIM, caller, operation, key, fingerprint, clock.now())
    if claimed is not None:
        answer = await act()
        await db.execute(_ANSWER, claimed, json.dumps(answer))
        return answer
    old = await db.fetchrow(_OLD, caller, operation, key)
    if old is None or old["fingerprint"] != fingerprint:
        raise KeyReused
    return str(json.loads(old["answer"]))


_FORGET = "DELETE FROM request_key WHERE created_at < $1"


async def forget_before(instant: Any) -> int:
    """Drops keys older than ``instant``; their effects stay guarded by their own references. Returns how many."""
    return await db.execute(_FORGET, instant)
