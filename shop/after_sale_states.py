"""What can happen to an after-sale 售后: every step in one table, with who takes it and what it needs.

``docs/shop.md`` shows the table; a test keeps both the same, and asks of every step in every state whether it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core import errors

Kind = Literal["refund", "return", "exchange"]
State = Literal["asked", "approved", "sent_back", "received", "done", "rejected", "withdrawn"]
Step = Literal["apply", "withdraw", "reject", "approve", "send_back", "receive", "refund", "send_anew"]
Who = Literal["customer", "operator"]

KINDS: dict[Kind, tuple[str, str]] = {
    "refund": ("仅退款", "money back, the goods stay"),
    "return": ("退货退款", "goods and money back"),
    "exchange": ("换货", "the same again for goods that come back"),
}
STATES: dict[State, tuple[str, str]] = {
    "asked": ("待审核", "the shop has to look"),
    "approved": ("待寄回", "the goods are to come back"),
    "sent_back": ("寄回中", "the goods are on their way back"),
    "received": ("已收到退货", "the shop has the goods"),
    "done": ("已完成", "done"),
    "rejected": ("已拒绝", "turned down"),
    "withdrawn": ("已撤销", "taken back by the customer"),
}
ENDED: tuple[State, ...] = ("done", "rejected", "withdrawn")


class AfterSaleStateForbids(errors.Conflict):
    """The after-sale's state, or its kind, does not allow this step."""

    code = "after_sale_state_forbids"


@dataclass(frozen=True, slots=True)
class Rule:
    """A step: from which states (none: it is new), of which kinds, to which state, who takes it, what it needs besides and what it does, in
    both languages."""

    step: Step
    was: tuple[State, ...]
    kinds: tuple[Kind, ...]
    becomes: State
    who: Who
    needs: tuple[str, str]
    does: tuple[str, str]


_ALL: tuple[Kind, ...] = ("refund", "return", "exchange")
_GOODS: tuple[Kind, ...] = ("return", "exchange")
_NOTHING = ("", "")
RULES: tuple[Rule, ...] = (
    Rule("apply", (), _ALL, "asked", "customer",
         ("已发货的商品，未在其他售后中，在售后期限内", "goods that were sent, in no other after-sale, within the time for it"),
         ("提醒店员", "alerts the shop's people")),
    Rule("withdraw", ("asked", "approved"), _ALL, "withdrawn", "customer", _NOTHING, _NOTHING),
    Rule("reject", ("asked", "approved", "sent_back"), _ALL, "rejected", "operator", ("写明原因", "a reason"),
         ("告知顾客", "tells the customer")),
    Rule("reject", ("received",), _GOODS, "rejected", "operator",
         ("写明原因，和收到的东西去了哪里", "a reason, and where what came back has gone"),
         ("告知顾客；库存不变", "tells the customer; the stock stays as it is")),
    Rule("approve", ("asked",), _GOODS, "approved", "operator", _NOTHING,
         ("请顾客寄回", "asks the customer to send the goods back")),
    Rule("send_back", ("approved", "sent_back"), _GOODS, "sent_back", "customer", ("快递公司和单号", "carrier and tracking number"),
         ("跟踪包裹", "the parcel is watched")),
    Rule("receive", ("approved", "sent_back"), _GOODS, "received", "operator", _NOTHING,
         ("每种商品多少重新入库，其余报损", "so many of each back into stock, the rest is written off")),
    Rule("refund", ("asked",), ("refund",), "done", "operator", ("超过限额须复核", "a second person above the shop's limit"),
         ("退款到原支付方式", "money back the way it came")),
    Rule("refund", ("received",), _GOODS, "done", "operator", ("超过限额须复核", "a second person above the shop's limit"),
         ("退款到原支付方式", "money back the way it came")),
    Rule("send_anew", ("received",), ("exchange",), "done", "operator", ("库存够", "enough in stock"),
         ("出库，跟踪包裹，告知顾客", "takes it out of the stock, watches the parcel, tells the customer")),
)  # fmt: skip


def allows(step: Step, state: str, kind: str) -> bool:
    """Whether the step can be taken in the state by an after-sale of this kind."""
    return any(rule.step == step and state in rule.was and kind in rule.kinds for rule in RULES)


def of_operator(state: str, kind: str) -> tuple[Step, ...]:
    """The steps an operator can take in the state with an after-sale of this kind."""
    return tuple(
        rule.step for rule in RULES if rule.who == "operator" and state in rule.was and kind in rule.kinds
    )


def refuse(step: Step, state: str, kind: str, return_no: str) -> None:
    """Refuses a step that state or kind do not allow.

    Raises:
        AfterSaleStateForbids: the refusal names the state.
    """
    if not allows(step, state, kind):
        raise AfterSaleStateForbids(return_no=return_no, state=state, kind=kind, step=step)


def becomes(step: Step) -> State:
    """The state a step leads to."""
    return next(rule.becomes for rule in RULES if rule.step == step)


_WHO = {"customer": "顾客 · customer", "operator": "店员 · operator"}


def as_table() -> str:
    """The rules as ``docs/shop.md`` shows them."""
    rows = ["| step | from | of | to | who | needs | does |", "|---|---|---|---|---|---|---|"]
    for rule in RULES:
        was = " ".join(f"`{state}`" for state in rule.was) or "–"
        kinds = "all" if rule.kinds == _ALL else " ".join(f"`{kind}`" for kind in rule.kinds)
        needs, does = (" · ".join(text) if text[0] else "" for text in (rule.needs, rule.does))
        rows.append(
            f"| `{rule.step}` | {was} | {kinds} | `{rule.becomes}` | {_WHO[rule.who]} | {needs} | {does} |"
        )
    return "\n".join(rows)
