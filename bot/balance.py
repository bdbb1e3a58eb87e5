"""余额: what the customer has."""

from __future__ import annotations

from billing import statements
from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """Available balance, what it consists of, what of it ends next, what is held, the credit, and a hint when it is low."""
    balance, ending = asker.balance, asker.ending
    if balance is None:
        raise statements.NoSuchAccount
    lines = [
        asker.say("balance.available", available_fen=balance.available_fen),
        asker.say("balance.parts", principal_fen=balance.principal_fen, bonus_fen=balance.bonus_fen),
    ]
    if ending is not None:
        lines.append(asker.say("balance.expiring", amount_fen=ending.amount_fen, expires_at=ending.at))
    if balance.held_fen:
        lines.append(asker.say("balance.held", held_fen=balance.held_fen))
    if balance.credit_limit_fen:
        lines.append(
            asker.say(
                "balance.credit",
                limit_fen=balance.credit_limit_fen,
                used_fen=balance.credit_used_fen,
                left_fen=balance.credit_left_fen,
            )
        )
    threshold_fen = asker.customer.low_balance_threshold_fen
    if threshold_fen is not None and balance.available_fen < threshold_fen:
        lines.append(asker.say("balance.low", threshold_fen=threshold_fen))
    return lines
