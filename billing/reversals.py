"""Reversals 冲正: an operator's mistake is undone by its exact opposite, which names it; nothing is edited.

Adjustments and transfers between customers can be reversed, each once, as long as the money is where they put it. Other changes
have ways of their own (bills and top-ups are refunded) or none (expiry, merges, reversals).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing import adjustments, approvals, matching, transfers
from core import db, errors, ids
from ledger import accounts, idempotency, moves, posting
from members import limits


class AlreadyReversed(errors.Conflict):
    """It was undone before, or is about to be: that waits for a second person."""

    code = "already_reversed"


class NotReversible(errors.Conflict):
    """What undid something cannot itself be undone; do the act again instead."""

    code = "not_reversible"


class MoneySpent(errors.Conflict):
    """The money it brought has been spent or is held, so it cannot be taken back as it came."""

    code = "money_spent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking for a reversal came to: done under a number of its own, or waiting for a second person."""

    number: str | None
    approval_no: str | None


@db.retried
async def reverse_adjustment(operator_id: int, adjustment_no: str, *, reason: str, key: str) -> Outcome:
    """Undoes an adjustment: what it gave is taken from the lot it made, what it took goes back into the lots it came from.

    Raises:
        NoSuchAdjustment, AlreadyReversed, NotReversible, MoneySpent, InsufficientBalance, KeyReused.
    """
    undone = await adjustments.get(adjustment_no)

    async def act(approval_no: str | None) -> str:
        return await _adjustment(adjustment_no, operator_id, reason, approval_no)

    return await _ask("adjustment_reversal", undone, adjustment_no, operator_id, reason, key, act)


@db.retried
async def reverse_transfer(operator_id: int, transfer_no: str, *, reason: str, key: str) -> Outcome:
    """Undoes a transfer between customers: the lots it made, all whole, go back into the lots it took.

    Raises:
        NoSuchTransfer, AlreadyReversed, NotReversible, MoneySpent, NotBetweenThese, InsufficientBalance, KeyReused.
    """
    undone = await transfers.get(transfer_no)

    async def act(approval_no: str | None) -> str:
        return await _transfer(transfer_no, operator_id, reason, approval_no)

    return await _ask("transfer_reversal", undone, transfer_no, operator_id, reason, key, act)


async def _ask(
    kind: str,
    undone: adjustments.Adjustment | transfers.Transfer,
    number: str,
    operator_id: int,
    reason: str,
    key: str,
    act: Callable[[str | None], Awaitable[str]],
) -> Outcome:
    if isinstance(undone, adjustments.Adjustment):
        amount_fen, customer_id = undone.amount_fen, undone.customer_id
    else:
        amount_fen, customer_id = undone.principal_fen + undone.bonus_fen, undone.receiver_id

    async def once() -> str:
        await approvals.one_request(kind, number)
        allowance = await limits.of(operator_id, "adjustments", "money.move")
        _refuse_undone(await _current(undone, number), number)
        alone = not approvals.needed(amount_fen)
        if alone and await allowance.takes(amount_fen, accounts.of_customer(customer_id)):
            return await act(None)
        if await approvals.is_waiting(kind, {"number": number}, customer_id=customer_id):
            raise AlreadyReversed(number=number)
        return await approvals.request(
            kind, {"number": number, "reason": reason}, amount_fen=amount_fen, reason=reason,
            operator_id=operator_id, customer_id=customer_id,
        )  # fmt: skip

    content = {"number": number, "reason": reason}
    async with db.transaction():
        made = await idempotency.once(
            caller=f"operator:{operator_id}",
            operation=f"reversals.{kind}",
            key=key,
            content=content,
            act=once,
        )
    waits = made.startswith(approvals.PREFIX)
    return Outcome(None if waits else made, made if waits else None)


async def _current(
    undone: adjustments.Adjustment | transfers.Transfer, number: str
) -> adjustments.Adjustment | transfers.Transfer:
    return await (
        adjustments.get(number) if isinstance(undone, adjustments.Adjustment) else transfers.get(number)
    )


