"""上一笔: the last deduction, what it was for, which money it took and by which rule."""

from __future__ import annotations

from billing import plan_pages, statements
from bot.asker import Asker
from core import words


async def answer(asker: Asker) -> list[str]:
    """What was taken last and why those lots."""
    found = await statements.last_deduction(asker.customer.id)
    if found is None:
        return [asker.say("last_deduction.none")]
    change = found.change
    lines = [
        asker.say(
            "last_deduction.taken",
            at=change.at,
            memo=change.memo or change.kind,
            amount_fen=-(change.principal_fen + change.bonus_fen),
        )
    ]
    if (period := await plan_pages.taken_for(change.reference)) is not None:
        lines.append(
            asker.say(
                "last_deduction.plan",
                name=period.name,
                plan_id=period.plan_id,
                period=period.period_no + 1,
                covers_from=period.covers_from,
                covers_to=period.covers_to,
            )
        )
    lines += [_piece(asker, piece) for piece in found.pieces]
    if found.burn_policy:
        policy = asker.say(f"last_deduction.policy.{found.burn_policy}")
        lines.append(asker.say("last_deduction.rule", policy=policy))
    if found.matched_by:
        lines.append(asker.say(f"last_deduction.matched.{found.matched_by}"))
    return lines


def _piece(asker: Asker, piece: statements.Piece) -> str:
    came_by = f"last_deduction.source.{piece.source.split(':')[0]}"
    return asker.say(
        "last_deduction.from",
        kind=asker.say(f"last_deduction.kind.{piece.kind}"),
        amount_fen=abs(piece.amount_fen),
        at=piece.came_at,
        source=asker.say(
            came_by if words.has(f"bot.{came_by}", asker.locale) else "last_deduction.source.other"
        ),
    )
