"""What operators did: each write they ask for is written down before it is begun, and how it ended after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, db

LONGEST_ASKED = 8_000
"""Of what was sent, no more characters of JSON are kept."""
_SECRET = ("password", "token", "secret", "card_no", "one_time_code", "credential")
"""What has one of these in its name is left out, and what is called one of the next."""
_SECRET_NAMES = frozenset({"old"})


@dataclass(frozen=True, slots=True)
class Act:
    """One write. ``outcome`` is ``done``, a refusal's code, ``failed``, or None: it has not ended, or its process died meanwhile."""

    id: int
    operator_id: int
    operator_name: str
    operation: str
    about: str
    asked: Mapping[str, Any]
    request_id: str
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None


_BEGAN = """
INSERT INTO operator_act (operator_id, operation, about, asked, request_id, began_at) VALUES ($1, $2, $3, $4::jsonb, $5, $6) RETURNING id
"""


async def began(
    operator_id: int, operation: str, *, about: str, asked: Mapping[str, Any], request_id: str
) -> int:
    """Writes down what an operator is about to do. Returns the number for ``ended``. Secrets are left out, what is very long is cut."""
    text = json.dumps(_without_secrets(asked), ensure_ascii=False, default=str)
    if len(text) > LONGEST_ASKED:
        text = json.dumps({"cut": text[: LONGEST_ASKED // 2]}, ensure_ascii=False)
    found = await db.fetchval(
        _BEGAN, operator_id, operation[:80], about[:300], text, request_id[:64], clock.now()
    )
    return int(found)


_ENDED = "UPDATE operator_act SET ended_at = $2, outcome = $3 WHERE id = $1 AND ended_at IS NULL"


async def ended(act_id: int, outcome: str) -> None:
    """Writes down how it ended."""
    await db.execute(_ENDED, act_id, clock.now(), outcome[:60])


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: "***" if _is_secret(str(name)) else _without_secrets(one) for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(one) for one in value]
    return value


def _is_secret(name: str) -> bool:
    return name in _SECRET_NAMES or any(part in name for part in _SECRET)


_PAGE = """
SELECT a.id, a.operator_id, o.name AS operator_name, a.operation, a.about, a.asked::text AS asked, a.request_id, a.began_at, a.ended_at, a.outcome
FROM operator_act a JOIN operator o ON o.id = a.operator_id
WHERE ($1::bigint IS NULL OR a.id < $1) AND ($2::bigint IS NULL OR a.operator_id = $2) AND ($3::text IS NULL OR a.operation = $3)
  AND ($4::timestamptz IS NULL OR a.began_at >= $4) AND ($5::timestamptz IS NULL OR a.began_at < $5)
ORDER BY a.id DESC LIMIT $6
"""


async def page(
    *,
    before: int | None = None,
    operator_id: int | None = None,
    operation: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[Act]:
    """What operators did, the latest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, before, operator_id, operation, since, until, limit)
    return [Act(**{**row, "asked": json.loads(row["asked"])}) for row in rows]
