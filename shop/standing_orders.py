"""Standing orders 周期订购: a customer agrees once to have goods delivered again and again, by a plan's calendar, paid from the balance.

What is due is worked on by ``shop.standing_deliveries``; pausing, skipping and ending are in ``shop.standing_pauses``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from billing import collecting, plan_actors, plan_offers, plans, schedule, stores, terms
from core import clock, db, errors
from ledger import idempotency
from members import addresses, customers
from shop import freight, placing, quotes, standing_rows, stock

Actor = plan_actors.Actor
NoSuchStandingOrder = standing_rows.NoSuchStandingOrder
MostTooLow = standing_rows.MostTooLow
WrongSchedule = plan_offers.WrongSchedule
Consent = plans.Consent
ConsentOutdated = plans.ConsentOutdated
NotByCustomers = plan_actors.NotByCustomers
NoSuchCustomer = customers.NoSuchCustomer
CustomerBlocked = customers.CustomerBlocked
AccountClosed = customers.AccountClosed
InsufficientBalance = collecting.InsufficientBalance
KeyReused = idempotency.KeyReused
Wanted = placing.Wanted
MAX_LINES = placing.MAX_LINES
LONGEST_WAIT = plans.LONGEST_WAIT


class FirstDayOutOfRange(errors.Invalid):
    """It begins on a day that the shop can still deliver on, within a year."""

    code = "standing_start_out_of_range"


class NoDays(errors.Invalid):
    """The schedule has no day between the first and the last."""

    code = "standing_no_days"


class StandingOrderOver(errors.Conflict):
    """The standing order has ended."""

    code = "standing_order_over"


PRICING: tuple[type[errors.DomainError], ...] = (
    quotes.SkuNotForSale, quotes.QuantityTooLarge, quotes.OrderTooLarge, stores.NoSuchStore, addresses.NoSuchAddress,
    freight.RegionInvalid, freight.NotDeliveredThere,
)  # fmt: skip
"""What pricing a delivery may answer."""
STARTING: tuple[type[errors.DomainError], ...] = (
    ConsentOutdated,
    WrongSchedule,
    FirstDayOutOfRange,
    NoDays,
    MostTooLow,
    KeyReused,
    *PRICING,
)
"""What starting one may answer its customer."""
CHANGING: tuple[type[errors.DomainError], ...] = (StandingOrderOver, MostTooLow, *PRICING)
"""What changing one may answer."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What customers agree to by starting a standing order, and how many hours ahead its orders are placed."""

    version: str
    text: str
    hours_ahead: int
    earliest_on: date


def agreement() -> Agreement:
    """As it is now."""
    chosen = terms.current()
    hours = chosen.standing_hours_ahead
    return Agreement(chosen.standing_consent_version, chosen.standing_consent_text, hours, earliest_on(hours))


def earliest_on(hours_ahead: int) -> date:
    """The first day whose order is not to be placed before now."""
    begins = clock.now() + timedelta(hours=hours_ahead)
    day = clock.day_of(begins)
    return day if clock.start_of(day) >= begins else day + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be delivered when and where, and for how much at most. ``starts_on`` None: as soon as it can be; ``address_id`` None: it is
    fetched."""

    lines: Sequence[Wanted]
    rule: schedule.Schedule
    most_fen: int
    consent: Consent
    store: str | None = None
    address_id: int | None = None
    remark: str = ""
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What a repeat of the request must have in common with it."""
        return {
            "lines": sorted(_merged(self.lines).items()), "schedule": schedule.written(self.rule), "most_fen": self.most_fen,
            "consent": self.consent.version, "proof": self.consent.proof, "door": self.consent.door, "store": self.store,
            "address_id": self.address_id, "remark": self.remark, "starts_on": self.starts_on, "ends_on": self.ends_on,
        }  # fmt: skip


def _merged(lines: Sequence[Wanted]) -> dict[int, int]:
    return stock.merged((line.sku_id, line.quantity) for line in lines)


async def start(actor: Actor, customer_id: int, wish: Wish, *, key: str) -> int:
    """Starts a standing order, by its customer or by an operator for one who agreed at the counter, by phone or on paper. Returns its id.

    Raises:
        NoSuchCustomer, CustomerBlocked, AccountClosed, ConsentOutdated, WrongSchedule, FirstDayOutOfRange, NoDays, MostTooLow, KeyReused,
        and what pricing answers (``PRICING``).
    """

    async def act() -> int:
        customers.admit(await customers.staying(customer_id))
        agreed = agreement()
        if agreed.version != wish.consent.version:
            raise ConsentOutdated(consent_version=agreed.version)
        made = await _drafted(customer_id, wish, agreed)
        wanted = _merged(wish.lines)
        quote = await standing_rows.priced(made, wanted)
        standing_rows.refuse_above(quote.total_fen, wish.most_fen)
        made = replace(made, name=_name(quote), expected_fen=quote.total_fen)
        standing_id = await _write(made, wish.consent, agreed)
        await standing_rows.put_lines(standing_id, wanted)
        await standing_rows.note(standing_id, "started", actor.label, wish.content)
        return standing_id

    return int(
        await idempotency.alone(
            caller=actor.label, operation="standing.start", key=key, content={"customer_id": customer_id, **wish.content},
            act=act,
        )
    )  # fmt: skip


