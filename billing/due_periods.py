"""Due periods: claimed in sets, and what becomes of each. The rules of a due run; ``deductions`` runs it.

All of it in the caller's transaction, whose row locks are the lease: a batch is one transaction, so nothing outlives it. Who dies or is
cut off leaves nothing; a worker that is frozen loses its session, and with it the batch (``app.database``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from billing import (
    abnormal,
    bills,
    collecting,
    due_runs,
    dunning,
    dunning_policies,
    horizon,
    plan_rows,
)
from core import clock, db, ids
from notifications import outbox


class Period(NamedTuple):
    """A claimed period and what it costs; 0: a plan by use of which nothing was used."""

    id: int
    plan_id: int
    customer_id: int
    name: str
    amount_fen: int
    period_no: int
    due_on: date

    @property
    def source(self) -> str:
        return f"plan:{self.plan_id}:{self.period_no}"


class Outcome(NamedTuple):
    """What became of a period. ``taken_fen`` came from the balance, or was drawn on credit."""

    period: Period
    state: str
    taken_fen: int


class Taken(NamedTuple):
    """A claimed set: how many of it were plain and are charged, and for how much; what became of the others."""

    charged: int
    charged_fen: int
    others: list[Outcome]


_COLUMNS = f"o.id, o.plan_id, p.customer_id, p.name, coalesce(o.amount_fen, {plan_rows.BY_USE}), o.period_no, o.due_on"
_IN_TURN = f"AND NOT (p.catch_up = 'latest' AND p.state = 'active' AND p.next_due_on <= $1) AND NOT ({horizon.MISSED})"
"""A plan that catches up with its latest period waits until the horizon has made all that are due."""
_TAKEN_NOW = f"{due_runs.NEXT} {_IN_TURN}"
_TAKEN_OF = f"{due_runs.DUE} {_IN_TURN} AND p.customer_id = ANY ($2::bigint[])"
_LOCKED = "FOR NO KEY UPDATE OF p, o SKIP LOCKED"
_IN_ORDER = f"{due_runs.FIRST}, o.period_no"
_CLAIM = f"SELECT {_COLUMNS} {_TAKEN_NOW} AND {due_runs.MAY_GO_ON} {_IN_ORDER} LIMIT $3 {_LOCKED}"
_CLAIM_THESE = f"SELECT {_COLUMNS} {_TAKEN_NOW} AND {due_runs.MAY_GO_ON} AND o.id = ANY ($3::bigint[]) {_IN_ORDER} {_LOCKED}"
_WOULD_BE_CLAIMED = f"SELECT o.id {_TAKEN_NOW} AND {due_runs.MAY_GO_ON} {_IN_ORDER} LIMIT $3"


_CLAIM_OF = f"""
SELECT {_COLUMNS} {_TAKEN_OF} AND ($3::bigint[] IS NULL OR o.id = ANY ($3)) {_IN_ORDER} {_LOCKED}
"""
_IDS_OF = f"SELECT o.id {_TAKEN_OF} {_IN_ORDER}"


async def claim(run_id: int, most: int) -> list[Period]:
    """Locks the next periods that are due, with their plans, the longest due first; what others hold is left to them. None, when the run
    is paused or aborted."""
    return [Period(*row) for row in await db.fetch(_CLAIM, clock.today(), run_id, most)]


async def claim_these(run_id: int, period_ids: Sequence[int]) -> list[Period]:
    """The same of these periods only."""
    rows = await db.fetch(_CLAIM_THESE, clock.today(), run_id, list(period_ids))
    return [Period(*row) for row in rows]


async def next_ids(run_id: int, most: int) -> list[int]:
    """The ids of the next periods, whoever holds them: to go on with where a claim itself fails."""
    rows = await db.fetch(_WOULD_BE_CLAIMED, clock.today(), run_id, most)
    return [row["id"] for row in rows]


async def claim_of(
    day: date, customer_ids: Sequence[int], *, only: Sequence[int] | None = None
) -> list[Period]:
    """Locks what is due of these customers by a day, in order, or ``only`` these periods of it, whether or not a run may go on."""
    rows = await db.fetch(_CLAIM_OF, day, list(customer_ids), None if only is None else list(only))
    return [Period(*row) for row in rows]


async def ids_of(day: date, customer_ids: Sequence[int]) -> list[int]:
    """The ids of what is due of these customers by a day, whoever holds it."""
    return [row["id"] for row in await db.fetch(_IDS_OF, day, list(customer_ids))]


async def take(claimed: Sequence[Period]) -> list[Outcome]:
    """Takes claimed periods from their customers' balances: issues the bills, moves the money, ends the periods, opens cases for what is
    owed, queues receipts and reminders. Answers what became of each."""
    used = [period for period in claimed if period.amount_fen]
    charged = set() if await abnormal.active() else await _charge_plain(used)
    others = [period for period in claimed if not period.amount_fen]
    others += [period for number, period in enumerate(used, 1) if number not in charged]
    return [
        *(Outcome(used[number - 1], "charged", used[number - 1].amount_fen) for number in sorted(charged)),
        *await _take_others(others),
    ]


async def take_next(run_id: int, most: int) -> Taken | None:
    """Claims the next periods, as ``claim`` does, and takes them, as ``take`` does. None: there are none, or the run is paused or aborted."""
    if await abnormal.active():
        claimed = await claim(run_id, most)
        return Taken(0, 0, await take(claimed)) if claimed else None
    claimed_fen, claimed_count, was_tried, others = await _charge_next(run_id, most)
    if not claimed_count:
        return None
    if not was_tried:
        return Taken(0, 0, await take(others))
    others_fen = sum(period.amount_fen or 0 for period in others)
    return Taken(claimed_count - len(others), claimed_fen - others_fen, await _take_others(others))


async def _take_others(periods: Sequence[Period]) -> list[Outcome]:
    unused = [period for period in periods if not period.amount_fen]
    await _waive(unused)
    return [
        *(Outcome(period, "waived", 0) for period in unused),
        *await _charge_or_owe([period for period in periods if period.amount_fen]),
    ]


_WAIVE = """
UPDATE plan_period SET state = 'waived', reason = 'not_used', amount_fen = 0, ended_at = $2 WHERE id = ANY ($1::bigint[])
"""


async def _waive(unused: Sequence[Period]) -> None:
    if unused:
        await db.execute(_WAIVE, [period.id for period in unused], clock.now())


_CHARGE_PLAIN = "SELECT ARRAY(SELECT plans_charge($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))"


async def _charge_plain(due: Sequence[Period]) -> set[int]:
    """Charges those whose balance covers the period and raises no alert, in one statement (``plans_charge.sql``). Returns which,
    counted from 1; the others it leaves as they were."""
    now = clock.now()
    days = {day: number for number, day in enumerate({period.due_on for period in due}, 1)}
    charged = await db.fetchval(
        _CHARGE_PLAIN,
        now,
        now.isoformat(),
        [period.id for period in due],
        [period.plan_id for period in due],
        [period.customer_id for period in due],
        [period.period_no for period in due],
        [clock.start_of(day) for day in days],
        [days[period.due_on] for period in due],
        ids.new_run_of_nos("B", len(due)),
        [period.name for period in due],
        [period.amount_fen for period in due],
    )
    return set(charged)


_DAYS = 31
"""So many days, today the last of them, are told to ``_CHARGE_NEXT`` as instants at which they begin. It charges nothing of a set in which
something was due before: what a customer owes longest is taken first."""
_CHARGE_NEXT = f"""
WITH claimed (id, plan_id, customer_id, name, amount_fen, period_no, due_on) AS MATERIALIZED ({_CLAIM}), due AS MATERIALIZED (
    SELECT array_agg(id) AS ids, array_agg(plan_id) AS plans, array_agg(customer_id) AS customers, array_agg(name) AS names,
           array_agg(amount_fen) AS amounts, array_agg(period_no) AS period_nos, array_agg(due_on) AS due_ons
    FROM claimed WHERE amount_fen > 0 HAVING min(due_on) >= $6
), left_over AS MATERIALIZED (
    SELECT n FROM due, generate_series(1, cardinality(due.ids)) n
    EXCEPT SELECT plans_charge($4, $5, ids, plans, customers, period_nos, $7, ARRAY(SELECT day - $6 + 1 FROM unnest(due_ons) day), $8,
                               names, amounts) FROM due
), others AS (
    SELECT ids[n] AS id, plans[n] AS plan_id, customers[n] AS customer_id, names[n] AS name, amounts[n] AS amount_fen,
           period_nos[n] AS period_no, due_ons[n] AS due_on
    FROM left_over, due
    UNION ALL SELECT * FROM claimed WHERE (amount_fen > 0) IS NOT TRUE OR NOT EXISTS (SELECT FROM due)
)
SELECT whole.*, others.*
FROM (SELECT coalesce(sum(amount_fen), 0)::bigint, count(*), EXISTS (SELECT FROM due) FROM claimed) whole LEFT JOIN others ON true
ORDER BY due_on, plan_id, period_no
"""
"""It charges because ``others`` is read to its end."""


async def _charge_next(run_id: int, most: int) -> tuple[int, int, bool, list[Period]]:
    """Claims and charges what is plain in one statement; of what it charges nothing comes here. Returns what all claimed cost, how many
    they are, whether any was tried, and those it left as they were, in order."""
    now = clock.now()
    today = clock.day_of(now)
    first = today - timedelta(days=_DAYS - 1)
    rows = await db.fetch(
        _CHARGE_NEXT,
        today,
        run_id,
        most,
        now,
        now.isoformat(),
        first,
        [clock.start_of(first + timedelta(days=n)) for n in range(_DAYS)],
        ids.new_run_of_nos("B", most),
    )
    claimed_fen, claimed_count, was_tried = rows[0][:3]
    others = [Period(*row[3:]) for row in rows if row[3] is not None]
    return claimed_fen, claimed_count, was_tried, others


async def _charge_or_owe(due: Sequence[Period]) -> list[Outcome]:
    """The way that knows every rule: bills are issued and collected, what cannot be collected is owed."""
    if not due:
        return []
    rules = await _rules(due)
    issued = await bills.issue(
        [
            bills.NewBill(
                period.customer_id,
                period.name,
                period.source,
                period.amount_fen,
                clock.start_of(period.due_on),
                collect_mode="partial" if rules[period.plan_id].partial else "full",
                automatic=True,
            )
            for period in due
        ]
    )
    await _owe(due, issued)
    collected = await collecting.collect(issued, operator="clock", matched_by="due_date")
    missed = [(period, one.bill) for period, one in zip(due, collected, strict=True) if not one.is_settled]
    await _under_review([bill for _, bill in missed if bill.under_review])
    await dunning.open_for({bill.id: (period.plan_id, rules[period.plan_id]) for period, bill in missed})
    await _remind([bill for _, bill in missed if not bill.under_review])
    return [Outcome(period, _state(one), one.taken_fen) for period, one in zip(due, collected, strict=True)]


async def _rules(due: Sequence[Period]) -> Mapping[int, dunning_policies.Rules]:
    plan_ids = {period.plan_id for period in due}
    return dict.fromkeys(plan_ids, dunning_policies.of_the_shop()) | await dunning_policies.of_plans(
        sorted(plan_ids)
    )


def _state(one: collecting.Collected) -> str:
    if one.is_settled:
        return "charged"
    return "partly" if one.taken_fen else "owed"


_OWE = """
UPDATE plan_period SET state = 'owed', reason = 'short', bill_id = due.bill_id, amount_fen = due.amount_fen
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS due (period_id, bill_id, amount_fen) WHERE plan_period.id = due.period_id
"""
_UNDER_REVIEW = "UPDATE plan_period SET reason = 'under_review' WHERE bill_id = ANY ($1::bigint[])"


async def _owe(due: Sequence[Period], issued: Sequence[bills.Bill]) -> None:
    await db.execute(
        _OWE,
        [period.id for period in due],
        [bill.id for bill in issued],
        [period.amount_fen for period in due],
    )


async def _under_review(checked: Sequence[bills.Bill]) -> None:
    if checked:
        await db.execute(_UNDER_REVIEW, [bill.id for bill in checked])


async def _remind(missed: Sequence[bills.Bill]) -> None:
    await outbox.tell(
        [
            outbox.Message(
                bill.customer_id,
                "payment_due",
                f"payment_due:{bill.bill_no}",
                {
                    "title": bill.title,
                    "bill_no": bill.bill_no,
                    "amount_fen": bill.owed_fen,
                    "at": bill.due_at,
                },
            )
            for bill in missed
        ]
    )
