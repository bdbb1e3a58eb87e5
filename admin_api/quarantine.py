"""Money that could not be credited as it stands."""

from typing import Any, Literal

from billing import quarantine
from core import http as kit


class QuarantineQuery(kit.PageQuery):
    state: Literal["open", "resolved"] | None = None


class Quarantined(kit.Answer):
    id: int
    channel: str
    channel_trade_no: str
    payment_no: str
    reason: str
    amount_fen: int
    currency: str
    detail: dict[str, Any]
    state: str
    created_at: kit.Instant
    resolved_at: kit.Instant | None


async def listing(query: QuarantineQuery) -> object:
    """The newest first."""
    rows = await quarantine.page(state=query.state, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