def _refuse_undone(undone: adjustments.Adjustment | transfers.Transfer, number: str) -> None:
    if undone.reverses_no is not None:
        raise NotReversible(number=number)
    if undone.reversed_by_no is not None:
        raise AlreadyReversed(number=number)


async def _approved_adjustment(approval: approvals.Approval) -> str:
    number, reason = approval.params["number"], approval.params["reason"]
    return await _adjustment(number, approval.requested_by, reason, approval.approval_no)


async def _approved_transfer(approval: approvals.Approval) -> str:
    number, reason = approval.params["number"], approval.params["reason"]
    return await _transfer(number, approval.requested_by, reason, approval.approval_no)


approvals.register("adjustment_reversal", _approved_adjustment, "adjustments")
approvals.register("transfer_reversal", _approved_transfer, "adjustments")


_PIECES = """
SELECT t.id AS transfer_id, p.source_lot_id, p.target_lot_id, p.amount_fen FROM transfer t
JOIN posting p ON p.transfer_id = t.id WHERE t.reference = $1 ORDER BY p.id DESC
"""


async def _adjustment(adjustment_no: str, operator_id: int, reason: str, approval_no: str | None) -> str:
    """The adjustment's number is unique among what reverses, so of two at once the loser finds the winner's."""
    undone = await adjustments.get(adjustment_no)
    _refuse_undone(undone, adjustment_no)
    pieces = await db.fetch(_PIECES, undone.transfer_reference)
    customer, house = accounts.of_customer(undone.customer_id), adjustments.other_side(undone.kind)
    legs = [
        posting.debit(customer, house, row["amount_fen"], lot=row["target_lot_id"])
        if undone.amount_fen > 0
        else posting.give_back(house, customer, row["amount_fen"], lot=row["source_lot_id"])
        for row in pieces
    ]
    number = ids.new_no("A")
    transfer = posting.Transfer(
        f"adjustment:{number}", "adjustment_reversal", legs, operator=f"operator:{operator_id}", memo=reason,
        reverses=pieces[0]["transfer_id"],
    )  # fmt: skip
    wish = adjustments.Wish(undone.customer_id, undone.kind, -undone.amount_fen, reason)
    await adjustments.record(
        number, wish, transfer, operator_id, approval_no=approval_no, reverses_no=adjustment_no
    )
    if wish.amount_fen > 0:
        await adjustments.give(wish, transfer)
        return number
    try:
        await adjustments.take(wish, transfer)
    except posting.InsufficientBalance:
        raise MoneySpent(number=adjustment_no) from None
    return number


async def _transfer(transfer_no: str, operator_id: int, reason: str, approval_no: str | None) -> str:
    undone = await transfers.get(transfer_no)
    _refuse_undone(undone, transfer_no)
    number, operator = ids.new_no("X"), f"operator:{operator_id}"

    async def act() -> tuple[str, bool]:
        await moves.lock(undone.giver_id, undone.receiver_id)
        _refuse_undone(await transfers.get(transfer_no), transfer_no)  # by a twin, while we waited
        await transfers.check_standing(undone.giver_id, undone.receiver_id)
        if not await moves.is_untouched(transfer_no):
            raise MoneySpent(number=transfer_no)
        back = transfers.Gift(
            undone.receiver_id, undone.giver_id, undone.principal_fen, undone.bonus_fen, reason
        )
        await transfers.record(
            number, "gift", back, operator, approval_no=approval_no, reverses_no=transfer_no
        )
        taken, given = await moves.undo(
            transfer_no,
            number,
            giver=undone.giver_id,
            receiver=undone.receiver_id,
            operator=operator,
            memo=reason,
        )
        await transfers.told(undone.receiver_id, undone.giver_id, taken, given, reason)
        return number, True

    return await matching.settling(undone.giver_id, act)
