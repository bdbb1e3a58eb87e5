"""A generated shop's days: what happens in them, that they come out the same each time, and what is refused."""

import json
import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, time, timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest

from app import database, simulate_lines
from core import clock
from notifications import policy
from reports import liability
from schedulers import jobs
from simulation import days, outside
from tests import factories

MONTH = days.Span(date(2027, 1, 1), date(2027, 1, 31))
SEED = 1
"""In whose January somebody is suspended and recovers."""


@asynccontextmanager
async def another(database_url):
    """A database like the test's own, which nobody is connected to: who empties it between tests connects again."""
    name, own = f"yucun_simulated_{secrets.token_hex(6)}", urlsplit(database_url).path[1:]
    server = await asyncpg.connect(urlsplit(database_url)._replace(path="/postgres").geturl())
    try:
        await server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", own)
        await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{own}"')
        url = urlsplit(database_url)._replace(path=f"/{name}").geturl()
        async with database.opened(url, pool_min=1, pool_max=10):
            yield
    finally:
        await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await server.close()


async def played(database_url, **wanted):
    said = []
    async with another(database_url):
        wish = simulate_lines.Wanted(**{"span": MONTH, "people": 24, "as_json": True, **wanted})
        assert await simulate_lines.play(wish, said.append), said[-1]
        owed = await liability.at()
    return [json.loads(line) for line in said], owed


async def test_a_month_has_all_that_happens_in_a_shop_and_the_same_seed_has_it_again(database_url):
    lines, owed = await played(database_url, seed=SEED)
    *each, total = lines
    assert [line["day"] for line in each] == [f"2027-01-{day:02d}" for day in range(1, 32)]
    for figure in ("topped_up_fen", "deducted_fen", "refunded_fen", "expired_fen", "other_fen"):
        assert total[figure] == sum(line[figure] for line in each), figure
    assert each[-1]["liability_fen"] == total["liability_fen"] == owed.total_fen
    before = 0
    for line in each:  # every change of what customers own is in its day; who regretted an order has it back
        moved = line["topped_up_fen"] + line["refunded_fen"] - line["deducted_fen"] - line["expired_fen"]
        assert line["liability_fen"] == before + moved + line["other_fen"], line
        before = line["liability_fen"]
    kinds = {"topped_up", "deducted", "deduction_ahead", "low_balance", "payment_due", "bill_overdue", "plan_suspended", "plan_resumed"}  # fmt: skip
    assert kinds <= total["messages"].keys(), kinds - total["messages"].keys()
    assert any(line["owed_fen"] for line in each) and total["violations"] == [] and total["jobs_failed"] == {}
    again, _ = await played(database_url, seed=SEED)
    assert again == lines


async def test_another_seed_is_another_shop(database_url):
    week = days.Span(date(2027, 1, 1), date(2027, 1, 7))
    (one, _), (other, _) = [
        await played(database_url, seed=seed, people=8, span=week) for seed in (SEED, SEED + 1)
    ]
    assert one[-1]["fingerprint"] != other[-1]["fingerprint"]


async def test_jobs_run_at_midnight_when_quiet_hours_end_and_after_customers_came_at_noon(db, monkeypatch):
    policy.use(policy.Policy(quiet_from=time(21, 30), quiet_until=time(8, 30)))
    seen, before, channels = [], clock.now(), outside.channels()[0]

    def at():
        return clock.now().astimezone(clock.zone())

    def noted(job):
        async def run():
            seen.append((job.id, at()))

        return replace(job, run=run)

    async def act():
        seen.append(("customers", at()))

    table = tuple(noted(job) for job in days._table(channels))
    monkeypatch.setattr(days, "_table", lambda _channels: table)
    total = await days.play(
        days.Span(date(2027, 2, 28), date(2027, 3, 1)), channels, told=lambda *_: None, act=act
    )
    assert total.days == 2 and total.is_well
    ids = [job.id for job in table if job.id not in days.LEFT_OUT]
    each = [job.id for job in table if job.id in ids and not job.alone]
    day = [(ids, time(0)), (each, time(8, 30)), (["customers", *each], time(12))]
    wanted = [(one, moment) for these, moment in day for one in these]
    for number, on in enumerate((date(2027, 2, 28), date(2027, 3, 1))):
        mine = seen[number * len(wanted) : (number + 1) * len(wanted)]
        assert [(one, instant.date(), instant.time()) for one, instant in mine] == [(one, on, moment) for one, moment in wanted]  # fmt: skip
    assert len(seen) == 2 * len(wanted)
    assert before <= clock.now() < before + timedelta(minutes=10)


def test_what_is_left_out_are_jobs_there_are():
    ids = {job.id for job in days._table(outside.channels()[0])}
    assert ids >= days.LEFT_OUT


async def test_the_books_of_later_days_are_not_gone_back_behind(db):
    await factories.customer(principal=1_000)
    today, channels = clock.today(), outside.channels()[0]
    with pytest.raises(days.BooksAreLater) as refused:
        await days.play(
            days.Span(today - timedelta(days=1), today), channels, told=lambda *_: pytest.fail("a day")
        )
    assert refused.value.params == {"day": today}
    assert clock.now().astimezone(clock.zone()).date() - today <= timedelta(days=1)


async def test_a_job_that_fails_is_told(db, monkeypatch):
    async def broken():
        raise RuntimeError("no luck")

    table = (jobs.Job("due_run", 60, broken),)
    monkeypatch.setattr(days, "_table", lambda _channels: table)
    day = days.Span(clock.today() + timedelta(days=1), clock.today() + timedelta(days=1))
    total = await days.play(day, outside.channels()[0], told=lambda *_: None)
    assert total.failures == {"due_run": 2} and not total.is_well


@pytest.mark.parametrize(
    ("first", "last", "refusal"),
    [
        ("2027-01-02", "2027-01-01", days.DaysReversed),
        ("1999-12-31", "2000-01-01", days.DaysOutOfRange),
        ("2099-12-31", "2100-01-01", days.DaysOutOfRange),
        ("2027-01-01", "2037-01-09", days.DaysOutOfRange),
    ],
)
def test_days_that_cannot_be_played_are_refused(first, last, refusal):
    with pytest.raises(refusal):
        days.Span(date.fromisoformat(first), date.fromisoformat(last)).check()
    days.Span(date(2027, 1, 1), date(2037, 1, 8)).check()
