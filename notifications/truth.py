"""Truth 属实: whether what a waiting message says still holds, asked when it is about to go out.

Who queues a kind of message that may become untrue registers a check for it, once, when its module is imported.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.kinds import Kind


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is about to go out, as it was queued."""

    id: int
    customer_id: int
    kind: str
    dedup_key: str
    params: Mapping[str, Any]
    created_at: datetime


Check = Callable[[Sequence[Waiting]], Awaitable[Mapping[int, str]]]
"""Is given all waiting messages of its kind at once; answers by message id why those that are no longer true are not, in a
stable word of at most forty characters (``paid``, ``recovered``). It only reads, by one statement whatever their number."""

_checks: dict[str, Check] = {}


def register(kind: Kind, check: Check) -> None:
    """From now on ``check`` is asked before a message of this kind goes out. The last one registered counts."""
    _checks[kind] = check


async def untrue(messages: Sequence[Waiting]) -> Mapping[int, str]:
    """Why which of these, all of one kind, are no longer true, by message id; a kind without a check stays true.

    Raises: whatever its check raises; then nothing is known of any.
    """
    check = _checks.get(messages[0].kind) if messages else None
    return {} if check is None else await check(messages)
