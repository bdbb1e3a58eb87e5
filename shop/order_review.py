"""Review 审核: whether the shop delivers an order that was paid; and what else operators do with orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing import approvals, bills, refunds, shipping, stores, terms
from core import errors
from ledger import idempotency
from members import limits
from shop import order_states, order_steps, orders_shown

NoSuchOrder = order_steps.NoSuchOrder
OrderStateForbids = order_steps.OrderStateForbids
BillPaymentPending = bills.BillPaymentPending
KeyReused = idempotency.KeyReused


class OrderNotReviewed(errors.Conflict):
    """The shop reviews orders; this one is not confirmed yet."""

    code = "order_not_reviewed"


class OrderRefunded(errors.Conflict):
    """All that was paid for it is back, or on its way back, with its customer."""

    code = "order_refunded"


class OrderNotRefunded(errors.Conflict):
    """Something of what was paid for it is still with the shop, or something of it is still owed."""

    code = "order_not_refunded"


class MoreThanAgreed(errors.Conflict):
    """More would go back now than the second person was asked about."""

    code = "more_than_agreed"


class OrderEndWaits(errors.Conflict):
    """A second person is to agree to its cancelling, or rejecting, already."""

    code = "order_end_waits"


@dataclass(frozen=True, slots=True)
class By:
    """The operator who takes a step, and the codes of the stores whose orders are theirs; None: all."""

    operator_id: int
    stores: frozenset[str] | None = None

    @property
    def label(self) -> str:
        return f"operator:{self.operator_id}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operator's wish to end an order came to: it is cancelled, or an approval waits for a second person."""

    order_no: str
    approval_no: str | None


def refuse_unreviewed(order: order_steps.Order) -> None:
    """Refuses to deliver a locked order that the shop has yet to confirm.

    Raises:
        OrderNotReviewed.
    """
    if order.state == "paid" and terms.current().orders_need_review:
        raise OrderNotReviewed(order_no=order.order_no)


async def refuse_refunded(order: order_steps.Order) -> None:
    """Refuses to deliver a locked order of whose payment nothing is left.

    Raises:
        OrderRefunded.
    """
    if not await refunds.left(await bills.find(order.bill_no)):
        raise OrderRefunded(order_no=order.order_no)


async def confirm(by: By, order_no: str, *, note: str = "", key: str) -> str:
    """The shop will deliver a paid order. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderRefunded, KeyReused.
    """

    async def act(order: order_steps.Order) -> None:
        order_states.refuse("confirm", order.state, order_no)
        await refuse_refunded(order)
        await order_steps.go(order, "confirm", "confirmed", by=by.label, note=note or None)

    return await _once(by, "confirm", order_no, note, act, key)


async def reject(by: By, order_no: str, *, reason: str, key: str) -> Outcome:
    """The shop will not deliver a paid order: its customer is told and has the money back; above the shop's limit a second person
    agrees first.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderEndWaits, BillPaymentPending, KeyReused.
    """
    return await _end(by, "reject", order_no, reason, key)


async def withdraw(by: By, order_no: str, *, reason: str, key: str) -> Outcome:
    """The shop cancels an order before anything of it left: its customer is told and has back what was paid; above the shop's limit a
    second person agrees first.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderEndWaits, BillPaymentPending, KeyReused.
    """
    return await _end(by, "withdraw", order_no, reason, key)


_KIND = "order_end"


async def _end(by: By, step: order_states.Step, order_no: str, reason: str, key: str) -> Outcome:
    async def act() -> str:
        seen = await orders_shown.find(order_no)
        owner_id, store = seen.customer_id, await stores.code_of(seen.store_id) or ""
        await approvals.one_by_one(by.operator_id, owner_id)
        allowance = await limits.of(by.operator_id, "refunds", "orders.serve", store=store)
        order = await order_steps.lock(order_no, within=by.stores)
        order_states.refuse(step, order.state, order_no)
        if await approvals.is_waiting(_KIND, {"order_no": order_no}, customer_id=owner_id):
            raise OrderEndWaits(order_no=order_no)
        if order.state != "placed":
            back_fen = await refunds.left(await bills.lock(order.bill_no))
            if not await approvals.alone(allowance, back_fen, customer_id=owner_id):
                wish = {"order_no": order_no, "step": step, "reason": reason}
                return await approvals.request(
                    _KIND, wish, amount_fen=back_fen, reason=f"{order_no} {reason}"[:200], operator_id=by.operator_id,
                    customer_id=owner_id,
                )  # fmt: skip
        return await _ended(order, step, reason, by=by.label, decided_by=by.label)

    made = await idempotency.alone(
        caller=by.label, operation=f"orders.{step}", key=key, content={"order_no": order_no, "said": reason}, act=act
    )  # fmt: skip
    return Outcome(order_no, made if made.startswith(approvals.PREFIX) else None)


async def _ended(
    order: order_steps.Order, step: order_states.Step, reason: str, *, by: str, decided_by: str
) -> str:
    await order_steps.cancel(order, step, by=by, note=reason, decided_by=decided_by)
    await order_steps.tell(order, "order_cancelled", reason=reason)
    return order.order_no


async def _approved(approval: approvals.Approval) -> str:
    wish = approval.params
    order = await order_steps.lock(wish["order_no"])
    if (back_fen := await refunds.left(await bills.lock(order.bill_no))) > approval.amount_fen:
        raise MoreThanAgreed(amount_fen=back_fen, agreed_fen=approval.amount_fen)
    return await _ended(
        order, wish["step"], wish["reason"], by=f"operator:{approval.requested_by}",
        decided_by=f"operator:{approval.decided_by}",
    )  # fmt: skip


approvals.register(_KIND, _approved, "refunds")


async def hand_over(by: By, order_no: str, *, note: str = "", key: str) -> str:
    """The customer has what was still to come of an order, over the counter. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderNotReviewed, OrderRefunded, KeyReused.
    """

    async def act(order: order_steps.Order) -> None:
        order_states.refuse("hand_over", order.state, order_no)
        refuse_unreviewed(order)
        await refuse_refunded(order)
        await order_steps.go(order, "hand_over", "completed", by=by.label, note=note or None)
        await order_steps.hand_over_stock(order, by=by.label)
        await shipping.look_again(order.bill_no)

    return await _once(by, "hand_over", order_no, note, act, key)


async def close(by: By, order_no: str, *, note: str = "", key: str) -> str:
    """Of an order that went out in part, and of which all money is back, the rest is not sent any more: what was kept for it can be ordered
    again, what is on its way is received or sent back as ever. What is still owed of one in instalments is given up first, as of any bill: a
    second person agrees to that. Returns its number.

    Raises:
        NoSuchOrder, OrderStateForbids, OrderNotRefunded, KeyReused.
    """

    async def act(order: order_steps.Order) -> None:
        order_states.refuse("close", order.state, order_no)
        bill = await bills.lock(order.bill_no)  # nobody pays the next part meanwhile
        if bill.state in bills.OWED or await refunds.left(bill):
            raise OrderNotRefunded(order_no=order_no)
        await order_steps.go(order, "close", "shipped", by=by.label, note=note or None)
        await order_steps.free_stock(order)
        await shipping.look_again(order.bill_no)

    return await _once(by, "close", order_no, note, act, key)


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
