"""Tables of rates 费率表: what a channel keeps of a payment, or what somebody gets of a paid bill, by amount and day.

A table's lines in force on a day are those of the narrowest ``applies_to`` that has any; of two for the same amounts the one that
began later counts. An amount is charged by the line with the highest ``above_fen`` below it:

    rate: amount × rate_ppm / 1,000,000, half up to a fen, plus fixed_fen, at least min_fen, at most max_fen

Lines are never edited: one is ended, and another begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core import clock, db, errors, money
from ledger import idempotency

Charge = Literal["channel", "commission"]


class NoSuchRate(errors.NotFound):
    """There is no line of this id in the tables of rates."""

    code = "no_such_rate"


class RateNotUsable(errors.Invalid):
    """A line charges something, no more than the books hold, and does not end before it begins."""

    code = "rate_not_usable"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Terms:
    """What a new line says. ``rate_ppm``: millionths of the amount, 6000 are 6 per mille."""

    charge: Charge
    party: str
    applies_to: str | None
    above_fen: int
    rate_ppm: int
    fixed_fen: int
    min_fen: int
    max_fen: int | None
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True)
class Rate(Terms):
    """One line of a table."""

    id: int
    created_by: str
    ended_by: str | None = None

    def of(self, amount_fen: int) -> int:
        """What it charges, in fen."""
        charged_fen = (amount_fen * self.rate_ppm + 500_000) // 1_000_000 + self.fixed_fen
        charged_fen = max(charged_fen, self.min_fen)
        return charged_fen if self.max_fen is None else min(charged_fen, self.max_fen)


def proportion_in_sql(amount: str, rate: str) -> str:
    """What ``Rate.of`` charges in proportion, as SQL over an amount and a row with ``rate_ppm``. The whole millions apart: no product
    is too large for a bigint."""
    return (
        f"({amount} / 1000000 * {rate}.rate_ppm + ({amount} % 1000000 * {rate}.rate_ppm + 500000) / 1000000)"
    )


def charged_in_sql(amount: str, rate: str) -> str:
    """``Rate.of`` as SQL."""
    return f"least(greatest({proportion_in_sql(amount, rate)} + {rate}.fixed_fen, {rate}.min_fen), {rate}.max_fen)"


_COLUMNS = "charge, party, applies_to, above_fen, rate_ppm, fixed_fen, min_fen, max_fen, from_on, until_on, id, created_by, ended_by"
_ADD = """
INSERT INTO fee_rule (charge, party, applies_to, above_fen, rate_ppm, fixed_fen, min_fen, max_fen, from_on, until_on, created_by,
                      created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id
"""


async def add(operator_id: int, terms: Terms, *, key: str) -> Rate:
    """Writes a line into a table.

    Raises:
        RateNotUsable, KeyReused.
    """
    largest_fen = max(terms.above_fen, terms.fixed_fen, terms.min_fen, terms.max_fen or 0)
    if (
        not (terms.rate_ppm or terms.fixed_fen or terms.min_fen or terms.max_fen == 0)
        or largest_fen > money.MAX_FEN
        or (terms.max_fen is not None and terms.max_fen < terms.min_fen)
        or (terms.until_on is not None and terms.until_on < terms.from_on)
    ):
        raise RateNotUsable

    async def act() -> str:
        made = await db.fetchval(
            _ADD, terms.charge, terms.party, terms.applies_to, terms.above_fen, terms.rate_ppm, terms.fixed_fen,
            terms.min_fen, terms.max_fen, terms.from_on, terms.until_on, f"operator:{operator_id}", clock.now(),
        )  # fmt: skip
        return str(made)

    content = {name: getattr(terms, name) for name in Terms.__slots__}
    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="rates.add", key=key, content=content, act=act
    )
    return await get(int(made))


_END = """
UPDATE fee_rule SET until_on = $2, ended_by = $3 WHERE id = $1 AND (until_on IS NULL OR until_on > $2)
"""


async def end(operator_id: int, rate_id: int, *, until_on: date, key: str) -> Rate:
    """Ends a line with a day, the last one it counts on; one that ends before stays as it is.

    Raises:
        NoSuchRate, KeyReused,
        RateNotUsable: it begins later.
    """
    who = f"operator:{operator_id}"

    async def act() -> int:
        found = await get(rate_id)
        if until_on < found.from_on:
            raise RateNotUsable
        await db.execute(_END, rate_id, until_on, who)
        return rate_id

    content = {"rate_id": rate_id, "until_on": until_on}
    await idempotency.alone(caller=who, operation="rates.end", key=key, content=content, act=act)
    return await get(rate_id)


_GET = f"SELECT {_COLUMNS} FROM fee_rule WHERE id = $1"


async def get(rate_id: int) -> Rate:
    """One line.

    Raises:
        NoSuchRate
    """
    row = await db.fetchrow(_GET, rate_id)
    if row is None:
        raise NoSuchRate(rate_id=rate_id)
    return Rate(*row)


_PAGE = f"""
SELECT {_COLUMNS} FROM fee_rule WHERE id < $1 AND charge = $2 AND ($3::text IS NULL OR party = $3) ORDER BY id DESC LIMIT $4
"""


async def page(
    charge: Charge, *, party: str | None = None, before: int | None = None, limit: int = 20
) -> list[Rate]:
    """Lines of the tables, the newest first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, charge, party, limit)
    return [Rate(*row) for row in rows]


