"""Dunning 催收: what is done, day by day, about a plan's bill that could not be taken in full on its day.

A case is opened with the bill's first try and keeps the rules of that moment (``dunning_policies``). On the days of its ladder the clock
tries again; after the grace it suspends the plan and issues the late fee, where the rules say so. Meanwhile new money settles the bill as
it does any (``matching``). When the bill is paid, void or written off the case is over, and a plan it has suspended runs again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from billing import (
    automatic_top_ups,
    bills,
    collecting,
    due_runs,
    dunning_fees,
    dunning_policies,
    halving,
    plan_pauses,
    staff_alerts,
)
from core import clock, db

BATCH = 200
_POSTPONED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run came to."""

    closed: int = 0
    tried: int = 0
    paid: int = 0
    suspended: int = 0
    fees: int = 0
    claimed: int = field(default=0, compare=False)

    def __add__(self, other: Done) -> Done:
        return Done(
            self.closed + other.closed, self.tried + other.tried, self.paid + other.paid,
            self.suspended + other.suspended, self.fees + other.fees, self.claimed + other.claimed,
        )  # fmt: skip


_OPEN = """
INSERT INTO dunning_case (bill_id, plan_id, policy_id, retry_days, grace_days, suspends, fee_kind, fee_fen, fee_ppm, fee_consent, opened_on,
                          tries, next_at, state, created_at)
SELECT c.*, $11, 1, next_at, 'open', $12 FROM (
    SELECT bill_id, plan_id, policy_id, retry_days::jsonb, grace_days, suspends, fee_kind, fee_fen, fee_ppm, fee_consent
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::boolean[], $7::text[], $8::bigint[], $9::int[], $10::text[])
         AS n (bill_id, plan_id, policy_id, retry_days, grace_days, suspends, fee_kind, fee_fen, fee_ppm, fee_consent)
) c JOIN unnest($1::bigint[], $13::timestamptz[]) AS t (bill, next_at) ON t.bill = c.bill_id
ON CONFLICT (bill_id) DO NOTHING
"""


async def open_for(missed: Mapping[int, tuple[int, dunning_policies.Rules]]) -> None:
    """Opens cases for bills of plan periods that were tried and not paid, in the open transaction; ``missed`` has their plans and the
    rules by bill. Days count from today, so that nobody is late for what the clock did late. Where there is no grace the clock goes on at its
    next tick."""
    if not missed:
        return
    rules, today = [one for _, one in missed.values()], clock.today()
    await db.execute(
        _OPEN,
        list(missed),
        [plan_id for plan_id, _ in missed.values()],
        [one.id if isinstance(one, dunning_policies.Policy) else None for one in rules],
        [json.dumps(list(one.retry_days)) for one in rules],
        [one.grace_days for one in rules],
        [one.suspends for one in rules],
        [one.fee_kind for one in rules],
        [one.fee_fen for one in rules],
        [one.fee_ppm for one in rules],
        [one.fee_consent for one in rules],
        today,
        clock.now(),
        [clock.now() if 0 in one.acting_days else _next_at(today, one.acting_days) for one in rules],
    )


def _next_at(opened_on: date, days: Sequence[int]) -> datetime | None:
    """The first of the days that is still to come."""
    now = clock.now()
    coming = (clock.start_of(opened_on + timedelta(days=day)) for day in days)
    return next((at for at in coming if at > now), None)


async def run(*, batch: int = BATCH) -> Done:
    """Closes the cases that are over, and does for each other what its rules have for today. Run by the clock; several may run at once.

    After a downtime what was missed is done once, not day by day. While the due run is paused nothing is tried.
    """
    total = Done()
    while (closed := await _in_sets(await _over(batch), _close, _stuck)).claimed:
        total += closed
    if not await due_runs.is_held():
        await automatic_top_ups.ask_for_what_is_short(batch)
    while not await due_runs.is_held():
        acted = await _in_sets(await _due(batch), _act_on, _set_aside)
        if not acted.claimed:
            break
        total += acted
    return total


async def _in_sets(
    ids: Sequence[int],
    act: Callable[[Sequence[int]], Awaitable[Done]],
    give_up: Callable[[int, BaseException], Awaitable[Done]],
) -> Done:
    """Does a set of cases, in halves if it fails because of a row in it. Where it has claimed none, what is left is in the hands of others."""
    if not ids:
        return Done()
    try:
        return await act(ids)
    except Exception as error:
        if not db.is_of_the_rows(error):
            raise
    return sum(await halving.in_halves(ids, act, give_up), Done())


