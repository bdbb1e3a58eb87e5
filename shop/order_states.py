"""What can happen to an order: every step in one table, with who takes it and what it needs.

``docs/shop.md`` shows the table; a test keeps both the same, and asks of every step in every state whether it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core import errors

State = Literal["placed", "paid", "confirmed", "shipping", "shipped", "completed", "cancelled"]
Step = Literal[
    "place", "edit", "pay", "pay_in_parts", "cancel", "withdraw", "expire", "confirm", "reject", "ship", "hand_over", "close", "receive", "complete", "hide",
]  # fmt: skip
Who = Literal["customer", "operator", "payment", "clock"]
STATES: dict[State, tuple[str, str]] = {
    "placed": ("待付款", "to be paid"),
    "paid": ("已付款，分期的已付首期", "paid, or the first part of it is"),
    "confirmed": ("已确认", "paid and confirmed by the shop"),
    "shipping": ("部分发货", "part of it is on its way"),
    "shipped": ("已发货", "all of it that is sent is on its way"),
    "completed": ("已完成", "the customer has it"),
    "cancelled": ("已取消", "cancelled"),
}


STAGES: Mapping[str, str] = {
    "placed": "new", "paid": "new", "confirmed": "confirmed", "shipping": "shipping", "shipped": "shipped",
}  # fmt: skip
"""``shop_order.stage``, by which the database finds orders at work, of each state that has one. Paying an order leaves it in its stage."""

DELIVERED_OR_TO_BE: tuple[State, ...] = ("paid", "confirmed", "shipping", "shipped", "completed")
"""Where an order is once it is paid, or the first part of it."""

TO_BE_DELIVERED: tuple[State, ...] = ("paid", "confirmed", "shipping")
"""Where an order is while something of it is still with the shop."""


class OrderStateForbids(errors.Conflict):
    """The order's state does not allow this step."""

    code = "order_state_forbids"


@dataclass(frozen=True, slots=True)
class Rule:
    """A step: from which states (none: the order is new), to which (several: what it comes to decides; none: it stays), who takes it,
    what it needs besides and what it does, in both languages."""

    step: Step
    was: tuple[State, ...]
    becomes: tuple[State, ...]
    who: Who
    needs: tuple[str, str]
    does: tuple[str, str]


_NOTHING = ("", "")
RULES: tuple[Rule, ...] = (
    Rule("place", (), ("placed",), "customer", ("库存够", "enough in stock"),
         ("预留库存，出账单", "reserves the stock, issues the bill")),
    Rule("edit", ("placed",), (), "customer", ("没有进行中或待确认的支付", "no payment under way or awaited"),
         ("改商品、地址、备注，重新计价", "changes lines, address and remark; priced anew")),
    Rule("pay", ("placed",), ("paid",), "payment", ("账单付清", "its bill is paid"), _NOTHING),
    Rule("pay_in_parts", ("placed",), ("paid",), "customer",
         ("同意分期，余额够付首期", "agrees to instalments, and the balance covers the first part"),
         ("扣首期，其余各期到期再扣", "takes the first part; the others are taken when they are due")),
    Rule("cancel", ("placed", "paid"), ("cancelled",), "customer", ("没有进行中或待确认的支付", "no payment under way or awaited"),
         ("释放库存，退回已付的钱，未付的不再收", "frees the stock, gives back what was paid; nothing more is owed")),
    Rule("withdraw", ("placed", "paid", "confirmed"), ("cancelled",), "operator",
         ("没有进行中的支付；写明原因；退款超过限额须复核", "no payment under way; a reason; a second person above the shop's limit"),
         ("同上，并告知顾客", "the same, and tells the customer")),
    Rule("expire", ("placed",), ("cancelled",), "clock", ("超过付款时限，没有进行中或待确认的支付", "not paid in time, no payment under way or awaited"),
         ("释放库存", "frees the stock")),
    Rule("confirm", ("paid",), ("confirmed",), "operator", ("款项未全部退回", "not all of it is paid back"), ("审核通过", "the shop will deliver it")),
    Rule("reject", ("paid",), ("cancelled",), "operator", ("写明原因；退款超过限额须复核", "a reason; a second person above the shop's limit"),
         ("释放库存，退款，告知顾客", "frees the stock, gives back what was paid, tells the customer")),
    Rule("ship", ("paid", "confirmed", "shipping"), ("shipping", "shipped"), "operator",
         ("需要审核的店须先确认；款项未全部退回", "confirmed first, where the shop reviews orders; not all of it is paid back"),
         ("库存出库，告知顾客", "takes what was sent out of the stock, tells the customer")),
    Rule("hand_over", ("paid", "confirmed", "shipping"), ("completed",), "operator",
         ("需要审核的店须先确认；款项未全部退回", "confirmed first, where the shop reviews orders; not all of it is paid back"),
         ("当面交付其余商品，库存出库", "gives the rest over the counter, takes it out of the stock")),
    Rule("close", ("shipping",), ("shipped",), "operator", ("款项已全部退回，没有未付的分期", "all of it is paid back, nothing of it is owed"),
         ("其余商品不再发货，释放其库存", "the rest is not sent any more; frees its stock")),
    Rule("receive", ("shipped",), ("completed",), "customer", _NOTHING, _NOTHING),
    Rule("complete", ("shipped",), ("completed",), "clock", ("发货后满若干天", "so many days after it was shipped"),
         ("告知顾客", "tells the customer")),
    Rule("hide", ("completed", "cancelled"), (), "customer", _NOTHING,
         ("不再出现在顾客的列表中", "no longer on the customer's list")),
)  # fmt: skip
_BY_STEP = {rule.step: rule for rule in RULES}


def allows(step: Step, state: str) -> bool:
    """Whether the step can be taken in the state."""
    return state in _BY_STEP[step].was


_DELIVERS: tuple[Step, ...] = ("confirm", "ship", "hand_over")


def of_operator(state: str, *, need_review: bool, is_refunded: bool, is_owed: bool) -> tuple[Step, ...]:
    """The steps an operator can take in the state; ``need_review``: the shop confirms orders before it delivers them; ``is_refunded``:
    all that was paid is back, so that nothing is delivered any more; ``is_owed``: parts of it are still to be paid."""
    return tuple(
        rule.step
        for rule in RULES
        if rule.who == "operator"
        and state in rule.was
        and not (need_review and state == "paid" and rule.step in ("ship", "hand_over"))
        and not (is_refunded and rule.step in _DELIVERS)
        and (rule.step != "close" or (is_refunded and not is_owed))
    )


def refuse(step: Step, state: str, order_no: str) -> None:
    """Refuses a step that the order's state does not allow.

    Raises:
        OrderStateForbids: the refusal names the state.
    """
    if not allows(step, state):
        raise OrderStateForbids(order_no=order_no, state=state, step=step)


_WHO = {
    "customer": "顾客 · customer",
    "operator": "店员 · operator",
    "payment": "支付 · payment",
    "clock": "时钟 · clock",
}


def as_table() -> str:
    """The rules as ``docs/shop.md`` shows them."""
    rows = ["| step | from | to | who | needs | does |", "|---|---|---|---|---|---|"]
    for rule in RULES:
        was = " ".join(f"`{state}`" for state in rule.was) or "–"
        becomes = " ".join(f"`{state}`" for state in rule.becomes) or "(same)"
        needs, does = (" · ".join(text) if text[0] else "" for text in (rule.needs, rule.does))
        rows.append(f"| `{rule.step}` | {was} | {becomes} | {_WHO[rule.who]} | {needs} | {does} |")
    return "\n".join(rows)
