"""What operators do with quarantined money: credit it to a customer, send it back through its channel, pay it out at the counter,
or close it because it went back another way. Above the shop's limit a second person agrees first (``billing.approvals``).

Each of them takes the money out of ``house:suspense`` by the one transfer ``quarantine_out:<id>``, so it cannot happen twice. A
bill that waited for the payment is free again then, and a top-up it was for is closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from billing import approvals, caps, credits, quarantine, quarantine_returns
from billing.channels import Channels
from billing.quarantine import Quarantined
from core import clock, errors
from ledger import accounts, idempotency, posting
from members import customers, limits
from notifications import outbox


class QuarantineStateForbids(errors.Conflict):
    """The quarantined money was dealt with already, or is on its way back."""

    code = "quarantine_state_forbids"


class NothingCameIn(errors.Conflict):
    """Nothing in the books belongs to this trade (its money was booked before, went back at the channel, or is of another
    currency): it can only be closed."""

    code = "quarantine_nothing_came_in"


class NotToBeSentBack(errors.Conflict):
    """The channel knows this money only together with another payment's of the same number; send it back in the channel's
    own console and close it here."""

    code = "quarantine_not_to_be_sent_back"


NoSuchQuarantine = quarantine.NoSuchQuarantine
NoSuchCustomer = customers.NoSuchCustomer
NoSuchAccount = accounts.NoSuchAccount
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operator's wish came to: the trade as it stands now, and the approval that waits where a second person has to agree."""

    quarantined: Quarantined
    approval_no: str | None


@dataclass(frozen=True, slots=True)
class _By:
    """Who acts, why, and under which approval."""

    operator: str
    reason: str
    approval_no: str | None = None


Act = Callable[[Quarantined, Mapping[str, Any], _By], Awaitable[None]]


async def credit(operator_id: int, quarantine_id: int, *, customer_id: int, reason: str, key: str) -> Outcome:
    """The money is a customer's: it goes on their balance as principal, they are told, and what they owe is settled with it.

    Raises:
        NoSuchQuarantine, QuarantineStateForbids, NothingCameIn, NoSuchCustomer, NoSuchAccount, KeyReused.
    """
    await customers.get(customer_id)
    await accounts.balance(customer_id)
    wish = {"quarantine_id": quarantine_id, "customer_id": customer_id, "reason": reason}
    return await _ask("quarantine_credit", operator_id, wish, key)


async def send_back(
    channels: Channels, operator_id: int, quarantine_id: int, *, reason: str, key: str
) -> Outcome:
    """The money goes back to who paid it, through its channel. What the channel is stuck with is sent again under its number.

    Raises:
        NoSuchQuarantine, QuarantineStateForbids, NothingCameIn, NotToBeSentBack, KeyReused.
    """
    wish = {"quarantine_id": quarantine_id, "reason": reason}
    outcome = await _ask("quarantine_return", operator_id, wish, key)
    if outcome.quarantined.state == "sending":
        await quarantine_returns.send(channels, quarantine_id)
    return Outcome(await quarantine.get(quarantine_id), outcome.approval_no)


async def pay_out(operator_id: int, quarantine_id: int, *, receipt_no: str, reason: str, key: str) -> Outcome:
    """The money was handed to who paid it at the counter, against a receipt.

    Raises:
        NoSuchQuarantine, QuarantineStateForbids, NothingCameIn, KeyReused.
    """
    wish = {"quarantine_id": quarantine_id, "receipt_no": receipt_no, "reason": reason}
    return await _ask("quarantine_payout", operator_id, wish, key)


async def close(operator_id: int, quarantine_id: int, *, reason: str, key: str) -> Outcome:
    """Nothing is left to do: the money went back outside this system (in the channel's console), or none came in.

    Raises:
        NoSuchQuarantine, QuarantineStateForbids, KeyReused.
    """
    return await _ask(
        "quarantine_close", operator_id, {"quarantine_id": quarantine_id, "reason": reason}, key
    )


