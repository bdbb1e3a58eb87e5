"""明细: the latest changes of the account."""

from __future__ import annotations

from billing import statements
from bot.asker import Asker
from core import words

SHOWN = 5


async def answer(asker: Asker) -> list[str]:
    """The last changes, newest first."""
    changes = await statements.changes(asker.customer.id, limit=SHOWN)
    if not changes:
        return [asker.say("statement.none")]
    return [asker.say("statement.title", count=len(changes)), *(_line(asker, one) for one in changes)]


def _line(asker: Asker, change: statements.Change) -> str:
    moved_fen = change.principal_fen + change.bonus_fen
    return asker.say(
        "statement.line",
        at=change.at,
        what=_what(asker, change),
        sign="+" if moved_fen > 0 else "−" if moved_fen < 0 else "",
        amount_fen=abs(moved_fen),
        balance_fen=change.balance_after_fen,
    )


def _what(asker: Asker, change: statements.Change) -> str:
    key = f"statement.kind.{change.kind}"
    kind = asker.say(key if words.has(f"bot.{key}", asker.locale) else "statement.kind.other")
    return asker.say("statement.what", kind=kind, memo=change.memo) if change.memo else kind
