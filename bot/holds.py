"""冻结: what is held on the balance, and why."""

from __future__ import annotations

from billing import operator_holds
from bot.asker import Asker

SHOWN = 10


async def answer(asker: Asker) -> list[str]:
    """What is held now, the newest first, and until when."""
    held = await operator_holds.page(asker.customer.id, state="open", limit=SHOWN)
    if not held:
        return [asker.say("holds.none")]
    lines = [asker.say("holds.title", total_fen=sum(one.amount_fen for one in held))]
    for one in held:
        ends = (
            asker.say("holds.until", expires_at=one.expires_at)
            if one.expires_at
            else asker.say(f"holds.ends.{one.kind}")
        )
        title = one.title or asker.say(f"holds.kind.{one.kind}")
        lines.append(
            asker.say("holds.line", title=title, amount_fen=one.amount_fen, at=one.created_at, ends=ends)
        )
    return lines
