"""上个月花了多少: what moved an account in a period, in sums by kind."""

from __future__ import annotations

from datetime import date

from billing import day_statements
from bot import statement
from bot.asker import Asker
from bot.understanding import Period
from core import clock


async def answer(asker: Asker) -> list[str]:
    """What was paid, and everything else by kind; of this month where no period is named."""
    today = clock.today()
    period = asker.asked.slots.period or Period(today.replace(day=1), today)
    if period.first > today:
        return [asker.say("statement.not_yet")]
    found = await day_statements.read(
        asker.customer.id, from_on=period.first, to_on=min(period.last, today), limit=1
    )
    paid_fen = -sum(total.amount_fen for total in found.totals if total.kind == "bill_payment")
    back_fen = sum(total.amount_fen for total in found.totals if total.kind == "bill_refund")
    head = asker.say("spent.head", **days(found.from_on, found.to_on), paid_fen=paid_fen, back_fen=back_fen)
    if not found.totals:
        return [asker.say("spent.nothing", **days(found.from_on, found.to_on))]
    return [head, *(sum_line(asker, total) for total in found.totals)]


def days(first: date, last: date) -> dict[str, date]:
    """A period as sentences name it."""
    return {"from_on": first, "to_on": last}


def sum_line(asker: Asker, total: day_statements.Total) -> str:
    """One kind of change with how many there were and what they come to."""
    return asker.say(
        "spent.line",
        kind=statement.kind_of(asker, total.kind),
        lines=total.lines,
        sign="+" if total.amount_fen > 0 else "−" if total.amount_fen < 0 else "",
        amount_fen=abs(total.amount_fen),
    )
