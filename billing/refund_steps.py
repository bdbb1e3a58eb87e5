"""What the acts of the desk for refunds have in common: the locks, the key, and what goes to a channel afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from billing import bills, channel_refunds, refund_records, settled
from billing.channels import Channels
from ledger import idempotency


async def sent(channels: Channels, refund_no: str) -> refund_records.Refund:
    """Sends what a refund gives back through a channel there, after the transaction that decided on it; the refund as it is then."""
    await channel_refunds.send(channels, await refund_records.get(refund_no))
    return await refund_records.get(refund_no)


async def locked(
    refund_no: str, *states: str, part_state: str | None = None
) -> tuple[refund_records.Refund, bills.Bill | None]:
    """Locks a refund that is in one of these states, with a part in that state where one is named, and before it what it gives back of:
    the issuer of a bill, the bill or top-up. Returns the bill, too.

    Raises:
        NoSuchRefund, RefundStateForbids.
    """
    found = await refund_records.get(refund_no)
    if found.kind == "bill":
        await settled.lock_issuer((await bills.find(found.subject_no)).source)
    bill = await channel_refunds.lock_subject(found)
    refund = await refund_records.get(refund_no)
    fits = part_state is None or any(part.state == part_state for part in refund.parts)
    if refund.state not in states or not fits:
        raise refund_records.RefundStateForbids(refund_no=refund_no, state=refund.state)
    return refund, bill


async def once(
    operator_id: int, operation: str, content: Mapping[str, Any], act: Callable[[], Awaitable[str]], key: str
) -> str:
    """An operator's act once for its key; what it made.

    Raises:
        KeyReused.
    """
    return await idempotency.alone(
        caller=f"operator:{operator_id}", operation=operation, key=key, content=content, act=act
    )
