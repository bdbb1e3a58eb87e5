"""Reviews 核实: deductions that a rule held back wait for an operator, who has them made or calls them off.

The amount stays held on the balance meanwhile (``billing.abnormal``), and nothing else touches the bill. Approved: what is held is
taken and the bill is paid as if it were paid then. Rejected, or not decided on in ``abnormal.LIFETIME``: the hold ends, what was
drawn on credit is paid back, the bill stays owed and is no longer taken unasked; its customer is told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from billing import abnormal, bills, collecting, matching, settled
from core import clock, db, errors
from ledger import accounts, credit_line, holds, idempotency
from notifications import outbox

log = logging.getLogger(__name__)

State = Literal["waiting", "approved", "rejected", "expired", "withdrawn"]
KeyReused = idempotency.KeyReused
HoldEnded = holds.HoldEnded


class NoSuchReview(errors.NotFound):
    """There is no review of this number."""

    code = "no_such_review"


class ReviewEnded(errors.Conflict):
    """The review is not waiting any more: decided, called off by the customer, or too old."""

    code = "review_ended"


@dataclass(frozen=True, slots=True)
class Review:
    """A deduction that waits, or waited, for a decision. ``findings``: the rules it met and the facts they saw."""

    id: int
    review_no: str
    bill_no: str
    source: str
    customer_id: int
    title: str
    amount_fen: int
    drawn_fen: int
    findings: tuple[abnormal.Finding, ...]
    asked_by: str
    state: State
    decided_by: str | None
    reason: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None


@db.retried
async def approve(operator_id: int, review_no: str, *, reason: str = "", key: str) -> Review:
    """An operator has the deduction made: what is held is taken, and the bill is paid.

    Raises:
        NoSuchReview, KeyReused.
        ReviewEnded: somebody else decided, the customer called it off, or it is too old.
        HoldEnded: its hold was ended by other means; reject it.
    """
    operator = f"operator:{operator_id}"

    async def act() -> str:
        review, bill = await _waiting(review_no)
        await abnormal.end(bill.id, review_no, "approved", by=operator, reason=reason)
        posted = await holds.capture(
            abnormal.hold_of(review_no),
            amount_fen=review.amount_fen,
            target=accounts.REVENUE,
            kind="bill_payment",
            operator=operator,
            memo=bill.title,
        )
        after = await collecting.settle_captured(bill, posted, drawn_fen=review.drawn_fen)
        if after.state == "paid":
            await settled.tell_issuer(after)
        return review_no

    return await _once("reviews.approve", operator, review_no, reason, key, act)


@db.retried
async def reject(operator_id: int, review_no: str, *, reason: str = "", key: str) -> Review:
    """An operator calls the deduction off: the money is free again and the customer is told.

    Raises:
        NoSuchReview, ReviewEnded, KeyReused.
    """
    operator = f"operator:{operator_id}"

    async def act() -> str:
        review, bill = await _waiting(review_no)
        await _call_off(review, bill, "rejected", by=operator, reason=reason)
        return review_no

    return await _once("reviews.reject", operator, review_no, reason, key, act)


async def _once(
    operation: str, operator: str, review_no: str, reason: str, key: str, act: Callable[[], Awaitable[str]]
) -> Review:
    content = {"review_no": review_no, "reason": reason}
    async with db.transaction():
        await idempotency.once(
            caller=operator, operation=operation, key=key, content=content, act=act, answer=review_no
        )
    return await get(review_no)


_LOCK = "SELECT state FROM deduction_review WHERE review_no = $1 FOR NO KEY UPDATE"


async def _waiting(review_no: str, *, over: bool = False) -> tuple[Review, bills.Bill]:
    """A waiting review and its bill, locked, and before them what issued the bill. ``over``: one that is too old will do."""
    review = await get(review_no)
    await settled.lock_issuer(review.source)
    bill = await bills.lock(review.bill_no)
    state = await db.fetchval(_LOCK, review_no)
    if state != "waiting" or (review.expires_at <= clock.now() and not over):
        raise ReviewEnded(review_no=review_no)
    return review, bill


async def _call_off(
    review: Review, bill: bills.Bill, state: Literal["rejected", "expired"], *, by: str, reason: str = ""
) -> None:
    async def act() -> tuple[None, bool]:
        await holds.release(abnormal.hold_of(review.review_no))
        await abnormal.end(bill.id, review.review_no, state, by=by, reason=reason)
        await bills.no_more_unasked(bill.id, "review_rejected" if state == "rejected" else "review_expired")
        balance = await accounts.balance(review.customer_id)
        used_fen = (await credit_line.of(review.customer_id)).used_fen
        paid_back_fen = min(used_fen, balance.principal_fen, balance.available_fen)  # once this is done
        params = {
            "title": review.title,
            "bill_no": review.bill_no,
            "amount_fen": review.amount_fen,
            "available_fen": balance.available_fen - paid_back_fen,
            "at": clock.now(),
        }
        key = f"review_ended:{review.review_no}"
        await outbox.tell([outbox.Message(review.customer_id, "review_ended", key, params)])
        return None, True

    await matching.settling(review.customer_id, act)


_OVER = """
SELECT review_no FROM deduction_review WHERE state = 'waiting' AND expires_at <= $1 ORDER BY expires_at LIMIT $2
"""


async def expire_due(*, limit: int = 200) -> int:
    """Calls off deductions nobody decided on in time. Returns how many."""
    ended = 0
    for row in await db.fetch(_OVER, clock.now(), limit):
        try:
            await _expire(row["review_no"])
        except ReviewEnded:  # decided while we looked
            continue
        except Exception:  # one that cannot end must not keep the others waiting
            log.exception("review %s could not expire", row["review_no"])
            continue
        ended += 1
    return ended


@db.retried
async def _expire(review_no: str) -> None:
    async with db.transaction():
        review, bill = await _waiting(review_no, over=True)
        await _call_off(review, bill, "expired", by="clock")


_COLUMNS = """
r.id, r.review_no, b.bill_no, b.source, r.customer_id, b.title, r.amount_fen, r.drawn_fen, r.findings::text AS findings,
r.asked_by, r.state, r.decided_by, r.reason, r.created_at, r.expires_at, r.decided_at
FROM deduction_review r JOIN bill b ON b.id = r.bill_id
"""
_GET = f"SELECT {_COLUMNS} WHERE r.review_no = $1"


async def get(review_no: str) -> Review:
    """One review.

    Raises:
        NoSuchReview: there is none of this number.
    """
    row = await db.fetchrow(_GET, review_no)
    if row is None:
        raise NoSuchReview(review_no=review_no)
    return _of_row(row)


_PAGE = f"""
SELECT {_COLUMNS} WHERE r.id < $1 AND ($2::text IS NULL OR r.state = $2) AND ($3::bigint IS NULL OR r.customer_id = $3)
ORDER BY r.id DESC LIMIT $4
"""


async def page(
    *, state: State | None = None, customer_id: int | None = None, before: int | None = None, limit: int = 20
) -> list[Review]:
    """Reviews, newest first: all, or those in one state, or one customer's."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, customer_id, limit)
    return [_of_row(row) for row in rows]


def _of_row(row: Mapping[str, Any]) -> Review:
    findings = tuple(abnormal.Finding(**one) for one in json.loads(row["findings"]))
    return Review(**{**dict(row), "findings": findings})
