"""Bills that are due."""

from billing import bills
from core import http as kit


class Bill(kit.Answer):
    bill_no: str
    customer_id: int
    title: str
    amount_fen: int
    paid_fen: int
    state: str
    due_at: kit.Instant
    source: str


async def due(query: kit.PageQuery) -> object:
    """All customers' due and unpaid bills, the newest first."""
    rows = await bills.due(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
