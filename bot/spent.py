"""上个月花了多少: what moved an account in a period, in sums by kind."""

from __future__ import annotations

from billing import day_statements
from bot import statement
from bot.asker import Asker
from bot.understanding import Period
from core import clock


async def answer(asker: Asker) -> list[str]:
    """What was paid, and everything else by kind; of this month where no period is named."""
    today = clock.today()
    period = asker.asked.slots.period or Period(today.replace(day=1), today)
    first, last = period.first, min(period.last, today)
    if first > last:
        return [asker.say("statement.not_yet")]
    found = await day_statements.read(asker.customer.id, from_on=first, to_on=last, limit=1)
    if not found.totals:
        return [asker.say("spent.nothing", from_on=first, to_on=last)]
    by_kind = {total.kind: total.amount_fen for total in found.totals}
    paid_fen, back_fen = -by_kind.get("bill_payment", 0), by_kind.get("bill_refund", 0)
    head = asker.say("spent.head", from_on=first, to_on=last, paid_fen=paid_fen, back_fen=back_fen)
    return [head, *(_line(asker, total) for total in found.totals)]


def _line(asker: Asker, total: day_statements.Total) -> str:
    return asker.say(
        "spent.line",
        kind=statement.kind_of(asker, total.kind),
        lines=total.lines,
        sign=statement.sign_of(total.amount_fen),
        amount_fen=abs(total.amount_fen),
    )
