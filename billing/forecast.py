"""Forecast 「还能用 23 天」: how long the balance lasts, from what is owed, what plans will take, and how the customer lately spends.

The balance is what is available now, without credit. Plans and bills count on the very days they fall due; habit is what was
spent a day over up to ``WINDOW`` days apart from plans, each deduction counted as at most ``CAP`` times the median one, so that
one big order does not shorten the forecast by months. Days are the shop's; the arithmetic is in whole fen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from billing import parts, plan_rows, plans_ahead
from core import clock, db
from ledger import accounts, habits

HORIZON = 365
"""So many days ahead are looked at."""
WINDOW = 60
LEAST_WINDOW = 7
"""A habit is spread over at least so many days, however new the customer."""
CAP = 3
SHORT_DAYS, SHORT_DEDUCTIONS = 14, 3
"""A habit known for fewer days, or from fewer deductions, is an early guess."""

Kind = Literal["plan", "bill", "habit"]
NoSuchAccount = accounts.NoSuchAccount


@dataclass(frozen=True, slots=True)
class Due:
    """An amount that falls due on a day; overdue ones are due today."""

    kind: Kind
    title: str
    amount_fen: int
    on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What a forecast is made from. ``spent_fen`` are single deductions of the last ``known_days``, without plans'."""

    available_fen: int
    today: date
    dues: Sequence[Due]
    spent_fen: Sequence[int]
    known_days: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing takes until the balance runs out (or over the days that are looked at)."""

    kind: Kind
    title: str
    times: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """``days`` are covered in full, and on ``runs_out_on`` the balance is not enough any more; None: it lasts longer than
    ``horizon_days``, for ever where nothing is spent. ``is_early``: little is known of the customer's habit yet."""

    available_fen: int
    days: int | None
    runs_out_on: date | None
    horizon_days: int
    per_day_fen: int
    parts: tuple[Part, ...]
    is_early: bool

    @property
    def spends(self) -> bool:
        """Whether anything will be spent at all, as far as can be seen."""
        return bool(self.parts)


