"""What a member has besides money, when they turn out to be another or give the account up.

Part of the transaction that merges or closes; it takes these after the accounts, as everybody does.
"""

from __future__ import annotations

from members import (
    addresses,
    chat_languages,
    chat_visits,
    coupons,
    people_leaving,
    points_ends,
    spending,
    standings,
    tags,
)


async def hand_over(gone_id: int, kept_id: int, *, operator: str) -> None:
    """Points, coupons, addresses, tags, conversations, tickets and what was spent of one customer become another's."""
    await coupons.hand_over(gone_id, kept_id, operator=operator)
    await points_ends.hand_over(gone_id, kept_id, operator=operator)
    await addresses.hand_over(gone_id, kept_id)
    await tags.hand_over(gone_id, kept_id)
    await people_leaving.hand_over(gone_id, kept_id)
    await spending.hand_over(gone_id, kept_id)
    await standings.forget(gone_id)
    await standings.look_at([kept_id])


async def end(customer_id: int, *, operator: str) -> None:
    """Coupons and points are gone; addresses, tags, the words of chats and tickets, which QR codes were scanned and whose menu was seen forgotten."""
    await coupons.end(customer_id, operator=operator)
    await points_ends.lapse(customer_id, operator=operator)
    await addresses.forget(customer_id)
    await tags.forget(customer_id)
    await chat_visits.forget(customer_id)
    await chat_languages.forget(customer_id)
    await standings.forget(customer_id)
    await people_leaving.forget(customer_id)
