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
        KeyReused, and what ``act`` raises; the confirmation is then not used up.
    """
    await idempotency.alone(
        caller=accounts.of_customer(customer_id),
        operation=f"confirmed.{what}",
        key=key,
        content=content,
        act=act,
        answer="",
    )
