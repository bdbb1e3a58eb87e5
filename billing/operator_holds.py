"""Holds 冻结 placed by operators: a deposit 押金 or pre-authorisation 预授权, reserved on the balance until it is captured or let go.

As in the trade, a hold is captured once: up to what is held, and the rest is free again at that moment. What is captured becomes
a paid bill, so that it is told, explained and refunded like any other. The clock lets go what nobody captured in time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from billing import bills, collecting, low_balance, matching, settled
from core import clock, db, errors, ids
from ledger import accounts, holds, idempotency
from members import customers
from notifications import outbox

log = logging.getLogger(__name__)

PREFIX = "H"
"""What the number of an operator's hold begins with; it is the hold's reference in the books."""
LONGEST = timedelta(days=366)
"""Nobody's money is held longer than this without being asked again."""


class HoldExpiryOutOfRange(errors.Invalid):
    """A hold has to end in the future, within a year."""

    code = "hold_expiry_out_of_range"


class NotAnOperatorsHold(errors.NotFound):
    """No operator has placed a hold of this number."""

    code = "no_such_operator_hold"


HoldEnded = holds.HoldEnded
CaptureTooLarge = holds.CaptureTooLarge
InsufficientBalance = collecting.InsufficientBalance
NoSuchCustomer = customers.NoSuchCustomer
CustomerHasLeft = customers.CustomerHasLeft
NoSuchAccount = accounts.NoSuchAccount
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as people see it. ``kind`` is ``operator``, ``payment`` for a bill being paid, ``review`` for a deduction that
    operators look at, or ``remittance`` for what is being sent to the customer."""

    id: int
    hold_no: str
    customer_id: int
    kind: str
    title: str
    amount_fen: int
    captured_fen: int
    state: str
    operator: str
    expires_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


async def place(
    operator_id: int, customer_id: int, *, amount_fen: int, title: str, expires_at: datetime | None, key: str
) -> str:
    """Holds an amount of the customer's available balance and tells them. Returns the hold's number.

    Raises:
        NoSuchCustomer, CustomerHasLeft, NoSuchAccount, InsufficientBalance, HoldExpiryOutOfRange, KeyReused.
    """
    await customers.get(customer_id)
    operator, customer = f"operator:{operator_id}", accounts.of_customer(customer_id)

    async def act() -> str:
        customers.refuse_left(await customers.staying(customer_id))
        if expires_at is not None and not clock.now() < expires_at <= clock.now() + LONGEST:
            raise HoldExpiryOutOfRange(days=LONGEST.days)
        await accounts.balance(customer_id)
        hold_no = ids.new_no(PREFIX)
        await holds.place(
            customer,
            reference=hold_no,
            amount_fen=amount_fen,
            expires_at=expires_at,
            title=title,
            operator=operator,
        )
        await _tell("held", await holds.get(hold_no), amount_fen, falls_fen=amount_fen)
        return hold_no

    content = {"customer_id": customer_id, "amount_fen": amount_fen, "title": title, "expires_at": expires_at}
    return await idempotency.alone(
        caller=operator, operation="operator_holds.place", key=key, content=content, act=act
    )


async def capture(
    operator_id: int, hold_no: str, *, amount_fen: int, title: str | None = None, key: str
) -> str:
    """Takes up to what is held as a paid bill, with a receipt to the customer, and lets the rest go. Returns the hold's number.

    ``title`` is what the customer pays for, where that is not what the hold says.

    Raises:
        NotAnOperatorsHold, HoldEnded, CaptureTooLarge, KeyReused.
    """
    operator = f"operator:{operator_id}"
    customer_id = (await get(hold_no)).customer_id

    async def taken() -> tuple[None, bool]:
        hold = await holds.lock(hold_no)
        if hold.state != "open":
            raise HoldEnded(state=hold.state)
        if amount_fen > hold.amount_fen:
            raise CaptureTooLarge(held_fen=hold.amount_fen, amount_fen=amount_fen)
        await _take(hold, amount_fen, title or hold.title, operator)
        return None, amount_fen < hold.amount_fen

    async def act() -> None:
        await matching.settling(customer_id, taken)

    content = {"hold_no": hold_no, "amount_fen": amount_fen, "title": title}
    return await idempotency.alone(
        caller=operator,
        operation="operator_holds.capture",
        key=key,
        content=content,
        act=act,
        answer=hold_no,
    )


async def _take(hold: holds.Hold, amount_fen: int, title: str, operator: str) -> None:
    customer_id = accounts.customer_of(hold.customer)
    now = clock.now()
    source = f"hold:{hold.reference}"
    (bill,) = await bills.issue(
        [bills.NewBill(customer_id, title, source, amount_fen, now, issued_by=operator)]
    )
    posted = await holds.capture(
        hold.reference, amount_fen=amount_fen, target=accounts.REVENUE, kind="bill_payment", operator=operator,
        memo=title,
    )  # fmt: skip
    await settled.settle(bill, [settled.Part("balance", amount_fen, posted.reference)])
    params = {
        "title": title,
        "bill_no": bill.bill_no,
        "amount_fen": amount_fen,
        "available_fen": posted.available_after_fen,
        "at": now,
    }
    # What was available fell when it was held; now it rises, or stays: no alert.
    await outbox.tell([outbox.Message(customer_id, "deducted", posted.reference, params)])


async def release(operator_id: int, hold_no: str, *, key: str) -> str:
    """Lets go what is held, tells the customer, and settles their due bills with it. Returns the hold's number.

    Raises:
        NotAnOperatorsHold, HoldEnded, KeyReused.
    """
    customer_id = (await get(hold_no)).customer_id

    async def let_go() -> tuple[None, bool]:
        hold = await holds.lock(hold_no)
        if hold.state != "open":
            raise HoldEnded(state=hold.state)
        await holds.release(hold_no)
        await _tell("hold_released", hold, hold.amount_fen)
        return None, True

    async def act() -> None:
        await matching.settling(customer_id, let_go)

    return await idempotency.alone(
        caller=f"operator:{operator_id}",
        operation="operator_holds.release",
        key=key,
        content={"hold_no": hold_no},
        act=act,
        answer=hold_no,
    )


async def expire_due(*, limit: int = 200) -> int:
    """Lets go holds whose time is over. Returns how many."""
    ended = 0
    for hold in await holds.over(limit=limit):
        try:
            ended += await _expire(hold)
        except Exception:  # one that cannot be let go must not keep the others waiting
            log.exception("hold %s could not be let go", hold.reference)
    return ended


@db.retried
async def _expire(hold: holds.Hold) -> bool:
    async def let_go() -> tuple[bool, bool]:
        if not await holds.expire(hold.reference):
            return False, False
        await _tell("hold_released", hold, hold.amount_fen)
        return True, True

    async with db.transaction():
        return await matching.settling(accounts.customer_of(hold.customer), let_go)


async def _tell(
    kind: Literal["held", "hold_released"], hold: holds.Hold, amount_fen: int, *, falls_fen: int = 0
) -> None:
    customer_id = accounts.customer_of(hold.customer)
    available_fen = (await accounts.balance(customer_id)).available_fen
    params = {
        "title": hold.title,
        "amount_fen": amount_fen,
        "available_fen": available_fen,
        "at": clock.now(),
    }
    message = outbox.Message(customer_id, kind, f"{kind}:{hold.reference}", params)
    movement = outbox.Movement(
        customer_id, f"hold:{hold.reference}", available_fen + falls_fen, available_fen
    )
    await low_balance.tell([message], [movement] if falls_fen else [])


async def get(hold_no: str) -> Held:
    """One hold that an operator placed.

    Raises:
        NotAnOperatorsHold: there is none of this number.
    """
    if not hold_no.startswith(PREFIX):
        raise NotAnOperatorsHold(hold_no=hold_no)
    try:
        return _held(await holds.get(hold_no))
    except holds.NoSuchHold as missing:
        raise NotAnOperatorsHold(hold_no=hold_no) from missing


async def page(
    customer_id: int | None = None, *, state: str | None = None, before: int | None = None, limit: int = 20
) -> list[Held]:
    """Holds of one customer or of all, newest first, also those of payments under way."""
    customer = None if customer_id is None else accounts.of_customer(customer_id)
    return [_held(one) for one in await holds.page(customer, state=state, before=before, limit=limit)]


_KINDS = {"": "operator", "combined": "payment", "review": "review"}
"""What stands before the number in a hold's reference."""


def _held(hold: holds.Hold) -> Held:
    kind, _, number = hold.reference.rpartition(":")
    return Held(
        hold.id, number, accounts.customer_of(hold.customer), _KINDS.get(kind, kind), hold.title, hold.amount_fen,
        hold.captured_fen, hold.state, hold.operator, hold.expires_at, hold.created_at, hold.ended_at,
    )  # fmt: skip