async def _drafted(customer_id: int, wish: Wish, agreed: Agreement) -> standing_rows.Row:
    if (fault := wish.rule.fault()) is not None:
        raise WrongSchedule(field=fault)
    starts_on = wish.starts_on or agreed.earliest_on
    if not agreed.earliest_on <= starts_on <= clock.today() + LONGEST_WAIT:
        raise FirstDayOutOfRange(earliest_on=agreed.earliest_on.isoformat())
    rule = schedule.anchored(wish.rule, starts_on)
    address = None if wish.address_id is None else (await addresses.get(customer_id, wish.address_id)).where
    draft = standing_rows.Row(
        0, customer_id, await stores.id_of(wish.store), "", address, wish.remark, rule, wish.most_fen, 0, agreed.hours_ahead,
        "active", starts_on, wish.ends_on, None, None, None,
    )  # fmt: skip
    first = draft.within(schedule.first(rule, starts_on))
    if first is None:
        raise NoDays
    return replace(draft, next_day=first)


def _name(quote: quotes.Quote) -> str:
    return quote.title[:60]


_WRITE = """
INSERT INTO standing_order (customer_id, store_id, name, address, remark, cycle, schedule, most_fen, expected_fen, hours_ahead, state,
                            started_on, ends_on, next_day, place_at, consent_version, consent_text, consented_at, consent_door, consent_by,
                            consent_proof, created_at)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7::jsonb, $8, $9, $10, 'active', $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $17) RETURNING id
"""


async def _write(made: standing_rows.Row, consent: Consent, agreed: Agreement) -> int:
    assert made.next_day is not None
    standing_id: int = await db.fetchval(
        _WRITE, made.customer_id, made.store_id, made.name, addresses.written(made.address, standing_rows.ADDRESS), made.remark, made.rule.cycle,
        schedule.written(made.rule), made.most_fen, made.expected_fen, made.hours_ahead, made.started_on, made.ends_on,
        made.next_day, made.place_at(made.next_day), agreed.version, agreed.text, clock.now(), consent.door, consent.by,
        consent.proof,
    )  # fmt: skip
    return standing_id


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be another way from the next order on; None: as it is. ``fetched``: it is not sent any more."""

    lines: Sequence[Wanted] | None = None
    most_fen: int | None = None
    address_id: int | None = None
    fetched: bool = False
    remark: str | None = None
    proof: str | None = None
    """What shows that the customer agreed, where an operator changes it."""

    @property
    def content(self) -> dict[str, Any]:
        """What a repeat of the request must have in common with it."""
        said = {
            "lines": None if self.lines is None else sorted(_merged(self.lines).items()), "most_fen": self.most_fen,
            "address_id": self.address_id, "fetched": self.fetched or None, "remark": self.remark, "proof": self.proof,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}


_CHANGE = """
UPDATE standing_order SET name = $2, address = $3::jsonb, remark = $4, most_fen = $5, expected_fen = $6 WHERE id = $1
"""
_AGAIN = "UPDATE standing_delivery SET try_at = $2 WHERE standing_order_id = $1 AND state = 'waiting'"


async def change(actor: Actor, standing_id: int, wanted: Change, *, key: str) -> None:
    """Changes what is delivered, where, or for how much at most. Orders that are placed already stay.

    Raises:
        NoSuchStandingOrder, NotByCustomers, StandingOrderOver, MostTooLow, KeyReused, and what pricing answers (``PRICING``).
    """
    plan_actors.refuse_customers(actor)

    async def act() -> int:
        standing = await standing_rows.locked(standing_id, actor.customer_id)
        if standing.state not in ("active", "paused"):
            raise StandingOrderOver(standing_id=standing_id)
        lines = await standing_rows.quantities(standing_id) if wanted.lines is None else _merged(wanted.lines)
        standing = await _changed(standing, wanted)
        quote = await standing_rows.priced(standing, lines)
        standing_rows.refuse_above(quote.total_fen, standing.most_fen)
        await db.execute(
            _CHANGE, standing_id, _name(quote), addresses.written(standing.address, standing_rows.ADDRESS), standing.remark, standing.most_fen,
            quote.total_fen,
        )  # fmt: skip
        await standing_rows.put_lines(standing_id, lines)
        await db.execute(_AGAIN, standing_id, clock.now())
        await standing_rows.note(standing_id, "changed", actor.label, wanted.content)
        await standing_rows.tell_change(actor, standing)
        return standing_id

    content = {"standing_id": standing_id, **wanted.content}
    await idempotency.alone(
        caller=actor.label, operation="standing.change", key=key, content=content, act=act
    )


async def _changed(standing: standing_rows.Row, wanted: Change) -> standing_rows.Row:
    address = standing.address
    if wanted.address_id is not None:
        address = (await addresses.get(standing.customer_id, wanted.address_id)).where
    elif wanted.fetched:
        address = None
    remark = standing.remark if wanted.remark is None else wanted.remark
    most_fen = standing.most_fen if wanted.most_fen is None else wanted.most_fen
    return replace(standing, address=address, remark=remark, most_fen=most_fen)
