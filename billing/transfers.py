"""Transfers between customers 转赠: part of one customer's balance becomes another's, and stays what it was.

Principal stays principal, bonus keeps its expiry, and both remember where they once came from. Operators do it; customers
themselves where the shop's terms allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing import abnormal, approvals, caps, low_balance, matching, staff_alerts, terms
from core import clock, db, errors, ids
from ledger import accounts, idempotency, moves, posting
from members import customers, limits
from notifications import outbox


class NothingToTransfer(errors.Invalid):
    """A transfer moves some principal or some bonus, from one customer to another."""

    code = "nothing_to_transfer"


class NotBetweenThese(errors.Conflict):
    """One of the two customers is blocked, merged, being closed or closed."""

    code = "customer_not_active"


class ReceiverLimit(errors.Conflict):
    """The transfer would bring the receiver's principal above what a prepaid account may hold."""

    code = "receiver_limit"


class TransfersClosed(errors.Forbidden):
    """In this shop customers do not transfer balances themselves."""

    code = "transfers_closed"


class TransferNeedsReview(errors.Conflict):
    """The shop's rules want somebody to look at a transfer like this one first."""

    code = "transfer_needs_review"


class NoSuchTransfer(errors.NotFound):
    """There is no transfer of this number."""

    code = "no_such_transfer"