_IS_OVER = "d.state = 'open' AND b.state NOT IN ('open', 'partly_paid')"
_OVER = (
    f"SELECT d.id FROM dunning_case d JOIN bill b ON b.id = d.bill_id WHERE {_IS_OVER} ORDER BY d.id LIMIT $1"
)
_LOCK_OVER = f"""
SELECT d.id, d.plan_id, d.suspended_at, {dunning_fees.COLUMNS}
FROM dunning_case d JOIN bill b ON b.id = d.bill_id JOIN plan p ON p.id = d.plan_id
WHERE d.id = ANY ($1::bigint[]) AND {_IS_OVER} ORDER BY d.id FOR NO KEY UPDATE OF p, b, d SKIP LOCKED
"""
_CLOSE = """
UPDATE dunning_case d SET state = b.state, ended_at = $2, next_at = NULL FROM bill b WHERE b.id = d.bill_id AND d.id = ANY ($1::bigint[])
"""


async def _over(batch: int) -> list[int]:
    return [row["id"] for row in await db.fetch(_OVER, batch)]


@db.retried
async def _close(ids: Sequence[int]) -> Done:
    """Plans and bills are locked with their cases, so that none is resumed, or owed again, meanwhile. None is waited for."""
    async with db.transaction():
        over = await db.fetch(_LOCK_OVER, list(ids))
        if not over:
            return Done()
        await db.execute(_CLOSE, [row["id"] for row in over], clock.now())
        fees = await dunning_fees.daily([row for row in over if row["bill_state"] == "paid"])
        free = [row for row in over if row["suspended_at"] is not None and row["bill_state"] != "written_off"]
        await _resume([row["plan_id"] for row in free])
        return Done(closed=len(over), fees=fees, claimed=len(over))


_REOPEN = """
UPDATE dunning_case SET state = 'open', ended_at = NULL, next_at = $2, grace_over_at = NULL, suspended_at = NULL
WHERE bill_id = $1 AND state = 'paid'
"""


async def reopen(bill_id: int) -> None:
    """A locked bill was not paid after all: if its case is over already it goes on, by the clock's next tick, where its rules are by
    now; a fee is not issued again. Part of the caller's transaction."""
    await db.execute(_REOPEN, bill_id, clock.now())


_DUE = "SELECT id FROM dunning_case WHERE state = 'open' AND next_at <= $1 ORDER BY next_at, id LIMIT $2"
_CLAIM = """
SELECT d.id, d.plan_id, d.bill_id, d.opened_on, d.retry_days::text AS retry_days, d.grace_days, d.suspends, d.fee_kind, d.fee_fen, d.fee_ppm,
       d.fee_consent, d.fee_bill_no, d.grace_over_at
FROM dunning_case d WHERE d.id = ANY ($1::bigint[]) AND d.state = 'open' AND d.next_at <= $2 ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED
"""


async def _due(batch: int) -> list[int]:
    return [row["id"] for row in await db.fetch(_DUE, clock.now(), batch)]


@dataclass(frozen=True, slots=True)
class _Case:
    """A claimed case and its locked bill; None: somebody else has the bill."""

    id: int
    plan_id: int
    opened_on: date
    rules: dunning_policies.Rules
    fee_bill_no: str | None
    grace_over_at: datetime | None
    bill: bills.Bill | None

    @property
    def owes_a_fee(self) -> bool:
        return self.rules.fee_kind == "fixed" and self.fee_bill_no is None

    @property
    def is_beyond_grace(self) -> bool:
        ends_at = clock.start_of(self.opened_on + timedelta(days=self.rules.grace_days))
        return self.grace_over_at is None and ends_at <= clock.now()


@db.retried
async def _act_on(ids: Sequence[int]) -> Done:
    async with db.transaction():
        cases = await _claim(ids)
        free = [case for case in cases if case.bill is not None and _may_be_tried(case.bill)]
        paid = await _try(free)
        still = [case for case in free if case.bill is not None and case.bill.id not in paid]
        beyond = [case for case in still if case.is_beyond_grace]
        suspended, busy = await _suspend([case for case in beyond if case.rules.suspends])
        beyond = [case for case in beyond if case not in busy]
        fees = await dunning_fees.fixed(
            [(case.id, case.bill, case.rules) for case in beyond if case.bill is not None and case.owes_a_fee]
        )  # fmt: skip
        await _go_on([case for case in free if case not in busy], beyond)
        await _postpone([case for case in cases if case not in free or case in busy])
        return Done(tried=len(free), paid=len(paid), suspended=suspended, fees=fees, claimed=len(cases))


