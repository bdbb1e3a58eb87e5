"""Plans 计划: a customer consents to a recurring deduction, and ends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from billing import schedule
from core import clock, db, errors
from ledger import accounts, idempotency
from members import customers


class NoSuchOffer(errors.NotFound):
    """There is no such plan on offer (any more)."""

    code = "no_such_offer"


class NoSuchPlan(errors.NotFound):
    """The customer has no such plan."""

    code = "no_such_plan"


class ConsentOutdated(errors.Conflict):
    """The consent text has changed since the customer read it; show the present one and ask again."""

    code = "consent_outdated"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan on offer. ``consent_text`` is what the customer agrees to by subscribing."""

    id: int
    name: str
    amount_fen: int
    cycle: str
    consent_version: str
    consent_text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A customer's plan. ``next_due_on`` is when the next period is deducted while the plan is active."""

    id: int
    customer_id: int
    name: str
    amount_fen: int
    cycle: str
    state: str
    started_on: date
    next_due_on: date
    created_at: datetime
    warn_periods: int | None
    """The customer is alerted when their balance does not cover so many periods any more."""


MOST_WARN_PERIODS = 12
_OFFER_COLUMNS = "id, name, amount_fen, cycle, consent_version, consent_text"
_COLUMNS = (
    "id, customer_id, name, amount_fen, cycle, state, started_on, next_due_on, created_at, warn_periods"
)

_ADD_OFFER = f"""
INSERT INTO plan_offer (name, amount_fen, cycle, consent_version, consent_text, active, created_at)
VALUES ($1, $2, $3, $4, $5, true, $6) RETURNING {_OFFER_COLUMNS}
"""


async def add_offer(
    *, name: str, amount_fen: int, cycle: str, consent_version: str, consent_text: str
) -> Offer:
    """Puts a plan on offer. ``cycle`` is one of ``schedule.CYCLES``."""
    assert cycle in schedule.CYCLES
    row = await db.fetchrow(_ADD_OFFER, name, amount_fen, cycle, consent_version, consent_text, clock.now())
    assert row is not None
    return Offer(*row)


_OFFERS = f"SELECT {_OFFER_COLUMNS} FROM plan_offer WHERE active ORDER BY id"


async def offers() -> list[Offer]:
    """The plans on offer."""
    return [Offer(*row) for row in await db.fetch(_OFFERS)]


_OFFER = f"SELECT {_OFFER_COLUMNS} FROM plan_offer WHERE id = $1 AND active"
_SUBSCRIBE = """
INSERT INTO plan (customer_id, offer_id, name, amount_fen, cycle, state, started_on, next_period_no, next_due_on,
                  consent_version, consent_text, consented_at, created_at)
VALUES ($1, $2, $3, $4, $5, 'active', $6, 0, $6, $7, $8, $9, $9) RETURNING id
"""


@db.retried
async def subscribe(customer_id: int, *, offer_id: int, consent_version: str, key: str) -> Plan:
    """Starts a plan today with the customer's consent to the text of ``consent_version``. Its first period is due today.

    Raises:
        NoSuchOffer: nothing of that id is on offer.
        ConsentOutdated: the text is not the present one.
        CustomerBlocked, AccountClosed: they were let in a moment ago, but are not any more.
        KeyReused: the key was used for another subscription.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> str:
        row = await db.fetchrow(_OFFER, offer_id)
        if row is None:
            raise NoSuchOffer(offer_id=offer_id)
        offer = Offer(*row)
        if offer.consent_version != consent_version:
            raise ConsentOutdated(consent_version=offer.consent_version)
        customers.admit(await customers.staying(customer_id))
        plan_id = await db.fetchval(
            _SUBSCRIBE, customer_id, offer.id, offer.name, offer.amount_fen, offer.cycle, clock.today(),
            offer.consent_version, offer.consent_text, clock.now(),
        )  # fmt: skip
        return str(plan_id)

    async with db.transaction():
        plan_id = await idempotency.once(
            caller=caller,
            operation="plans.subscribe",
            key=key,
            content={"offer_id": offer_id, "consent_version": consent_version},
            act=act,
        )
    return await get(customer_id, int(plan_id))


_GET = f"SELECT {_COLUMNS} FROM plan WHERE id = $1 AND customer_id = $2"


async def get(customer_id: int, plan_id: int) -> Plan:
    """One plan of the customer.

    Raises:
        NoSuchPlan: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, plan_id, customer_id)
    if row is None:
        raise NoSuchPlan(plan_id=plan_id)
    return Plan(*row)


_CANCEL = "UPDATE plan SET state = 'cancelled', cancelled_at = $3 WHERE id = $1 AND customer_id = $2 AND state = 'active'"


async def cancel(customer_id: int, plan_id: int) -> Plan:
    """Ends a plan: no further period falls due; what is owed already stays owed. Cancelling again changes nothing.

    Raises:
        NoSuchPlan: the customer has no such plan.
    """
    await db.execute(_CANCEL, plan_id, customer_id, clock.now())
    return await get(customer_id, plan_id)


_WARN = f"UPDATE plan SET warn_periods = $3 WHERE id = $1 AND customer_id = $2 RETURNING {_COLUMNS}"


async def set_warning(customer_id: int, plan_id: int, periods: int | None) -> Plan:
    """From now on the customer is alerted when their balance falls below what so many periods take; None: not for this plan.

    Raises:
        NoSuchPlan: the customer has no such plan.
    """
    assert periods is None or 1 <= periods <= MOST_WARN_PERIODS
    row = await db.fetchrow(_WARN, plan_id, customer_id, periods)
    if row is None:
        raise NoSuchPlan(plan_id=plan_id)
    return Plan(*row)


_PAGE = f"SELECT {_COLUMNS} FROM plan WHERE customer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[Plan]:
    """The customer's plans, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [Plan(*row) for row in rows]
