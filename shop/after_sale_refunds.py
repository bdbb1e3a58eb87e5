"""The money of after-sales: how much may go back for so many of a line, and giving it back the way it came.

A line's share is counted over all its units, so that whatever parts come back, and in whatever order, they add up to what was paid for the
line and never to a fen more. What goes to the lots or a channel is ``billing``'s; above the shop's limit a second person agrees first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billing import (
    approvals,
    bill_refunds,
    bills,
    channel_refunds,
    instalments_of_orders,
    refund_records,
    staff_alerts,
)
from billing.channels import Channels
from core import db, errors
from ledger import idempotency
from members import customers, limits
from shop import after_sale_steps, after_sales_shown, order_review
from shop.after_sales_shown import AfterSale

BillPaymentPending = bills.BillPaymentPending
BillUnderReview = bills.BillUnderReview
KeyReused = idempotency.KeyReused
By = order_review.By
_KIND = "after_sale"


class MoreThanPaid(errors.Conflict):
    """More than was paid for these goods."""

    code = "more_than_paid"


def most(net_fen: int, ordered: int, claimed: int, claimed_fen: int, quantity: int) -> int:
    """What may go back for so many more of a line that cost ``net_fen`` in all, when ``claimed`` of it with ``claimed_fen`` are spoken for."""
    return max(0, net_fen * (claimed + quantity) // ordered - claimed_fen)


def spread(amount_fen: int, most_fen: Sequence[int]) -> list[int]:
    """An amount by lines, each in proportion to its most and never above it."""
    whole, shares, seen, given = sum(most_fen), [], 0, 0
    for one in most_fen:
        seen += one
        upto = amount_fen * seen // whole if whole else 0
        shares.append(upto - given)
        given = upto
    return shares


async def refund(
    channels: Channels,
    by: By,
    return_no: str,
    *,
    amount_fen: int | None = None,
    note: str = "",
    key: str,
) -> AfterSale:
    """An operator gives the money back, all that may go back or so much of it, and the after-sale is done; above the shop's limit a second
    person agrees first (``approval_no``), and until then nothing else is done about it. Of a bill that was refunded otherwise meanwhile
    only what is left goes back, which may be nothing.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids, MoreThanPaid, BillPaymentPending, BillUnderReview, KeyReused.
    """
    wish = {"return_no": return_no, "amount_fen": amount_fen, "note": note}

    async def act() -> str:
        owner_id = (await after_sales_shown.get(return_no, within=by.stores)).customer_id
        await approvals.one_by_one(by.operator_id, owner_id)
        allowance = await limits.of(by.operator_id, "refunds", "money.move")
        found = await after_sale_steps.locked(return_no, "refund", within=by.stores)
        await after_sale_steps.refuse_waiting(found, "refund")
        asked_fen = _amount(found, amount_fen)
        if not await approvals.alone(allowance, asked_fen, customer_id=owner_id):
            return await _ask_second_person(found, {**wish, "amount_fen": asked_fen}, by.operator_id)
        return await _refund(found, asked_fen, note, operator=by.label, decided_by=by.label)

    made = await idempotency.alone(
        caller=by.label, operation="after_sales.refund", key=key, content=wish, act=act
    )
    if made.startswith(_REFUND_NO):
        await channel_refunds.send(channels, await refund_records.get(made))
    return await after_sales_shown.get(return_no)


_REFUND_NO = "R"
_WAITS = "UPDATE after_sale SET approval_no = $2 WHERE id = $1"


async def _ask_second_person(found: AfterSale, wish: Mapping[str, Any], operator_id: int) -> str:
    number = await approvals.request(
        _KIND, wish, amount_fen=wish["amount_fen"], reason=f"{found.return_no} {found.reason}"[:200],
        operator_id=operator_id, customer_id=found.customer_id,
    )  # fmt: skip
    await db.execute(_WAITS, found.id, number)
    return number


async def _approved(approval: approvals.Approval) -> str:
    wish = approval.params
    found = await after_sale_steps.locked(wish["return_no"], "refund")
    return await _refund(
        found, _amount(found, wish["amount_fen"]), wish["note"], operator=f"operator:{approval.requested_by}",
        decided_by=f"operator:{approval.decided_by}",
    )  # fmt: skip


approvals.register(_KIND, _approved, "refunds")
approvals.counts_too(
    f"""
    SELECT coalesce(sum(a.reduced_fen), 0) FROM after_sale a
    WHERE a.customer_id = ANY ({customers.NUMBERS.format("$1")}) AND a.ended_at > $3 AND a.reduced_fen > 0
      AND EXISTS (SELECT FROM after_sale_event e WHERE e.after_sale_id = a.id AND e.step = 'refund' AND e.by = $2)
      AND NOT EXISTS (SELECT FROM approval v WHERE v.approval_no = a.approval_no AND v.state = 'executed')
    """
)


def _amount(found: AfterSale, amount_fen: int | None) -> int:
    if amount_fen is None:
        return found.most_fen
    if amount_fen > found.most_fen:
        raise MoreThanPaid(most_fen=found.most_fen, amount_fen=amount_fen)
    return amount_fen


_LESS = "账单只剩这些可退 · no more was left of the bill"
_REDUCED = "从未付部分减去 · taken off what was still owed"
_BILL = "SELECT bill_no FROM shop_order WHERE id = $1"
_OF_LINES = """
UPDATE after_sale_line l SET refund_fen = s.fen FROM unnest($2::bigint[], $3::bigint[]) AS s (sku_id, fen)
JOIN order_line o ON o.sku_id = s.sku_id WHERE l.after_sale_id = $1 AND o.id = l.line_id
"""


async def _refund(found: AfterSale, asked_fen: int, note: str, *, operator: str, decided_by: str) -> str:
    """Gives the money of a locked after-sale back, as far as so much of its bill is left; what is still owed for the order is less first.
    Nothing may be left to give: then it is done without."""
    refund_no, amount_fen, reduced_fen = None, 0, 0
    if asked_fen:
        bill_no = await db.fetchval(_BILL, found.order_id)
        owed = await bills.lock(bill_no)
        bills.refuse_pending(owed)
        reduced_fen = await instalments_of_orders.write_down(
            owed, asked_fen, by=decided_by, reason=found.return_no
        )
        bill = await bills.lock(bill_no)
        amount_fen = min(asked_fen - reduced_fen, await bill_refunds.left(bill))
    if amount_fen:
        decided = await bill_refunds.decide(
            bill, amount_fen, operator=operator, reason=f"{found.return_no} {note or found.reason}"[:200],
            ask_at=channel_refunds.clocks_turn(), decided_by=decided_by,
        )  # fmt: skip
        refund_no = decided.refund_no
    shares = spread(reduced_fen + amount_fen, [line.most_fen for line in found.lines])
    await db.execute(_OF_LINES, found.id, [line.sku_id for line in found.lines], shares)
    if reduced_fen:
        note = f"{reduced_fen / 100:.2f} {_REDUCED} {note}".strip()[:200]
    if reduced_fen + amount_fen < asked_fen:
        note = f"{amount_fen / 100:.2f} / {asked_fen / 100:.2f} {_LESS} {note}".strip()[:200]
    await after_sale_steps.go(
        found, "refund", by=decided_by, note=note or None, refund_no=refund_no, refund_fen=amount_fen,
        reduced_fen=reduced_fen,
    )  # fmt: skip
    await staff_alerts.resolve("after_sale_asked", [found.return_no])
    return refund_no or found.return_no
