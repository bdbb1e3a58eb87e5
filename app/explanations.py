"""What ``yucun explain`` prints: the lots behind a balance or a change, for an operator at the shop's machine."""

from __future__ import annotations

from billing import statements
from core import money, words
from ledger import explain


async def of_balance(customer_id: int) -> list[str]:
    """The balance, then a line a lot.

    Raises:
        NoSuchAccount: there is no such customer.
    """
    balance = await statements.balance(customer_id)
    head = (
        f"余额 · balance {money.yuan(balance.balance_fen)} = 本金 · principal {money.yuan(balance.principal_fen)}"
        f" + 赠送 · bonus {money.yuan(balance.bonus_fen)}; 冻结 · held {money.yuan(balance.held_fen)}"
    )
    lots = await statements.lots(customer_id)
    ways = await statements.origins_of([lot.id for lot in lots])
    return [head, *(line for lot in lots for line in (_lot(lot), *_way(ways[lot.id])))]


async def of_change(customer_id: int, entry_no: int) -> list[str]:
    """The change, the rule that chose its lots, then a line a lot.

    Raises:
        NoSuchChange: the account has no such change.
    """
    found = await statements.why(customer_id, entry_no)
    change = found.change
    moved_fen = change.principal_fen + change.bonus_fen
    head = [
        f"#{change.entry_no} {change.at:%Y-%m-%d %H:%M:%SZ} {change.kind} {money.yuan(moved_fen)}"
        f" → {money.yuan(change.balance_after_fen)}  {change.reference}  {change.operator}  {change.memo}"
    ]
    if found.burn_policy:
        head.append(f"顺序 · order: {words.say(f'bot.last_deduction.policy.{found.burn_policy}', 'en')}")
    if found.matched_by:
        head.append(
            f"选中账单 · bill chosen: {words.say(f'bot.last_deduction.matched.{found.matched_by}', 'en')}"
        )
    if found.reverses:
        head.append(f"退回 · undoes: {found.reverses}")
    ways = await statements.origins_of([piece.lot_id for piece in found.pieces])
    return head + [line for piece in found.pieces for line in (_piece(piece), *_way(ways[piece.lot_id]))]


def _lot(lot: explain.Lot) -> str:
    until = f", {lot.expires_at:%Y-%m-%d} 到期 · expires" if lot.expires_at else ""
    left = f"{money.yuan(lot.remaining_fen)} / {money.yuan(lot.original_fen)}"
    return f"  {lot.kind} {left}  ← {lot.source}, {lot.created_at:%Y-%m-%d}{until}"


def _way(way: tuple[statements.Origin, ...]) -> list[str]:
    """Whose the money was before, a line a step back."""
    return [f"    ← customer {step.customer_id}: {step.source}, {step.came_at:%Y-%m-%d}" for step in way[1:]]


def _piece(piece: explain.Piece) -> str:
    return f"  {piece.kind} {money.yuan(piece.amount_fen)}  ← {piece.source}, {piece.came_at:%Y-%m-%d}"
