"""Plans as they stand in their table: read with what was agreed on, and moved on as their periods are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing import plans_ahead, schedule

TERMS = "schedule::text, amount_fen, unit, most_fen, trial_periods, trial_fen, first_period, catch_up, on_pause, notice_days"
"""The columns ``terms`` is made of; offers have them too."""
KEY = f"""
state, {TERMS}, started_on, ends_on, periods, new_amount_fen, new_amount_from, consented_fen, next_period_no, next_on, last_due_on,
paused_on, resume_on
"""
"""All that decides what a plan's periods are: plans that agree in it have the same periods."""
COLUMNS = f"id, customer_id, {KEY}"
LOCK = f"SELECT {COLUMNS} FROM plan WHERE id = $1 FOR NO KEY UPDATE"
"""Reads a plan and locks it, before its periods are touched."""
BY_USE = """
least(o.units * CASE WHEN o.due_on >= p.new_amount_from THEN p.new_amount_fen ELSE p.amount_fen END, p.most_fen)"""
"""What a period ``o`` of a plan ``p`` by use costs for what was used so far."""
TAKEN = "(p.state <> 'paused' OR o.due_on < p.paused_on OR o.units > 0)"
"""Whether an upcoming period ``o`` of a plan ``p`` is taken when it is due: in a pause only what was due before, or was used."""
_TERMS = len(TERMS.split(","))


def terms(row: Sequence[Any]) -> plans_ahead.Terms:
    """What was agreed on, from the columns of ``TERMS``."""
    return plans_ahead.Terms(schedule.read(row[0]), *row[1:])


@dataclass(frozen=True, slots=True)
class Row:
    """A plan with all that decides what its periods are."""

    id: int
    customer_id: int
    state: str
    terms: plans_ahead.Terms
    span: plans_ahead.Span
    price: plans_ahead.Price
    consented_fen: int
    place: plans_ahead.Place
    paused_on: date | None
    resume_on: date | None


def of(row: Sequence[Any]) -> Row:
    """A plan from the columns of ``COLUMNS``."""
    begun = 3 + _TERMS
    agreed = terms(row[3:begun])
    started_on, ends_on, periods, new_fen, new_from, consented_fen, period_no, on, last_due_on, *pause = row[
        begun:
    ]
    is_agreed = agreed.unit is not None or (new_fen is not None and new_fen <= consented_fen)
    return Row(
        row[0],
        row[1],
        row[2],
        agreed,
        plans_ahead.Span(started_on, ends_on, periods),
        plans_ahead.Price(agreed.amount_fen, new_fen if is_agreed else None, new_from),
        consented_fen,
        plans_ahead.Place(period_no, on, last_due_on),
        *pause,
    )
