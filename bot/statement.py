"""明细: the latest changes of the account, or those of a period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing import day_statements, statements
from bot.asker import Asker
from bot.understanding import Period
from core import clock, words

SHOWN = 5
MOST_SHOWN = 15


async def answer(asker: Asker) -> list[str]:
    """The last changes, newest first: five, or as many as were asked for; of a period with its balances and the sums by kind."""
    slots = asker.asked.slots
    if slots.period is not None:
        return await _of_period(asker, slots.period, min(slots.count or MOST_SHOWN, MOST_SHOWN))
    changes = await statements.changes(asker.customer.id, limit=min(slots.count or SHOWN, MOST_SHOWN))
    if not changes:
        return [asker.say("statement.none")]
    return [asker.say("statement.title", count=len(changes)), *(_line(asker, one) for one in changes)]


async def _of_period(asker: Asker, period: Period, most: int) -> list[str]:
    first, last = period.first, min(period.last, clock.today())
    if first > last:
        return [asker.say("statement.not_yet")]
    found, shown = await _last(asker.customer.id, first, last, most)
    head = asker.say(
        "statement.period",
        from_on=first,
        to_on=last,
        opening_fen=found.opening.balance_fen,
        closing_fen=found.closing.balance_fen,
    )
    if not shown:
        return [head, asker.say("statement.nothing_then")]
    more = [asker.say("statement.more_then", shown=most)] if len(found.lines) > most else []
    return [head, _totals(asker, found.totals), *(_line(asker, one) for one in reversed(shown)), *more]


def _totals(asker: Asker, totals: Sequence[day_statements.Total]) -> str:
    """The sums by kind on one line; where there is one change of each they still say what came in and what went out."""
    sums = [
        asker.say(
            "statement.total",
            kind=kind_of(asker, total.kind),
            sign=sign_of(total.amount_fen),
            amount_fen=abs(total.amount_fen),
        )
        for total in totals
    ]
    return asker.say("statement.totals", totals=asker.say("statement.between").join(sums))


async def _last(
    customer_id: int, first: date, last: date, most: int
) -> tuple[day_statements.Statement, list[day_statements.Line]]:
    """The statement of the days, and the last of its lines, oldest first."""
    found = await day_statements.read(customer_id, from_on=first, to_on=last, limit=most + 1)
    if len(found.lines) <= most:
        return found, list(found.lines)
    end_no = found.end_no
    late = await day_statements.read(
        customer_id, from_on=first, to_on=last, after_no=end_no - most - 1, before_no=end_no, limit=most
    )
    return found, list(late.lines)


def _line(asker: Asker, change: statements.Change | day_statements.Line) -> str:
    moved_fen = change.principal_fen + change.bonus_fen
    kind = kind_of(asker, change.kind)
    return asker.say(
        "statement.line",
        at=change.at,
        what=asker.say("statement.what", kind=kind, memo=change.memo) if change.memo else kind,
        sign=sign_of(moved_fen),
        amount_fen=abs(moved_fen),
        balance_fen=change.balance_after_fen,
    )


def kind_of(asker: Asker, kind: str) -> str:
    """What a kind of change is called."""
    key = f"statement.kind.{kind}"
    return asker.say(key if words.has(f"bot.{key}", asker.locale) else "statement.kind.other")


def sign_of(moved_fen: int) -> str:
    """The sign before an amount that came in or went out."""
    return "+" if moved_fen > 0 else "−" if moved_fen < 0 else ""
