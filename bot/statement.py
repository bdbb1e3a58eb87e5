"""明细: the latest changes of the account, or those of a period."""

from __future__ import annotations

from billing import day_statements, statements
from bot.asker import Asker
from bot.understanding import Period
from core import clock, words

SHOWN = 5
MOST_SHOWN = 15


async def answer(asker: Asker) -> list[str]:
    """The last changes, newest first: five, or as many as were asked for; of a period with its opening and closing balance."""
    slots = asker.asked.slots
    if slots.period is not None:
        return await _of_period(asker, slots.period, min(slots.count or MOST_SHOWN, MOST_SHOWN))
    changes = await statements.changes(asker.customer.id, limit=min(slots.count or SHOWN, MOST_SHOWN))
    if not changes:
        return [asker.say("statement.none")]
    lines = (_line(asker, one, one.principal_fen + one.bonus_fen, one.balance_after_fen) for one in changes)
    return [asker.say("statement.title", count=len(changes)), *lines]


async def _of_period(asker: Asker, period: Period, most: int) -> list[str]:
    today = clock.today()
    if period.first > today:
        return [asker.say("statement.not_yet")]
    first, last, whose = period.first, min(period.last, today), asker.customer.id
    found = await day_statements.read(whose, from_on=first, to_on=last, limit=most + 1)
    shown, end_no = found.lines, found.end_no
    if len(shown) > most:  # of many the last
        late = await day_statements.read(
            whose, from_on=first, to_on=last, after_no=end_no - most - 1, before_no=end_no, limit=most
        )
        shown = late.lines
    opening_fen, closing_fen = found.opening.balance_fen, found.closing.balance_fen
    head = asker.say(
        "statement.period", from_on=first, to_on=last, opening_fen=opening_fen, closing_fen=closing_fen
    )
    if not shown:
        return [head, asker.say("statement.nothing_then")]
    lines = [
        _line(asker, one, one.principal_fen + one.bonus_fen, one.balance_after_fen) for one in reversed(shown)
    ]
    more = [asker.say("statement.more_then", shown=most)] if len(found.lines) > most else []
    return [head, *lines, *more]


def _line(
    asker: Asker, change: statements.Change | day_statements.Line, moved_fen: int, balance_fen: int
) -> str:
    return asker.say(
        "statement.line",
        at=change.at,
        what=_what(asker, change),
        sign="+" if moved_fen > 0 else "−" if moved_fen < 0 else "",
        amount_fen=abs(moved_fen),
        balance_fen=balance_fen,
    )


def _what(asker: Asker, change: statements.Change | day_statements.Line) -> str:
    kind = kind_of(asker, change.kind)
    return asker.say("statement.what", kind=kind, memo=change.memo) if change.memo else kind


def kind_of(asker: Asker, kind: str) -> str:
    """What a kind of change is called."""
    key = f"statement.kind.{kind}"
    return asker.say(key if words.has(f"bot.{key}", asker.locale) else "statement.kind.other")
