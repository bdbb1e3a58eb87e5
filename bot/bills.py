"""账单: what is to be paid, and when."""

from __future__ import annotations

from billing import bill_records, bills
from bot.asker import Asker

_MOST = 20


async def answer(asker: Asker) -> list[str]:
    """The bills that are not paid, what is due first at the head; of one in instalments the next part."""
    owed = await bill_records.page(asker.customer.id, states=bills.OWED, limit=_MOST)
    if not owed:
        return [asker.say("bills.none")]
    lines = [_line(asker, bill) for bill in sorted(owed, key=lambda bill: bill.due_at)]
    due_fen = sum(bill.due_fen for bill in owed)
    due = asker.say("bills.due", due_fen=due_fen) if due_fen else asker.say("bills.nothing_due")
    return [asker.say("bills.owed"), *lines, due, asker.say("bills.how")]


def _line(asker: Asker, bill: bill_records.Owing) -> str:
    part = bill.next_part
    if part is None:
        return asker.say("bills.line", title=bill.title, owed_fen=bill.owed_fen, due_at=bill.due_at)
    return asker.say(
        "bills.in_parts",
        title=bill.title,
        owed_fen=bill.owed_fen,
        part_no=part.part_no,
        parts=len(bill.instalments),
        part_fen=part.owed_fen,
        due_on=part.due_on,
    )