InsufficientBalance = posting.InsufficientBalance
NoSuchAccount = accounts.NoSuchAccount
NoSuchCustomer = customers.NoSuchCustomer
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Transfer:
    """What one customer gave another."""

    id: int
    transfer_no: str
    giver_id: int
    receiver_id: int
    principal_fen: int
    bonus_fen: int
    reason: str
    operator: str
    approval_no: str | None
    reverses_no: str | None
    reversed_by_no: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking for a transfer came to: done, or waiting for a second person."""

    transfer_no: str | None
    approval_no: str | None


@dataclass(frozen=True, slots=True)
class Gift:
    """Who gives whom what, and why."""

    giver_id: int
    receiver_id: int
    principal_fen: int
    bonus_fen: int
    reason: str


@db.retried
async def send(operator_id: int, gift: Gift, *, key: str) -> Outcome:
    """An operator moves part of one customer's available balance to another; above the shop's limit it waits for a second person.

    Raises:
        NothingToTransfer, NoSuchCustomer, NotBetweenThese, ReceiverLimit, InsufficientBalance, KeyReused.
    """
    await _check(gift)
    content = {name: getattr(gift, name) for name in Gift.__dataclass_fields__}

    async def act() -> str:
        amount_fen = gift.principal_fen + gift.bonus_fen
        await approvals.one_by_one(operator_id, gift.giver_id)
        allowance = await limits.of(operator_id, "adjustments", "money.move")
        if not await approvals.alone(allowance, amount_fen, customer_id=gift.giver_id):
            return await approvals.request(
                "customer_transfer", content, amount_fen=amount_fen, reason=gift.reason,
                operator_id=operator_id, customer_id=gift.giver_id,
            )  # fmt: skip
        return await _give(gift, f"operator:{operator_id}")

    async with db.transaction():
        made = await idempotency.once(
            caller=f"operator:{operator_id}", operation="transfers.send", key=key, content=content, act=act
        )
    waits = made.startswith(approvals.PREFIX)
    return Outcome(None if waits else made, made if waits else None)


async def send_own(gift: Gift, *, key: str) -> Transfer:
    """A customer gives another some of their own balance, where the shop's terms allow it.

    Raises:
        TransfersClosed, NothingToTransfer, NoSuchCustomer, NotBetweenThese, ReceiverLimit, InsufficientBalance, KeyReused.
        TransferNeedsReview: a rule for abnormal deductions would hold it; the shop's people are told, and may make it themselves.
    """
    if not terms.current().customer_transfers:
        raise TransfersClosed
    await _check(gift)
    try:
        return await _send_own(gift, key=key)
    except TransferNeedsReview:
        told = {"customer_id": gift.giver_id, "amount_fen": gift.principal_fen + gift.bonus_fen}
        await staff_alerts.raise_once("transfer_stopped", str(gift.giver_id), told)
        raise


@db.retried
async def _send_own(gift: Gift, *, key: str) -> Transfer:
    caller = accounts.of_customer(gift.giver_id)

    async def act() -> str:
        return await _give(gift, caller)

    async with db.transaction():
        content = {name: getattr(gift, name) for name in Gift.__dataclass_fields__}
        made = await idempotency.once(
            caller=caller, operation="transfers.send_own", key=key, content=content, act=act
        )
    return await get(made)


async def _check(gift: Gift) -> None:
    if gift.giver_id == gift.receiver_id or min(gift.principal_fen, gift.bonus_fen) < 0:
        raise NothingToTransfer
    if not gift.principal_fen + gift.bonus_fen:
        raise NothingToTransfer
    for customer_id in (gift.giver_id, gift.receiver_id):
        await customers.get(customer_id)


async def _approved(approval: approvals.Approval) -> str:
    gift = Gift(**approval.params)
    return await _give(gift, f"operator:{approval.requested_by}", approval_no=approval.approval_no)


approvals.register("customer_transfer", _approved, "adjustments")


async def _give(gift: Gift, operator: str, *, approval_no: str | None = None) -> str:
    number = ids.new_no("X")

    async def act() -> tuple[str, bool]:
        await moves.lock(gift.giver_id, gift.receiver_id)
        await check_standing(gift.giver_id, gift.receiver_id)
        await _check_limit(gift)
        amount_fen = gift.principal_fen + gift.bonus_fen
        judged = await abnormal.judge_transfer(gift.giver_id, amount_fen, operator=operator)
        if judged.held:
            raise TransferNeedsReview
        parts = await moves.parts(gift.giver_id, principal_fen=gift.principal_fen, bonus_fen=gift.bonus_fen)
        await record(number, "gift", gift, operator, approval_no=approval_no)
        taken, given = await moves.post(
            "transfer", number, parts, giver=gift.giver_id, receiver=gift.receiver_id, operator=operator,
            memo=gift.reason,
        )  # fmt: skip
        await told(gift.giver_id, gift.receiver_id, taken, given, gift.reason)
        await abnormal.tell_of_transfer(judged, gift.giver_id, number, amount_fen, gift.reason)
        return number, True

    return await matching.settling(gift.receiver_id, act)


async def check_standing(*customer_ids: int) -> None:
    """Both may still have money moved; asked under their accounts' locks, where their state cannot change.

    Raises:
        NotBetweenThese: one is not an active customer.
    """
    for customer_id in customer_ids:
        customer = await customers.get(customer_id)
        if customer.state != "active":
            raise NotBetweenThese(customer_id=customer_id, state=customer.state)


async def _check_limit(gift: Gift) -> None:
    if not gift.principal_fen:
        return
    limit_fen = await caps.of(gift.receiver_id)
    held_fen = (await accounts.balance(gift.receiver_id)).principal_fen
    if held_fen + await caps.promised_fen(gift.receiver_id) + gift.principal_fen > limit_fen:
        raise ReceiverLimit(limit_fen=limit_fen)


_RECORD = """
INSERT INTO move (move_no, kind, giver_id, receiver_id, principal_fen, bonus_fen, reason, operator, approval_no, reverses_no,
                  created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


async def record(
    number: str,
    kind: str,
    gift: Gift,
    operator: str,
    *,
    approval_no: str | None = None,
    reverses_no: str | None = None,
) -> None:
    """Writes a move down, in the open transaction."""
    await db.execute(
        _RECORD, number, kind, gift.giver_id, gift.receiver_id, gift.principal_fen, gift.bonus_fen, gift.reason, operator,
        approval_no, reverses_no, clock.now(),
    )  # fmt: skip


async def told(
    giver_id: int, receiver_id: int, taken: posting.Posted, given: posting.Posted, reason: str
) -> None:
    """Tells both, and warns the giver where the balance has become low."""
    giver, receiver = await customers.get(giver_id), await customers.get(receiver_id)
    sides: Sequence[tuple[int, outbox.Kind, str, posting.Posted]] = (
        (giver_id, "transfer_sent", receiver.name, taken),
        (receiver_id, "transfer_received", giver.name, given),
    )
    now = clock.now()
    messages = [
        outbox.Message(
            customer_id, kind, posted.reference,
            {"amount_fen": posted.moved_fen, "name": name, "reason": reason, "at": now,
             "available_fen": posted.available_after_fen},
        )
        for customer_id, kind, name, posted in sides
    ]  # fmt: skip
    before_fen, after_fen = taken.available_before_fen or 0, taken.available_after_fen or 0
    await low_balance.tell(messages, [outbox.Movement(giver_id, taken.reference, before_fen, after_fen)])


_COLUMNS = """
m.id, m.move_no, m.giver_id, m.receiver_id, m.principal_fen, m.bonus_fen, m.reason, m.operator, m.approval_no, m.reverses_no,
(SELECT r.move_no FROM move r WHERE r.reverses_no = m.move_no) AS reversed_by_no, m.created_at
"""
_GET = f"SELECT {_COLUMNS} FROM move m WHERE m.move_no = $1 AND m.kind = 'gift'"


async def get(transfer_no: str) -> Transfer:
    """One transfer.

    Raises:
        NoSuchTransfer: there is none of this number.
    """
    row = await db.fetchrow(_GET, transfer_no)
    if row is None:
        raise NoSuchTransfer(transfer_no=transfer_no)
    return Transfer(*row)


_PAGE = f"""
SELECT {_COLUMNS} FROM move m
WHERE m.id < $1 AND m.kind = 'gift' AND ($2::bigint IS NULL OR m.giver_id = $2 OR m.receiver_id = $2) ORDER BY m.id DESC LIMIT $3
"""


async def page(
    *, customer_id: int | None = None, before: int | None = None, limit: int = 20
) -> list[Transfer]:
    """Transfers, newest first: all, or those one customer gave or got."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, customer_id, limit)
    return [Transfer(*row) for row in rows]
