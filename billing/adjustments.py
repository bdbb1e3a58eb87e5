"""Adjustments 调整: an operator corrects a balance, with a reason."""

from __future__ import annotations

from billing import credits
from core import clock, db, errors, ids, money
from ledger import accounts, idempotency, posting
from notifications import outbox


class AdjustmentOutOfRange(errors.Invalid):
    """An adjustment moves at least one fen, and leaves no more than the books can hold."""

    code = "adjustment_out_of_range"


InsufficientBalance = posting.InsufficientBalance
NothingMoved = posting.NothingMoved
NoSuchAccount = accounts.NoSuchAccount
KeyReused = idempotency.KeyReused


@db.retried
async def adjust(
    operator_id: int, customer_id: int, *, kind: posting.LotKind, amount_fen: int, reason: str, key: str
) -> accounts.Balance:
    """Adds to (or with a negative amount takes from) one kind of a customer's balance, and returns the balance after it.

    Raises:
        AdjustmentOutOfRange, InsufficientBalance, NoSuchAccount, KeyReused.
    """
    if not 0 < abs(amount_fen) <= money.MAX_FEN:
        raise AdjustmentOutOfRange
    await accounts.balance(customer_id)
    operator = f"operator:{operator_id}"

    async def act() -> str:
        return await _post(operator, customer_id, kind, amount_fen, reason)

    content = {"customer_id": customer_id, "kind": kind, "amount_fen": amount_fen, "reason": reason}
    async with db.transaction():
        await idempotency.once(
            caller=operator, operation="adjustments.adjust", key=key, content=content, act=act
        )
    return await accounts.balance(customer_id)


async def _post(operator: str, customer_id: int, kind: posting.LotKind, amount_fen: int, reason: str) -> str:
    customer, house = accounts.of_customer(customer_id), _other_side(kind)
    leg = (
        posting.credit(house, customer, amount_fen, kind=kind)
        if amount_fen > 0
        else posting.debit(customer, house, -amount_fen, kind=kind)
    )
    number = ids.new_no("A")
    transfer = posting.Transfer(
        f"adjustment:{number}", "manual_adjustment", [leg], operator=operator, memo=reason
    )

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "amount_fen": amount_fen,
            "reason": reason,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(customer_id, "adjusted", posted.reference, params)

    if amount_fen > 0:
        posted = await credits.credit(customer_id, transfer, told=told)
        if (posted.available_after_fen or 0) > money.MAX_FEN:
            raise AdjustmentOutOfRange
        return number
    posted = await _take(customer_id, kind, transfer)
    await outbox.tell(
        [told(posted)],
        [
            outbox.Movement(
                customer_id,
                posted.reference,
                posted.available_before_fen or 0,
                posted.available_after_fen or 0,
            )
        ],
    )
    return number


async def _take(customer_id: int, kind: posting.LotKind, transfer: posting.Transfer) -> posting.Posted:
    try:
        return await posting.post_one(transfer)
    except InsufficientBalance:
        # what the account has of the other kind is no help here, so it is not called available
        held = await accounts.balance(customer_id)
        of_kind_fen = held.bonus_fen if kind == "bonus" else held.principal_fen
        raise InsufficientBalance(
            available_fen=min(of_kind_fen, held.available_fen),
            amount_fen=sum(leg.amount_fen for leg in transfer.legs),
        ) from None


def _other_side(kind: posting.LotKind) -> str:
    return accounts.BONUS_COST if kind == "bonus" else accounts.ADJUSTMENT
