"""Review 审核: whether the shop delivers an order that was paid; and what else operators do with orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing import bills, terms
from core import errors
from ledger import idempotency
from shop import order_states, order_steps

NoSuchOrder = order_steps.NoSuchOrder
OrderStateForbids = order_steps.OrderStateForbids
BillPaymentPending = bills.BillPaymentPending
KeyReused = idempotency.KeyReused


class OrderNotReviewed(errors.Conflict):
    """The shop reviews orders; this one is not confirmed yet."""

    code = "order_not_reviewed"


@dataclass(frozen=True, slots=True)
class By:
    """The operator who takes a step, and the codes of the stores whose orders are theirs; None: all."""

    operator_id: int
    stores: frozenset[str] | None = None

    @property
    def label(self) -> str:
        return f"operator:{self.operator_id}"


def refuse_unreviewed(order: order_steps.Order) -> None:
    """Refuses to deliver a locked order that the shop has yet to confirm.

    Raises:
        OrderNotReviewed.
    """
    if order.state == "paid" and terms.current().orders_need_review:
        raise OrderNotReviewed(order_no=order.order_no)


async def confirm(by: By, order_no: str, *, note: str = "", key: str) -> str:
    """The shop will deliver a paid order. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, KeyReused.
    """

    async def act(order: order_steps.Order) -> None:
        await order_steps.go(order, "confirm", "confirmed", by=by.label, note=note or None)

    return await _once(by, "confirm", order_no, note, act, key)


async def reject(by: By, order_no: str, *, reason: str, key: str) -> str:
    """The shop will not deliver a paid order: its customer is told and has the money back. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, KeyReused.
    """
    return await _end(by, "reject", order_no, reason, key)


async def withdraw(by: By, order_no: str, *, reason: str, key: str) -> str:
    """The shop cancels an order before anything of it left: its customer is told and has back what was paid. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, BillPaymentPending, KeyReused.
    """
    return await _end(by, "withdraw", order_no, reason, key)


async def _end(by: By, step: order_states.Step, order_no: str, reason: str, key: str) -> str:
    async def act(order: order_steps.Order) -> None:
        await order_steps.cancel(order, step, by=by.label, note=reason)
        await order_steps.tell(order, "order_cancelled", reason=reason)

    return await _once(by, step, order_no, reason, act, key)


async def hand_over(by: By, order_no: str, *, note: str = "", key: str) -> str:
    """The customer has what was still to come of an order, over the counter. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderNotReviewed, KeyReused.
    """

    async def act(order: order_steps.Order) -> None:
        order_states.refuse("hand_over", order.state, order_no)
        refuse_unreviewed(order)
        await order_steps.go(order, "hand_over", "completed", by=by.label, note=note or None)
        await order_steps.hand_over_stock(order, by=by.label)

    return await _once(by, "hand_over", order_no, note, act, key)


async def _once(
    by: By,
    step: order_states.Step,
    order_no: str,
    said: str,
    act: Callable[[order_steps.Order], Awaitable[None]],
    key: str,
) -> str:
    async def locked() -> None:
        await act(await order_steps.lock(order_no, within=by.stores))

    return await idempotency.alone(
        caller=by.label, operation=f"orders.{step}", key=key, content={"order_no": order_no, "said": said}, act=locked, answer=order_no,
    )  # fmt: skip
