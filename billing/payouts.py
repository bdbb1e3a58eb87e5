"""Payouts: the principal of an account that is being closed leaves it, at the counter against a receipt or by a remittance.

A remittance sets the amount aside first (``set_aside``); it is paid out once it arrived (``sent``), or free again (``let_go``). When
nothing is left the account is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing import closings
from core import clock, db, errors, ids
from ledger import accounts, holds, idempotency, moves, posting
from notifications import outbox

NoSuchClosing = closings.NoSuchClosing
KeyReused = idempotency.KeyReused


class NothingToPayOut(errors.Conflict):
    """The account has no principal to pay out, or less than that."""

    code = "nothing_to_pay_out"


@dataclass(frozen=True, slots=True)
class Payout:
    """Principal paid out at the counter, and the receipt for it; or sent by a remittance, and the channel's number of it."""

    payout_no: str
    amount_fen: int
    receipt_no: str
    tender: str
    remittance_no: str | None
    operator_id: int
    created_at: datetime


async def at_counter(
    operator_id: int, closing_no: str, *, receipt_no: str, amount_fen: int | None = None, key: str
) -> closings.Closing:
    """Records that principal was handed to the customer at the counter against a receipt: all of it, or ``amount_fen``.

    Raises:
        NoSuchClosing, NothingToPayOut, KeyReused.
    """
    operator = f"operator:{operator_id}"

    async def act() -> str:
        closing_id, customer_id = await closings.locked(closing_no)
        fen = await _owed(closing_id, closing_no, customer_id, operator, amount_fen)
        leg = posting.debit(accounts.of_customer(customer_id), accounts.COUNTER, fen, kind="principal")
        await _paid_out(closing_id, customer_id, leg, operator, _Slip(operator_id, "counter", receipt_no))
        return closing_no

    content = {"closing_no": closing_no, "receipt_no": receipt_no, "amount_fen": amount_fen}
    await idempotency.alone(caller=operator, operation="closings.pay_out", key=key, content=content, act=act)
    return await closings.get(closing_no)


async def _owed(
    closing_id: int, closing_no: str, customer_id: int, operator: str, amount_fen: int | None
) -> int:
    """What is paid out now, all that is there or ``amount_fen``; the account is locked from here on.

    Raises:
        NothingToPayOut.
    """
    await moves.lock(customer_id)
    await closings.forfeit(closing_id, closing_no, customer_id, operator)
    balance = await accounts.balance(customer_id)
    there_fen = min(balance.principal_fen, balance.balance_fen - balance.held_fen)
    wanted_fen = there_fen if amount_fen is None else amount_fen
    if not 0 < wanted_fen <= there_fen:
        raise NothingToPayOut(principal_fen=there_fen)
    return wanted_fen


async def set_aside(
    closing_no: str, *, amount_fen: int | None, reference: str, operator: str
) -> tuple[int, int]:
    """Holds what is to be sent to the customer by a remittance, in the caller's transaction. Returns customer and amount.

    Raises:
        NoSuchClosing, NothingToPayOut.
    """
    closing_id, customer_id = await closings.locked(closing_no)
    wanted_fen = await _owed(closing_id, closing_no, customer_id, operator, amount_fen)
    await holds.place(
        accounts.of_customer(customer_id),
        reference=reference,
        amount_fen=wanted_fen,
        title="销户退款",
        operator=operator,
    )
    return customer_id, wanted_fen


async def let_go(closing_no: str, *, reference: str) -> None:
    """What was set aside was not sent; it waits to be paid out again."""
    await closings.locked(closing_no)
    await holds.release(reference)


async def sent(
    closing_no: str, *, reference: str, amount_fen: int, tender: str, receipt_no: str, remittance_no: str, operator_id: int
) -> None:  # fmt: skip
    """What was set aside reached the customer by ``tender``."""
    closing_id, customer_id = await closings.locked(closing_no)
    await moves.lock(customer_id)
    await holds.release(reference)
    # It is principal that was set aside; should some of it be gone since, what is left pays, of whatever kind.
    is_there = (await accounts.balance(customer_id)).principal_fen >= amount_fen
    leg = posting.debit(
        accounts.of_customer(customer_id), accounts.clearing(tender), amount_fen, kind="principal" if is_there else None
    )  # fmt: skip
    slip = _Slip(operator_id, tender, receipt_no, remittance_no)
    await _paid_out(closing_id, customer_id, leg, f"channel:{tender}", slip)


@dataclass(frozen=True, slots=True)
class _Slip:
    """Who paid out or had it sent, how, and what proves it."""

    operator_id: int
    tender: str
    receipt_no: str
    remittance_no: str | None = None


_RECORD = """
INSERT INTO payout (payout_no, closing_id, amount_fen, receipt_no, operator_id, created_at, tender, remittance_no)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_PAID_OUT = "UPDATE closing SET paid_out_fen = paid_out_fen + $2 WHERE id = $1"


async def _paid_out(closing_id: int, customer_id: int, leg: posting.Leg, operator: str, slip: _Slip) -> None:
    number, now = ids.new_no("O"), clock.now()
    await posting.post_one(
        posting.Transfer(f"payout:{number}", "payout", [leg], operator=operator, memo=slip.receipt_no)
    )
    await db.execute(
        _RECORD, number, closing_id, leg.amount_fen, slip.receipt_no, slip.operator_id, now, slip.tender, slip.remittance_no
    )  # fmt: skip
    await db.execute(_PAID_OUT, closing_id, leg.amount_fen)
    told = {"amount_fen": leg.amount_fen, "receipt_no": slip.receipt_no, "at": now}
    await outbox.tell([outbox.Message(customer_id, "paid_out", f"payout:{number}", told)])
    await closings.finish(closing_id, customer_id)


_OF = """
SELECT p.payout_no, p.amount_fen, p.receipt_no, p.tender, p.remittance_no, p.operator_id, p.created_at
FROM payout p JOIN closing c ON c.id = p.closing_id WHERE c.closing_no = $1 ORDER BY p.id
"""


async def of(closing_no: str) -> Sequence[Payout]:
    """What was paid out of an account that is closed, in order."""
    return [Payout(*row) for row in await db.fetch(_OF, closing_no)]