_BILLS = f"""
SELECT {bills.COLUMNS} FROM bill WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""


async def _claim(ids: Sequence[int]) -> list[_Case]:
    """Cases come after bills in the order of locks, so nothing is waited for here: who holds a bill gives it free soon."""
    rows = await db.fetch(_CLAIM, list(ids), clock.now())
    found = {row["id"]: bills.Bill(*row) for row in await db.fetch(_BILLS, [row["bill_id"] for row in rows])}
    return [
        _Case(
            row["id"], row["plan_id"], row["opened_on"], _rules(row), row["fee_bill_no"], row["grace_over_at"],
            found.get(row["bill_id"]),
        )
        for row in rows
    ]  # fmt: skip


def _rules(row: Mapping[str, Any]) -> dunning_policies.Rules:
    return dunning_policies.Rules(
        tuple(json.loads(row["retry_days"])), False, row["grace_days"], row["suspends"], row["fee_kind"], row["fee_fen"],
        row["fee_ppm"], row["fee_consent"],
    )  # fmt: skip


def _may_be_tried(bill: bills.Bill) -> bool:
    """Not while a payment or a review of it is under way, nor while it is paid in instalments, which have days of their own."""
    return bill.state in bills.OWED and bill.pending_no is None and bill.collect_mode != "instalments"


async def _try(cases: Sequence[_Case]) -> set[int]:
    """Takes what may be taken unasked. Returns the bills that are paid, or under review, now."""
    owed = [case.bill for case in cases if case.bill is not None and case.bill.automatic]
    if not owed:
        return set()
    collected = await collecting.collect(owed, operator="clock", matched_by="due_date")
    return {one.bill.id for one in collected if one.is_settled or one.bill.under_review}


_RUNNING = "SELECT id, state FROM plan WHERE id = ANY ($1::bigint[]) AND state IN ('active', 'paused')"
_FREE = f"{_RUNNING} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
_SUSPENDED = "UPDATE dunning_case SET suspended_at = $2 WHERE id = ANY ($1::bigint[])"
_STILL_SUSPENDED = """
SELECT plan_id FROM dunning_case WHERE plan_id = ANY ($1::bigint[]) AND state = 'open' AND suspended_at IS NOT NULL
"""


async def _suspend(cases: Sequence[_Case]) -> tuple[int, list[_Case]]:
    """Suspends the plans of these cases that run; a plan that is suspended for another case is from now on so for this one too, and one
    that its customer has paused will be when that pause is to end (``plan_pauses``). Returns how many plans, and the cases whose plan
    somebody holds."""
    if not cases:
        return 0, []
    plan_ids = [case.plan_id for case in cases]
    running = {row["id"] for row in await db.fetch(_RUNNING, plan_ids)}
    free = {row["id"]: row["state"] for row in await db.fetch(_FREE, plan_ids)}
    active = sorted(plan_id for plan_id, state in free.items() if state == "active")
    already = {row["plan_id"] for row in await db.fetch(_STILL_SUSPENDED, plan_ids)}
    for plan_id in active:
        await plan_pauses.suspend(plan_id)
    await db.execute(
        _SUSPENDED, [case.id for case in cases if case.plan_id in {*active} | already], clock.now()
    )
    return len(active), [case for case in cases if case.plan_id in running - free.keys()]


async def _resume(plan_ids: Sequence[int]) -> None:
    """Lets plans go on that were suspended for what is paid now, unless another case keeps them suspended."""
    still = {row["plan_id"] for row in await db.fetch(_STILL_SUSPENDED, list(plan_ids))}
    for plan_id in sorted({*plan_ids} - still):
        await plan_pauses.end_suspension(plan_id)


_GO_ON = """
UPDATE dunning_case d SET tries = d.tries + 1, next_at = n.at, grace_over_at = coalesce(d.grace_over_at, CASE WHEN n.beyond THEN $4::timestamptz END)
FROM unnest($1::bigint[], $2::timestamptz[], $3::boolean[]) AS n (id, at, beyond) WHERE d.id = n.id
"""
_POSTPONE = "UPDATE dunning_case SET next_at = $2 WHERE id = ANY ($1::bigint[])"


async def _go_on(cases: Sequence[_Case], beyond: Sequence[_Case]) -> None:
    await db.execute(
        _GO_ON,
        [case.id for case in cases],
        [_next_at(case.opened_on, case.rules.acting_days) for case in cases],
        [case in beyond for case in cases],
        clock.now(),
    )


async def _postpone(cases: Sequence[_Case]) -> None:
    if cases:
        await db.execute(_POSTPONE, [case.id for case in cases], clock.now() + _POSTPONED)


async def _set_aside(case_id: int, error: BaseException) -> Done:
    """What fails alone is tried again tomorrow, and the shop's people are told."""
    async with db.transaction():
        await db.execute(_POSTPONE, [case_id], clock.start_of(clock.today() + timedelta(days=1)))
        await _stuck(case_id, error)
    return Done(claimed=1)


async def _stuck(case_id: int, error: BaseException) -> Done:
    """The shop's people are told of a case that fails alone. It was not claimed."""
    params = {"case_id": case_id, "reason": halving.reason(error)}
    await staff_alerts.raise_once("dunning_stuck", str(case_id), params)
    return Done()