async def _ask(kind: str, operator_id: int, wish: Mapping[str, Any], key: str) -> Outcome:
    async def act() -> str:
        allowance = await limits.of(operator_id, _LIMIT_OF[kind], "money.move")
        found = await _waiting(kind, wish["quarantine_id"])
        about = _about(found, wish)
        if not approvals.needed(found.booked_fen) and await allowance.takes(found.booked_fen, about):
            await _ACTS[kind](found, wish, _By(f"operator:{operator_id}", wish["reason"]))
            return str(found.id)
        return await approvals.request(
            kind, wish, amount_fen=found.booked_fen, reason=wish["reason"], operator_id=operator_id,
            customer_id=wish.get("customer_id"),
        )  # fmt: skip

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation=kind, key=key, content=wish, act=act
    )
    waits = made.startswith(approvals.PREFIX)
    return Outcome(await quarantine.get(wish["quarantine_id"]), made if waits else None)


def _about(found: Quarantined, wish: Mapping[str, Any]) -> str:
    whose = wish.get("customer_id")
    return f"quarantine:{found.id}" if whose is None else accounts.of_customer(whose)


async def _waiting(kind: str, quarantine_id: int) -> Quarantined:
    found = await quarantine.lock(quarantine_id)
    if found.state not in ("open", "stuck"):
        raise QuarantineStateForbids(quarantine_id=quarantine_id, state=found.state)
    if not found.booked_fen and kind != "quarantine_close":
        raise NothingCameIn(quarantine_id=quarantine_id)
    if found.reason == "second_trade" and kind == "quarantine_return":
        raise NotToBeSentBack(quarantine_id=quarantine_id)
    return found


async def _credit(found: Quarantined, wish: Mapping[str, Any], by: _By) -> None:
    customer_id = wish["customer_id"]
    await _resolve(found, "credited", by, credited_to_id=customer_id)
    leg = posting.credit(
        accounts.SUSPENSE, accounts.of_customer(customer_id), found.booked_fen, kind="principal"
    )
    transfer = posting.Transfer(
        found.went_out, "quarantine_credit", [leg], operator=by.operator, memo=by.reason
    )

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "amount_fen": found.booked_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(customer_id, "quarantine_credited", posted.reference, params)

    await credits.credit(customer_id, transfer, told=told)
    await caps.alert_if_over(customer_id)


async def _send_back(found: Quarantined, _wish: Mapping[str, Any], by: _By) -> None:
    await quarantine_returns.begin(found, operator=by.operator, reason=by.reason, approval_no=by.approval_no)


async def _pay_out(found: Quarantined, wish: Mapping[str, Any], by: _By) -> None:
    memo = f"{wish['receipt_no']} {by.reason}"[:200]
    await _resolve(found, "paid_out", by)
    await quarantine_returns.book_out(found, accounts.COUNTER, operator=by.operator, memo=memo)


async def _close(found: Quarantined, _wish: Mapping[str, Any], by: _By) -> None:
    await _resolve(found, "closed", by)
    if found.booked_fen:
        await quarantine_returns.book_out(
            found, accounts.clearing(found.channel), operator=by.operator, memo=by.reason
        )


async def _resolve(
    found: Quarantined, resolution: quarantine.Resolution, by: _By, *, credited_to_id: int | None = None
) -> None:
    await quarantine_returns.resolve(
        found, resolution, operator=by.operator, reason=by.reason, approval_no=by.approval_no,
        credited_to_id=credited_to_id,
    )  # fmt: skip


_ACTS: dict[str, Act] = {
    "quarantine_credit": _credit,
    "quarantine_return": _send_back,
    "quarantine_payout": _pay_out,
    "quarantine_close": _close,
}


_LIMIT_OF: dict[str, limits.Kind] = {
    "quarantine_credit": "adjustments",
    "quarantine_return": "refunds",
    "quarantine_payout": "refunds",
    "quarantine_close": "refunds",
}


async def _approved(approval: approvals.Approval) -> str:
    found = await _waiting(approval.kind, approval.params["quarantine_id"])
    await approvals.agree_to(approval, max(0, found.booked_fen - approval.amount_fen))
    by = _By(f"operator:{approval.requested_by}", approval.params["reason"], approval.approval_no)
    await _ACTS[approval.kind](found, approval.params, by)
    return str(found.id)


for _kind in _ACTS:
    approvals.register(_kind, _approved, _LIMIT_OF[_kind])