_IN_FORCE = f"""
SELECT DISTINCT ON (party, applies_to, above_fen) {_COLUMNS} FROM fee_rule
WHERE charge = $1 AND ($2::text IS NULL OR party = $2) AND from_on <= $4 AND (until_on IS NULL OR until_on >= $3)
ORDER BY party, applies_to, above_fen, from_on DESC, id DESC
"""
_ALL_IN_FORCE = f"""
SELECT {_COLUMNS} FROM fee_rule
WHERE charge = $1 AND ($2::text IS NULL OR party = $2) AND from_on <= $4 AND (until_on IS NULL OR until_on >= $3)
ORDER BY party, from_on, id
"""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A line with the amounts it is for: above ``low_fen`` up to ``high_fen``, both of ``applies_to`` (None: whatever has no lines of
    its own)."""

    applies_to: str | None
    low_fen: int
    high_fen: int
    rate: Rate


async def brackets(charge: Charge, party: str, day: date) -> list[Bracket]:
    """A party's lines in force on a day, with the amounts each is for."""
    return cut(await _in_force(charge, party, day))


async def _in_force(charge: Charge, party: str, day: date) -> list[Rate]:
    return [Rate(*row) for row in await db.fetch(_IN_FORCE, charge, party, day, day)]


async def within(charge: Charge, from_on: date, to_on: date, *, party: str | None = None) -> list[Rate]:
    """All lines in force on some day of a period."""
    return [Rate(*row) for row in await db.fetch(_ALL_IN_FORCE, charge, party, from_on, to_on)]


def on(rates: Sequence[Rate], day: date) -> list[Rate]:
    """Of one party's lines those in force on a day, one for each place and bracket."""
    chosen: dict[tuple[str | None, int], Rate] = {}
    for rate in sorted(rates, key=lambda one: (one.from_on, one.id)):
        if rate.from_on <= day and (rate.until_on is None or day <= rate.until_on):
            chosen[rate.applies_to, rate.above_fen] = rate
    return list(chosen.values())


def cut(rates: Sequence[Rate]) -> list[Bracket]:
    """Lines in force, with the amounts each is for."""
    found = []
    for place in {rate.applies_to for rate in rates}:
        lines = sorted((rate for rate in rates if rate.applies_to == place), key=lambda rate: rate.above_fen)
        ends = [line.above_fen for line in lines[1:]] + [money.MAX_FEN]
        found += [Bracket(place, line.above_fen, end, line) for line, end in zip(lines, ends, strict=True)]
    return found


def charged(brackets: Sequence[Bracket], applies_to: str | None, amount_fen: int) -> int | None:
    """What these lines charge for an amount; None: no line is for it."""
    own = [one for one in brackets if one.applies_to is not None and one.applies_to == applies_to]
    for bracket in own or [one for one in brackets if one.applies_to is None]:
        if bracket.low_fen < amount_fen <= bracket.high_fen:
            return bracket.rate.of(amount_fen)
    return None


def days(from_on: date, to_on: date) -> list[date]:
    """All days of a period."""
    return [from_on + timedelta(days=n) for n in range((to_on - from_on).days + 1)]