def forecast(facts: Facts) -> Forecast:
    """How long the balance lasts. More balance never runs out earlier, more to pay never later."""
    habit_fen = _winsorized(facts.spent_fen)
    over_days = max(facts.known_days, LEAST_WINDOW)
    dues = sorted(
        (due for due in facts.dues if due.on <= facts.today + timedelta(days=HORIZON)), key=lambda due: due.on
    )
    days = _covered(facts, dues, habit_fen, over_days)
    seen_days = HORIZON if days is None else days
    runs_out_on = None if days is None else facts.today + timedelta(days=days)
    return Forecast(
        facts.available_fen,
        days,
        runs_out_on,
        HORIZON,
        habit_fen // over_days,
        _parts(facts.today + timedelta(days=seen_days), dues, habit_fen * seen_days // over_days, seen_days),
        facts.known_days < SHORT_DAYS or len(facts.spent_fen) < SHORT_DEDUCTIONS,
    )


def _winsorized(spent_fen: Sequence[int]) -> int:
    """The sum, each amount counted as at most ``CAP`` times the median of them."""
    if not spent_fen:
        return 0
    most_fen = CAP * sorted(spent_fen)[len(spent_fen) // 2]
    return sum(min(amount, most_fen) for amount in spent_fen)


def _covered(facts: Facts, dues: Sequence[Due], habit_fen: int, over_days: int) -> int | None:
    left_fen, following = facts.available_fen, 0
    for day in range(HORIZON + 1):
        while following < len(dues) and dues[following].on <= facts.today + timedelta(days=day):
            left_fen -= dues[following].amount_fen
            following += 1
        if left_fen < habit_fen * day // over_days:
            return day
    return None


def _parts(until: date, dues: Iterable[Due], habit_fen: int, days: int) -> tuple[Part, ...]:
    found: dict[tuple[Kind, str], list[int]] = {}
    for due in dues:
        if due.on <= until:
            found.setdefault((due.kind, due.title), []).append(due.amount_fen)
    made = [Part(kind, title, len(amounts), sum(amounts)) for (kind, title), amounts in found.items()]
    return (*made, Part("habit", "", days, habit_fen)) if habit_fen else tuple(made)


async def of(customer_id: int) -> Forecast:
    """The customer's forecast as of now.

    Raises:
        NoSuchAccount: the customer has no account.
    """
    found = await of_many([customer_id])
    if customer_id not in found:
        raise NoSuchAccount
    return found[customer_id]


async def ahead(customer_id: int) -> list[Due]:
    """What is owed and what will be taken over the ``HORIZON``, the nearest first."""
    found = (await _dues([customer_id], clock.today()))[customer_id]
    return sorted(found, key=lambda due: (due.on, due.title))


async def of_many(customer_ids: Sequence[int]) -> dict[int, Forecast]:
    """The forecasts of these customers, in a handful of statements however many they are."""
    today = clock.today()
    codes = {accounts.of_customer(number): number for number in customer_ids}
    balances = {codes[code]: balance for code, balance in (await accounts.balances(list(codes))).items()}
    dues = await _dues(list(balances), today)
    spent = await _spent({code: number for code, number in codes.items() if number in balances}, today)
    return {
        number: forecast(Facts(balance.available_fen, today, dues[number], *spent[number]))
        for number, balance in balances.items()
    }


_PERIODS = """
SELECT p.customer_id, p.name, o.amount_fen, o.due_on FROM plan p JOIN plan_period o ON o.plan_id = p.id
WHERE p.customer_id = ANY ($1::bigint[]) AND p.state <> 'paused' AND o.state = 'upcoming'
"""
_PLANS = f"""
SELECT name, {plan_rows.COLUMNS} FROM plan WHERE customer_id = ANY ($1::bigint[]) AND state = 'active' AND next_on IS NOT NULL
"""
Dues = Callable[[Sequence[int], date], Awaitable[list[tuple[int, str, int | None, date]]]]
SeenAhead = Callable[[Sequence[str]], Awaitable[Collection[str]]]
_ALSO: list[Dues] = []
_SEEN_AHEAD: list[tuple[str, SeenAhead]] = []


def also_count(dues: Dues, *, issuer: str, seen_ahead: SeenAhead) -> None:
    """What desks above know will be taken of these customers by a day counts as what plans take: customer, name, amount, day. Which of their
    bills, by their numbers at the ``issuer`` (``order:17`` is 17), were ``seen_ahead`` so, is no habit besides."""
    _ALSO.append(dues)
    _SEEN_AHEAD.append((f"{issuer}:", seen_ahead))


_BILLS = """
SELECT id, customer_id, title, listed_fen AS owed_fen, collect_mode, due_at FROM bill
WHERE customer_id = ANY ($1::bigint[]) AND listed_fen IS NOT NULL AND pending_no IS NULL
"""


async def _dues(customer_ids: Sequence[int], today: date) -> dict[int, list[Due]]:
    """What is owed and what plans will take; not what orders would cost that wait for their payment. A bill whose money is held already is
    left out: it is not available either."""
    found: dict[int, list[Due]] = {number: [] for number in customer_ids}
    last = today + timedelta(days=HORIZON)
    for customer_id, name, amount_fen, on in await _plan_dues(customer_ids, last):
        if amount_fen:
            found[customer_id].append(Due("plan", name, amount_fen, max(on, today)))
    bills = await db.fetch(_BILLS, list(customer_ids))
    in_parts = await parts.running([row["id"] for row in bills if row["collect_mode"] == "instalments"])
    for row in bills:
        own = in_parts.get(row["id"])
        dues = (
            [(part.owed_fen, part.due_on) for part in own if part.owed_fen]
            if own
            else [(row["owed_fen"], clock.day_of(row["due_at"]))]
        )
        found[row["customer_id"]] += [Due("bill", row["title"], fen, max(on, today)) for fen, on in dues]
    return found


async def _plan_dues(customer_ids: Sequence[int], last: date) -> list[tuple[int, str, int | None, date]]:
    """Customer, name, amount (None: use decides) and day of all periods ahead: those that have rows, and those after them."""
    found = [tuple(row) for row in await db.fetch(_PERIODS, list(customer_ids))]
    for name, *row in await db.fetch(_PLANS, list(customer_ids)):
        plan = plan_rows.of(row)
        ahead, _, _ = plans_ahead.until(plan.terms, plan.span, plan.price, plan.place, last)
        found += [(plan.customer_id, name, one.amount_fen, one.due_on) for one in ahead]
    for also in _ALSO:
        found += await also(customer_ids, last)
    return found


_PAID = """
SELECT p.transfer_reference, p.amount_fen - p.refunded_fen, b.source FROM bill_payment p JOIN bill b ON b.id = p.bill_id
WHERE p.transfer_reference = ANY ($1::text[]) AND p.refunded_fen < p.amount_fen
  AND b.source NOT LIKE 'plan:%' AND b.collect_mode <> 'instalments'
"""
_SINCE = "SELECT id, created_at FROM customer WHERE id = ANY ($1::bigint[])"


async def _spent(codes: Mapping[str, int], today: date) -> dict[int, tuple[list[int], int]]:
    """What single deductions of the window took and was not refunded, apart from what is seen ahead: plans, instalments, and what desks above
    say; and how many days are known."""
    begins_at = clock.start_of(today - timedelta(days=WINDOW - 1))
    moved = await habits.latest(list(codes), kinds=("bill_payment",), since=begins_at)
    references = [one.reference for movements in moved.values() for one in movements]
    paid = await db.fetch(_PAID, references)
    ahead = await _seen_ahead({row["source"] for row in paid})
    paid_fen = {row[0]: row[1] for row in paid if row["source"] not in ahead}
    since = {
        row["id"]: clock.day_of(row["created_at"]) for row in await db.fetch(_SINCE, list(codes.values()))
    }
    return {
        number: (
            [paid_fen[one.reference] for one in moved[code] if one.reference in paid_fen],
            min(WINDOW, (today - since[number]).days + 1),
        )
        for code, number in codes.items()
    }


async def _seen_ahead(sources: Collection[str]) -> set[str]:
    """Of what issued bills what desks above had counted ahead."""
    found: set[str] = set()
    for issuer, seen_ahead in _SEEN_AHEAD:
        numbers = [source.removeprefix(issuer) for source in sources if source.startswith(issuer)]
        if numbers:
            found |= {issuer + number for number in await seen_ahead(numbers)}
    return found
