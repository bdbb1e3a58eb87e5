"""What the steps of after-sales have in common: the lock, the change of state with its rows of history, telling the customer.

Whoever does anything to an after-sale locks its order first, so that all about one order come one after the other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from billing import approvals
from core import clock, db
from notifications import outbox
from shop import after_sale_states, after_sales_shown, order_steps, orders_history
from shop.after_sale_states import State, Step
from shop.after_sales_shown import AfterSale

NOTE = "after_sale"
"""What the order's history calls it."""


async def locked(
    return_no: str, step: Step, *, customer_id: int | None = None, within: Collection[str] | None = None
) -> AfterSale:
    """The after-sale as it stands under its order's lock, which allows this step.

    Raises:
        NoSuchAfterSale, AfterSaleStateForbids: its state does not allow the step, or a second person has it.
    """
    found = await after_sales_shown.get(return_no, customer_id=customer_id, within=within)
    await order_steps.lock(found.order_no)
    found = await after_sales_shown.get(return_no)
    after_sale_states.refuse(step, found.state, found.kind, return_no)
    return found


async def refuse_waiting(found: AfterSale, step: Step) -> None:
    """While a second person may still agree to its refund nothing else is done about it.

    Raises:
        AfterSaleStateForbids.
    """
    if found.approval_no is not None and (await approvals.get(found.approval_no)).state == "waiting":
        raise after_sale_states.AfterSaleStateForbids(
            return_no=found.return_no, state="waiting", kind=found.kind, step=step
        )


_GO = """
WITH moved AS (
    UPDATE after_sale SET state = $2::text, ended_at = CASE WHEN $7 THEN $6::timestamptz END,
        reject_reason = CASE WHEN $2::text = 'rejected' THEN $5 ELSE reject_reason END,
        refund_no = $9, refund_fen = $10, reduced_fen = $13, new_carrier = $11, new_tracking_no = $12
    WHERE id = $1 RETURNING id
)
INSERT INTO after_sale_event (after_sale_id, step, was, became, by, note, at) SELECT id, $3, $8, $2::text, $4, $5, $6 FROM moved
"""


async def go(
    found: AfterSale,
    step: Step,
    *,
    by: str,
    note: str | None = None,
    refund_no: str | None = None,
    refund_fen: int | None = None,
    reduced_fen: int = 0,
    new_parcel: tuple[str | None, str | None] = (None, None),
) -> None:
    """A locked after-sale takes a step, and both histories have a row more. The last step says what went back, or by which parcel the
    goods went out anew."""
    became: State = after_sale_states.becomes(step)
    is_over = became in after_sale_states.ENDED
    await db.execute(
        _GO,
        found.id,
        became,
        step,
        by,
        note,
        clock.now(),
        is_over,
        found.state,
        refund_no,
        refund_fen,
        *new_parcel,
        reduced_fen,
    )
    said = f"{found.return_no} {step}" + (f": {note}" if note else "")
    await orders_history.note(found.order_no, NOTE, by=by, text=said)


async def tell(
    found: AfterSale,
    kind: Literal["after_sale_approved", "after_sale_rejected", "after_sale_sent"],
    **more: Any,
) -> None:
    """Tells the customer what became of a locked after-sale."""
    params = {
        "title": found.lines[0].product_name, "return_no": found.return_no, "order_no": found.order_no, "amount_fen": found.most_fen,
        "at": clock.now(), **more,
    }  # fmt: skip
    await outbox.tell([outbox.Message(found.customer_id, kind, f"{kind}:{found.return_no}", params)])
