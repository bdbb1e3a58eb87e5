"""Plan offers 计划方案: what customers can subscribe to. An offer never changes; a change is its next version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing import plan_rows, plans_ahead, schedule
from core import clock, db, errors
from ledger import idempotency


class NoSuchOffer(errors.NotFound):
    """There is no such plan on offer (any more)."""

    code = "no_such_offer"


class WrongSchedule(errors.Invalid):
    """The schedule names days that do not exist or contradict each other."""

    code = "wrong_schedule"


class WrongTerms(errors.Invalid):
    """What is asked for does not go together."""

    code = "wrong_plan_terms"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan on offer. ``consent_text`` is what the customer agrees to by subscribing."""

    id: int
    name: str
    cycle: str
    periods: int | None
    consent_version: str
    consent_text: str
    active: bool
    first_id: int | None
    version_no: int
    created_by: str | None
    created_at: datetime
    retired_at: datetime | None
    terms: plans_ahead.Terms

    @property
    def amount_fen(self) -> int:
        return self.terms.amount_fen


_COLUMNS = (
    "id, name, cycle, periods, consent_version, consent_text, active, first_id, version_no, created_by, created_at, retired_at, "
    + plan_rows.TERMS
)
_OWN = 12


def _of(row: Sequence[Any]) -> Offer:
    return Offer(*(*row[:_OWN], plan_rows.terms(row[_OWN:])))


@dataclass(frozen=True, slots=True)
class Asked:
    """What an offer says."""

    name: str
    terms: plans_ahead.Terms
    consent_version: str
    consent_text: str
    periods: int | None = None


_ADD = f"""
INSERT INTO plan_offer (name, amount_fen, cycle, schedule, unit, most_fen, trial_periods, trial_fen, first_period, periods, catch_up,
                        on_pause, notice_days, consent_version, consent_text, active, first_id, version_no, created_by, created_at)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true, $16, $17, $18, $19) RETURNING {_COLUMNS}
"""


async def add(asked: Asked, *, by: str | None = None) -> Offer:
    """Puts a plan on offer.

    Raises:
        WrongSchedule, WrongTerms.
    """
    check(asked.terms)
    return await _insert(asked, by=by, first_id=None, version_no=1)


async def _insert(asked: Asked, *, by: str | None, first_id: int | None, version_no: int) -> Offer:
    terms = asked.terms
    row = await db.fetchrow(
        _ADD, asked.name, terms.amount_fen, terms.rule.cycle, schedule.written(terms.rule), terms.unit, terms.most_fen,
        terms.trial_periods, terms.trial_fen, terms.first_period, asked.periods, terms.catch_up, terms.on_pause,
        terms.notice_days, asked.consent_version, asked.consent_text, first_id, version_no, by, clock.now(),
    )  # fmt: skip
    assert row is not None
    return _of(tuple(row))


def check(terms: plans_ahead.Terms) -> None:
    """Refuses terms that do not go together.

    Raises:
        WrongSchedule, WrongTerms.
    """
    if (fault := terms.rule.fault()) is not None:
        raise WrongSchedule(field=fault)
    for name, is_wrong in (
        ("most_fen", terms.unit is not None and terms.most_fen is None),
        ("trial_periods", terms.unit is not None and terms.trial_periods > 0),
        ("first_period", terms.unit is not None and terms.first_period != "whole"),
        ("most_fen", terms.unit is None and terms.most_fen is not None and terms.most_fen < terms.amount_fen),
        ("trial_fen", terms.trial_fen > terms.amount_fen),
        ("catch_up", terms.unit is not None and terms.catch_up == "latest"),
        ("on_pause", terms.on_pause == "shift" and terms.rule.every == "dates"),
    ):
        if is_wrong:
            raise WrongTerms(field=name)


_ON_OFFER = f"SELECT {_COLUMNS} FROM plan_offer WHERE active ORDER BY id"


async def on_offer() -> list[Offer]:
    """The plans on offer."""
    return [_of(tuple(row)) for row in await db.fetch(_ON_OFFER)]


_GET = f"SELECT {_COLUMNS} FROM plan_offer WHERE id = $1"


async def get(offer_id: int, *, active_only: bool = False) -> Offer:
    """One offer.

    Raises:
        NoSuchOffer: nothing of that id is there, or on offer any more where that is asked for.
    """
    row = await db.fetchrow(_GET, offer_id)
    offer = None if row is None else _of(tuple(row))
    if offer is None or (active_only and not offer.active):
        raise NoSuchOffer(offer_id=offer_id)
    return offer


_RETIRE = "UPDATE plan_offer SET active = false, retired_at = $2 WHERE id = $1 AND active"


@db.retried
async def retire(offer_id: int) -> Offer:
    """Nobody subscribes to it any more; plans that run go on. Retiring again changes nothing.

    Raises:
        NoSuchOffer: there is none of this id.
    """
    await db.execute(_RETIRE, offer_id, clock.now())
    return await get(offer_id)


_LOCK = f"SELECT {_COLUMNS} FROM plan_offer WHERE id = $1 FOR NO KEY UPDATE"


async def change(operator_id: int, offer_id: int, asked: Asked, *, key: str) -> str:
    """The offer's next version: the old one is retired, plans that run keep what was agreed. Returns the new version's id.

    Raises:
        NoSuchOffer: nothing of this id is on offer any more.
        WrongSchedule, WrongTerms, KeyReused.
    """
    check(asked.terms)
    caller = f"operator:{operator_id}"

    async def act() -> int:
        row = await db.fetchrow(_LOCK, offer_id)
        old = None if row is None else _of(tuple(row))
        if old is None or not old.active:
            raise NoSuchOffer(offer_id=offer_id)
        await db.execute(_RETIRE, offer_id, clock.now())
        made = await _insert(asked, by=caller, first_id=old.first_id or old.id, version_no=old.version_no + 1)
        await db.execute(_SAME_DUNNING, made.id, offer_id)
        return made.id

    content = {"offer_id": offer_id, **_content(asked)}
    return await idempotency.alone(
        caller=caller, operation="plan_offers.change", key=key, content=content, act=act
    )


async def create(operator_id: int, asked: Asked, *, key: str) -> str:
    """Puts a plan on offer, by an operator. Returns its id.

    Raises:
        WrongSchedule, WrongTerms, KeyReused.
    """
    caller = f"operator:{operator_id}"

    async def act() -> int:
        return (await add(asked, by=caller)).id

    return await idempotency.alone(
        caller=caller, operation="plan_offers.create", key=key, content=_content(asked), act=act
    )


def _content(asked: Asked) -> dict[str, object]:
    terms = {name: getattr(asked.terms, name) for name in ("amount_fen", "unit", "most_fen", "trial_periods", "trial_fen",
             "first_period", "catch_up", "on_pause", "notice_days")}  # fmt: skip
    said = (asked.name, asked.consent_version, asked.consent_text, asked.periods)
    return {"said": said, "schedule": schedule.written(asked.terms.rule), **terms}


_SAME_DUNNING = """
UPDATE plan_offer SET dunning_policy_id = (SELECT dunning_policy_id FROM plan_offer WHERE id = $2) WHERE id = $1
"""
_PAGE = f"SELECT {_COLUMNS} FROM plan_offer WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Offer]:
    """All offers and their versions, the newest first."""
    return [_of(tuple(row)) for row in await db.fetch(_PAGE, 2**62 if before is None else before, limit)]
