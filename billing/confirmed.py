"""Confirmed 确认: what a customer was shown and said yes to is done so, once, or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core import errors
from ledger import accounts, idempotency


class NotAsShown(errors.Conflict):
    """What was shown with the question has changed since: it is to be shown again."""

    code = "not_as_shown"


KeyReused = idempotency.KeyReused


async def once(
    customer_id: int, *, what: str, key: str, content: Mapping[str, Any], act: Callable[[], Awaitable[object]]
) -> None:
    """Does what was confirmed in one transaction; the same confirmation again, a moment or a day later, changes nothing. ``act``
    compares with what was shown under the lock of what it changes.

    Raises:
        KeyReused: it was dropped; and what ``act`` raises, which leaves it as it was.
    """
    await _decide(customer_id, key, {"what": what, **content}, act)


async def drop(customer_id: int, *, key: str) -> None:
    """What was proposed under this key is not wanted: from now on a yes to it does nothing. Again is harmless.

    Raises:
        KeyReused: it is done already.
    """

    async def act() -> None: ...

    await _decide(customer_id, key, {"what": "drop"}, act)


async def _decide(
    customer_id: int, key: str, content: Mapping[str, Any], act: Callable[[], Awaitable[object]]
) -> None:
    await idempotency.alone(
        caller=accounts.of_customer(customer_id),
        operation="confirmed",
        key=key,
        content=content,
        act=act,
        answer="",
    )
