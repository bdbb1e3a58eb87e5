"""余额: what the customer has."""

from __future__ import annotations

from billing import statements
from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """Available balance, what it consists of, what of it ends next, what is held, the credit, and a hint when it is low."""
    balance = asker.balance or await statements.balance(asker.customer.id)
    lines = [
        asker.say("balance.available", available_fen=balance.available_fen),
        asker.say("balance.parts", principal_fen=balance.principal_fen, bonus_fen=balance.bonus_fen),
    ]
    if balance.bonus_fen and (ending := await _ending_first(asker)):
        amount_fen = sum(lot.remaining_fen for lot in ending)
        lines.append(asker.say("balance.expiring", amount_fen=amount_fen, expires_at=ending[0].expires_at))
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


async def _ending_first(asker: Asker) -> list[statements.Lot]:
    """The money that ends next, all of that day."""
    ending = [lot for lot in await statements.lots(asker.customer.id) if lot.expires_at is not None]
    return [lot for lot in ending if lot.expires_at == ending[0].expires_at]
