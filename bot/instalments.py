"""分期: which part is due when."""

from __future__ import annotations

from billing import bill_records, bills, instalments
from bot.asker import Asker

_MOST = 20


async def answer(asker: Asker) -> list[str]:
    """The bills in instalments with all their parts, and those for which instalments are proposed."""
    owed = await bill_records.page(asker.customer.id, states=bills.OWED, limit=_MOST)
    lines = [line for bill in owed if bill.instalments for line in _parts(asker, bill)]
    lines += [
        asker.say("instalments.proposed", title=offer.title, parts=offer.parts)
        for offer in await instalments.proposed_to(asker.customer.id)
    ]
    return lines or [asker.say("instalments.none")]


def _parts(asker: Asker, bill: bill_records.Owing) -> list[str]:
    title = asker.say(
        "instalments.title",
        title=bill.title,
        parts=len(bill.instalments),
        paid_fen=bill.paid_fen,
        owed_fen=bill.owed_fen,
    )
    return [title] + [
        asker.say(
            "instalments.part",
            part_no=part.part_no,
            due_on=part.due_on,
            amount_fen=part.amount_fen,
            state=asker.say(f"instalments.state.{part.state}"),
        )
        for part in bill.instalments
    ]
