"""What ``yucun messages`` says."""

from __future__ import annotations

from core import clock
from notifications import letterbox

_BY = "cli"


async def dead(*, limit: int) -> list[str]:
    """The newest messages that could not be delivered, a line each."""
    rows = await letterbox.page(state="dead", limit=limit)
    return [_line(row) for row in rows] or ["没有发送失败的消息 · no message is dead"]


async def replay(message_id: int) -> list[str]:
    """Sends one again.

    Raises:
        NoSuchMessage, MessageNotDead.
    """
    await letterbox.replay(message_id, by=_BY)
    return [f"消息 {message_id} 已放回待发 · message {message_id} is in the queue again"]


async def replay_all() -> list[str]:
    """Sends all of them again, batch by batch."""
    replayed = 0
    while count := await letterbox.replay_all(by=_BY):
        replayed += count
    return [f"{replayed} 条消息已放回待发 · {replayed} messages are in the queue again"]


def _line(row: letterbox.Sent) -> str:
    at = row.created_at.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M:%S")
    return f"{row.id}\t{at}\t{row.customer_id}\t{row.kind}\t×{row.attempts}\t{row.error or '-'}"
