"""Credit limits 信用额度: how much a customer may draw where the balance does not cover a deduction. Operators set them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from billing import approvals, credit_assessment, terms
from core import clock, db, errors
from ledger import accounts, credit_line, idempotency
from members import customers, limits
from notifications import outbox

Line = credit_line.Line
CreditLimitBelowUsed = credit_line.CreditLimitBelowUsed
NoSuchAccount = accounts.NoSuchAccount
CustomerHasLeft = customers.CustomerHasLeft
KeyReused = idempotency.KeyReused


class CreditLimitOutOfRange(errors.Invalid):
    """A limit is between nothing and the shop's ceiling."""

    code = "credit_limit_out_of_range"


async def of(customer_id: int) -> Line:
    """The customer's credit: limit, what is used of it and what is left.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    return await credit_line.of(customer_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of setting a limit: it stands, or it waits for a second person as ``approval_no``; and the credit now."""

    approval_no: str | None
    credit: Line


@dataclass(frozen=True, slots=True)
class Wish:
    """The limit an operator wants a customer to have. ``assessment``: the one it is set from, as kept with it."""

    customer_id: int
    limit_fen: int
    automatic_only: bool
    reason: str
    assessment: dict[str, Any] | None = None


@db.retried
async def set_limit(
    operator_id: int,
    customer_id: int,
    *,
    limit_fen: int,
    automatic_only: bool,
    reason: str,
    assessed: bool,
    key: str,
) -> Outcome:
    """Sets a customer's limit; raising it above what one person may do waits for a second. A limit equal to what is used stops
    further draws; less than that is refused. With ``assessed`` the assessment of now is kept with the change.

    Raises:
        CreditLimitOutOfRange, CreditLimitBelowUsed, CustomerHasLeft, NoSuchAccount, KeyReused.
    """
    ceiling_fen = terms.current().credit_ceiling_fen
    if not 0 <= limit_fen <= ceiling_fen:
        raise CreditLimitOutOfRange(ceiling_fen=ceiling_fen)
    await credit_line.of(customer_id)
    assessment = (await credit_assessment.of(customer_id)).snapshot() if assessed else None
    wish = Wish(customer_id, limit_fen, automatic_only, reason, assessment)

    async def act() -> str:
        allowance = await limits.of(operator_id, "credit", "rules.change")
        before = await credit_line.of(customer_id, lock=True)  # or what is lowered meanwhile rises unseen
        rises = limit_fen > before.limit_fen
        if rises and not (
            not approvals.needed(limit_fen)
            and await allowance.takes(limit_fen, accounts.of_customer(customer_id))
        ):
            return await approvals.request(
                "credit_limit", asdict(wish), amount_fen=limit_fen, reason=reason, operator_id=operator_id,
                customer_id=customer_id,
            )  # fmt: skip
        return await _set(wish, operator_id)

    content = {
        "customer_id": customer_id,
        "limit_fen": limit_fen,
        "automatic_only": automatic_only,
        "reason": reason,
        "assessed": assessed,
    }
    async with db.transaction():
        made = await idempotency.once(
            caller=f"operator:{operator_id}",
            operation="credit_limits.set_limit",
            key=key,
            content=content,
            act=act,
        )
    waits = made.startswith(approvals.PREFIX)
    return Outcome(made if waits else None, await credit_line.of(customer_id))


async def _approved(approval: approvals.Approval) -> str:
    wish = Wish(**approval.params)
    ceiling_fen = terms.current().credit_ceiling_fen
    if wish.limit_fen > ceiling_fen:
        raise CreditLimitOutOfRange(ceiling_fen=ceiling_fen)
    return await _set(wish, approval.requested_by)


approvals.register("credit_limit", _approved, "credit")


_CHANGED = """
INSERT INTO credit_limit_change
    (customer_id, limit_before_fen, limit_fen, automatic_only, reason, operator, assessment, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8) RETURNING id
"""


async def _set(wish: Wish, operator_id: int) -> str:
    before = await credit_line.set_limit(wish.customer_id, wish.limit_fen, automatic_only=wish.automatic_only)
    customers.refuse_left(
        await customers.staying(wish.customer_id)
    )  # after the account's lock, as in leaving
    now = clock.now()
    change_id: int = await db.fetchval(
        _CHANGED, wish.customer_id, before.limit_fen, wish.limit_fen, wish.automatic_only, wish.reason,
        f"operator:{operator_id}", wish.assessment and json.dumps(wish.assessment, ensure_ascii=False), now,
    )  # fmt: skip
    if wish.limit_fen != before.limit_fen:
        told = outbox.Message(
            wish.customer_id,
            "credit_limit_set",
            f"credit_limit:{change_id}",
            {"amount_fen": wish.limit_fen, "at": now},
        )
        await outbox.tell([told])
    return str(change_id)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a customer's limit. ``assessment`` is the one it was set from, as it stood then."""

    id: int
    limit_before_fen: int
    limit_fen: int
    automatic_only: bool
    reason: str
    operator: str
    assessment: dict[str, Any] | None
    at: datetime


_PAGE = """
SELECT id, limit_before_fen, limit_fen, automatic_only, reason, operator, assessment::text AS assessment, created_at AS at
FROM credit_limit_change WHERE customer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""


async def changes(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Change]:
    """The changes of a customer's limit, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [
        Change(**{**dict(row), "assessment": row["assessment"] and json.loads(row["assessment"])})
        for row in rows
    ]
