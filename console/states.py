"""What can be done with a thing in the state it is in. The desk decides, under its locks, when something is asked for; here stands what is
worth offering, so that no button leads to a refusal that could be known before. A test asks the desk in each state. Orders and after-sales
tell it themselves (``next_steps``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pydantic

from console.showing import fields_of

Row = Mapping[str, Any]


class Condition(Protocol):
    """What has to hold of a thing."""

    def holds(self, row: Row, me: int) -> bool:
        """Whether it does, of a row of an answer; ``me``: the operator who looks. What the row does not tell holds."""


@dataclass(frozen=True, slots=True)
class When:
    """One of these values stands in the field; of a list of things, ``parts.state``, in any of them."""

    field: str
    among: frozenset[Any]

    def holds(self, row: Row, me: int) -> bool:
        """Whether it does."""
        found = list(_values(row, self.field.split(".")))
        return not found or any(value in self.among for value in found)


@dataclass(frozen=True, slots=True)
class Given:
    """Something stands in the field; or with ``not there`` nothing does."""

    field: str
    there: bool = True

    def holds(self, row: Row, me: int) -> bool:
        """Whether it does."""
        found = list(_values(row, self.field.split(".")))
        return not found or any(bool(value) is self.there for value in found)


@dataclass(frozen=True, slots=True)
class Mine:
    """The field names the operator who looks; or with ``not mine`` somebody else."""

    field: str
    mine: bool = True

    def holds(self, row: Row, me: int) -> bool:
        """Whether it does."""
        return self.field not in row or (row[self.field] == me) is self.mine


@dataclass(frozen=True, slots=True)
class Either:
    """All of one of these hold."""

    ways: tuple[tuple[Condition, ...], ...]

    def holds(self, row: Row, me: int) -> bool:
        """Whether they do."""
        return any(all(one.holds(row, me) for one in way) for way in self.ways)


def when(field: str, *among: Any) -> When:
    """One of these values stands in the field."""
    return When(field, frozenset(among))


_WAITING, _SUBMITTED, _OPEN = when("state", "waiting"), when("state", "submitted"), when("state", "open")
_OWED = when("state", "open", "partly_paid")
_RUNS, _ALIVE = when("state", "active"), when("state", "active", "paused")
_STUCK = when("state", "open", "stuck")
_UNRESOLVED = when("state", "asking", "open")
_NOT_CLOSED = when("state", "waiting", "imported", "matched")
_PAYING = when("state", "paying")

POSSIBLE: Mapping[str, tuple[Condition, ...]] = {
    "approvals_approve": (_WAITING, Mine("requested_by", mine=False), Given("above_limit", there=False)),
    "approvals_reject": (_WAITING, Mine("requested_by", mine=False)),
    "approvals_withdraw": (_WAITING, Mine("requested_by")),
    "vouchers_confirm": (_SUBMITTED,),
    "vouchers_reject": (_SUBMITTED,),
    "quarantine_credit": (_STUCK, Given("booked_fen")),
    "quarantine_send_back": (
        _STUCK, Given("booked_fen"),
        when("reason", "unknown_number", "wrong_amount", "wrong_currency", "wrong_app_id", "wrong_merchant_id", "wrong_payer",
             "second_payment", "trade_of_another", "refunded_at_channel"),
    ),
    "quarantine_pay_out": (_STUCK, Given("booked_fen")),
    "quarantine_close": (_STUCK,),
    "combined_payments_let_go": (when("state", "quarantined"),),
    "refunds_approve": (when("state", "requested"),),
    "refunds_reject": (when("state", "requested"),),
    "refunds_paid_out": (_OPEN, when("parts.state", "waiting")),
    "refunds_to_balance": (_OPEN, when("parts.state", "abnormal")),
    "refunds_to_counter": (_OPEN, when("parts.state", "abnormal")),
    "refunds_to_card": (_OPEN, when("parts.state", "abnormal")),
    "refunds_retry": (
        Either(((_OPEN, when("parts.state", "abnormal")), (when("state", "failed"), when("parts.state", "failed")))),
    ),
    "remittances_of_refund": (_OPEN, when("parts.state", "waiting")),
    "remittances_cancel": (when("state", "open", "waiting"),),
    "remittances_of_closing": (_PAYING,),
    "closings_pay_out": (_PAYING,),
    "reconciliation_take_bill": (_NOT_CLOSED,),
    "reconciliation_rerun": (_NOT_CLOSED,),
    "reconciliation_close": (when("state", "matched"),),
    "reconciliation_reopen": (when("state", "closed"),),
    "differences_assign": (_UNRESOLVED,),
    "differences_note": (_UNRESOLVED,),
    "differences_resolve": (_UNRESOLVED,),
    "reviews_approve": (_WAITING,),
    "reviews_reject": (_WAITING,),
    "invoices_issue": (when("state", "requested"),),
    "invoices_refuse": (when("state", "requested"),),
    "holds_capture": (_OPEN, when("kind", "operator")),
    "holds_release": (_OPEN, when("kind", "operator")),
    "bills_pay": (_OWED,),
    "bills_void": (_OWED, when("paid_fen", 0)),
    "counter_bill": (_OWED,),
    "instalments_arrange": (_OWED,),
    "instalments_preview": (_OWED,),
    "dunning_write_off": (_OWED,),
    "counter_undo": (when("state", "taken"),),
    "reversals_of_adjustment": (Given("reversed_by_no", there=False), Given("reverses_no", there=False)),
    "reversals_of_transfer": (Given("reversed_by_no", there=False), Given("reverses_no", there=False)),
    "plans_pause": (_RUNS,),
    "plans_resume": (when("state", "paused"),),
    "plans_skip": (_ALIVE,),
    "plans_cancel": (_ALIVE,),
    "plans_new_price": (_ALIVE,),
    "plans_withdraw_price": (Given("new_amount_fen"),),
    "plans_agreed_price": (Given("new_amount_fen"),),
    "plans_use": (Given("terms.unit"),),
    "plan_offers_change": (Given("active"),),
    "plan_offers_retire": (Given("active"),),
    "standing_orders_pause": (_RUNS,),
    "standing_orders_resume": (when("state", "paused"),),
    "standing_orders_change": (_ALIVE,),
    "standing_orders_skip": (_ALIVE,),
    "standing_orders_end": (_ALIVE,),
    "roles_change": (Given("is_composed"), _RUNS),
    "roles_retire": (Given("is_composed"), _RUNS, when("holders", 0)),
    "roles_set_limits": (
        _RUNS, Either(((Given("is_composed"),), (when("role", "manager", "accountant", "cashier", "clerk", "support", "auditor"),))),
    ),
    "staff_disable": (_RUNS,),
    "staff_enable": (when("state", "disabled"),),
    "tickets_close": (when("state", "open", "in_progress", "answered"),),
    "conversations_close": (when("state", "waiting", "with_operator"),),
}  # fmt: skip
"""By operation: what has to hold of what it is done with. What is not named can be done whatever the state."""


def possible(operation: str, about: Any, me: int) -> bool:
    """Whether an operation is worth offering; ``about``: the answer that tells how its subject is, or a row of a list."""
    conditions = POSSIBLE.get(operation)
    if conditions is None or about is None:
        return True
    row = about if isinstance(about, Mapping) else fields_of(about)
    return all(condition.holds(_within(row, condition), me) for condition in conditions)


def _within(row: Row, condition: Condition) -> Row:
    """The row that tells it: an answer may be a thing and what else belongs to it, ``{"refund": …, "lots": …}``."""
    wanted = getattr(condition, "field", "state").partition(".")[0]
    if wanted in row:
        return row
    inner = (fields_of(value) for value in row.values() if isinstance(value, pydantic.BaseModel))
    return next((fields for fields in inner if wanted in fields), row)


def _values(about: Any, path: list[str]) -> Iterator[Any]:
    """All that stands in a field, of each of several things."""
    if not path:
        yield about
    elif isinstance(about, list | tuple):
        for one in about:
            yield from _values(one, path)
    else:
        row = (
            about
            if isinstance(about, Mapping)
            else fields_of(about)
            if isinstance(about, pydantic.BaseModel)
            else {}
        )
        if path[0] in row:
            yield from _values(row[path[0]], path[1:])
