"""Who does something to a plan: its customer, an operator, the clock; and telling the customer what somebody else did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from billing import terms
from core import clock, db, errors
from ledger import accounts
from notifications import outbox


class NotByCustomers(errors.Forbidden):
    """In this shop customers ask an operator to change their plans."""

    code = "plans_changed_by_shop"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a plan; ``customer_id`` where it is the customer, who has only their own."""

    label: str
    customer_id: int | None = None


CLOCK = Actor("clock")


def by_customer(customer_id: int) -> Actor:
    """A customer."""
    return Actor(accounts.of_customer(customer_id), customer_id)


def by_operator(operator_id: int) -> Actor:
    """An operator."""
    return Actor(f"operator:{operator_id}")


def refuse_customers(actor: Actor) -> None:
    """Refuses what customers may not do themselves in a shop that has chosen so.

    Raises:
        NotByCustomers: they may not.
    """
    if actor.customer_id is not None and not terms.current().customers_change_plans:
        raise NotByCustomers


_TITLE = "SELECT customer_id, name, amount_fen FROM plan WHERE id = $1"
Told = Literal[
    "plan_paused",
    "plan_resumed",
    "plan_suspended",
    "plan_cancelled",
    "plan_skipped",
    "plan_price",
    "plan_price_asked",
]


async def tell_change(
    actor: Actor, plan_id: int, kind: Told, *, on: date | None = None, amount_fen: int | None = None
) -> None:
    """Tells the customer what somebody else did to their plan. Part of the caller's transaction, which has locked the plan."""
    if actor.customer_id is not None:
        return
    row = await db.fetchrow(_TITLE, plan_id)
    assert row is not None
    now = clock.now()
    params = {
        "title": row["name"],
        "amount_fen": row["amount_fen"] if amount_fen is None else amount_fen,
        "at": now if on is None else clock.start_of(on),
    }
    key = f"{kind}:{plan_id}:{now.timestamp():.6f}"
    await outbox.tell([outbox.Message(row["customer_id"], kind, key, params)])
