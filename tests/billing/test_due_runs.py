"""What operators see of due runs and do about them: progress, pause, abort, dry runs, parked periods."""

import asyncio
import contextvars
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    bills,
    deductions,
    due_bills,
    due_dry_runs,
    due_periods,
    due_runs,
    dunning,
    parked_periods,
    plans,
    reminders,
    staff_alerts,
    terms,
)
from core import clock
from core import db as database
from ledger import accounts, posting
from notifications import outbox
from tests import factories
from tests.ledger import breaking

BY = "operator:1"


async def states():
    rows = await database.fetch("SELECT state FROM plan_period WHERE due_on <= $1 ORDER BY id", clock.today())
    return [row[0] for row in rows]


async def today():
    return await due_runs.get(clock.today())


async def shop(*balances, fen=900):
    """A customer for each balance, with a daily plan."""
    made = [await factories.customer(principal=balance) for balance in balances]
    return [(one, await factories.plan(one.id, fen, cycle="daily")) for one in made]


async def test_a_run_counts_what_became_of_each_period_and_is_finished(db):
    await shop(5_000, 5_000, 0)
    await deductions.run_due(batch=2)
    run = await today()
    assert (run.state, run.expected, run.claimed, run.left) == ("finished", 3, 3, 0)
    assert (run.charged, run.owed, run.amount_fen, run.batches) == (2, 1, 1_800, 2)
    await deductions.run_due()
    assert await due_runs.page() == [run], "a tick with nothing to do leaves it as it was"


async def test_what_falls_due_later_on_a_day_belongs_to_the_days_run(db):
    await shop(5_000)
    await deductions.run_due()
    await shop(5_000)
    await deductions.run_due()
    (run,) = await due_runs.page()
    assert (run.state, run.expected, run.claimed, run.charged) == ("finished", 2, 2, 2)


async def test_no_worker_begins_a_batch_while_the_run_is_paused_and_all_go_on_when_it_is_resumed(db):
    await shop(*[5_000] * 6)
    await deductions.run_due()
    clock.set_offset(timedelta(days=1))
    paused = await due_runs.pause(BY, reason="价格有误", key=factories.key())
    assert (paused.state, paused.changed_by, paused.reason) == ("paused", BY, "价格有误")
    assert await deductions.run_due() == deductions.DueRun()
    clock.set_offset(timedelta(days=2))
    runs = await asyncio.gather(*(deductions.run_due() for _ in range(3)))
    assert runs == [deductions.DueRun()] * 3, "another day is no way around it"
    assert [one.kind for one in await staff_alerts.page(is_open=True)] == ["due_run_paused"]
    resumed = await due_runs.resume(BY, key=factories.key())
    assert resumed.state == "running"
    assert (await deductions.run_due()).charged == 12
    assert await staff_alerts.page(is_open=True) == []
    assert [one.state for one in await due_runs.page()] == ["finished"] * 3


async def test_a_worker_obeys_before_its_next_batch(db, monkeypatch):
    await shop(*[5_000] * 5)
    really = due_runs.add

    async def and_then_paused(run_id, done):
        await really(run_id, done)
        await database.execute("UPDATE due_run SET state = 'paused' WHERE id = $1", run_id)

    monkeypatch.setattr(due_runs, "add", and_then_paused)
    assert (await deductions.run_due(batch=2)).charged == 2
    run = await today()
    assert (run.state, run.expected, run.claimed, run.left) == ("paused", 5, 2, 3)


async def test_an_aborted_run_is_over_for_its_day_and_the_rest_is_tomorrows(db):
    await shop(5_000)
    aborted = await due_runs.abort(BY, reason="今天停业", key=factories.key())
    assert aborted.state == "aborted" and aborted.ended_at is not None
    assert await deductions.run_due() == deductions.DueRun()
    with pytest.raises(due_runs.DueRunAborted):
        await due_runs.pause(BY, reason="x", key=factories.key())
    clock.set_offset(timedelta(days=1))
    assert (await deductions.run_due()).charged == 2
    with pytest.raises(due_runs.DueRunNotHeld):
        await due_runs.resume(BY, key=factories.key())


async def test_a_run_that_goes_on_beyond_midnight_obeys_too(db):
    await shop(*[5_000] * 3)
    run_id = await due_runs.begin()
    assert len(await due_periods.claim(run_id, 10)) == 3
    clock.set_offset(timedelta(days=1))
    await due_runs.pause(BY, reason="x", key=factories.key())
    assert await due_periods.claim(run_id, 10) == [] and await due_periods.take_next(run_id, 10) is None
    await due_runs.resume(BY, key=factories.key())
    assert await due_periods.claim(run_id, 10) != []
    await due_runs.abort(BY, reason="x", key=factories.key())
    assert await due_periods.claim(run_id, 10) == [] and await due_periods.take_next(run_id, 10) is None
    assert set(await states()) == {"upcoming"}, "nothing was taken"


async def test_what_was_aborted_today_may_be_resumed_today(db):
    await shop(5_000)
    await due_runs.abort(BY, reason="误按", key=factories.key())
    await due_runs.resume(BY, key=factories.key())
    assert (await deductions.run_due()).charged == 1


async def test_what_another_takes_while_a_worker_joins_is_expected_once(db, monkeypatch):
    await shop(*[5_000] * 3)
    run_id, really, another = await due_runs.begin(), database.execute, []

    async def meanwhile(sql, *args):
        if sql == due_runs._OVER and not another:  # what is due has been counted, the run is to be told
            another.append(asyncio.create_task(deductions._batch(run_id, 1), context=contextvars.Context()))
            assert (await another[0]).charged == 1
        return await really(sql, *args)

    monkeypatch.setattr(database, "execute", meanwhile)
    assert await due_runs.begin() == run_id
    assert ((await today()).expected, (await today()).left) == (3, 2)


_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


async def test_a_run_that_waits_for_an_account_judges_by_what_its_holder_left(db, caplog):
    ((spender, _), (other, _)) = await shop(1_000, 1_000)
    code = accounts.of_customer(spender.id)
    async with database.transaction():
        spent = posting.Transfer("s", "spend", [posting.debit(code, accounts.REVENUE, 500)], operator="t")
        await posting.post_one(spent)
        run = asyncio.create_task(deductions.run_due(), context=contextvars.Context())
        async with asyncio.timeout(30):
            while not await database.fetchval(_WAITING):
                await asyncio.sleep(0.01)
    assert ((await run).charged, (await today()).owed) == (1, 1)
    assert [await factories.balance(one.id) for one in (spender, other)] == [(500, 0), (100, 0)]
    assert "done again in halves" not in caplog.text, "it knew before it moved any money"


async def test_what_is_due_and_not_taken_in_a_pause_is_not_expected(db):
    await shop(*[5_000] * 5)
    first = "(SELECT min(id) FROM plan)"
    async with breaking.undone(
        f"UPDATE plan SET state = 'paused', paused_on = '{clock.today()}' WHERE id > {first} AND id < {first} + 3",
        f"UPDATE plan SET state = 'paused', paused_on = '{clock.today() + timedelta(days=1)}' WHERE id = {first} + 3",
        f"UPDATE plan_period SET units = 1 WHERE plan_id = {first} + 1",
    ):
        (taken,) = await database.fetchrow(f"SELECT count(*) {due_runs.DUE}", clock.today())
        expected, done = await database.fetchrow(due_runs._HOW_MANY, clock.today())
        assert (expected, done) == (taken, 0) and taken == 4, (
            "but for the one of two in a pause that was not used"
        )


async def test_workers_do_not_wait_for_one_another_to_count(db):
    await shop(*[5_000] * 4)
    run_id = await due_runs.begin()
    async with database.transaction():
        await due_runs.add(run_id, due_runs.Outcomes(charged=1, amount_fen=900))

        async def another():
            async with database.transaction():
                await database.execute("SET LOCAL lock_timeout = '5s'")
                await due_runs.add(run_id, due_runs.Outcomes(owed=2))

        await asyncio.create_task(another(), context=contextvars.Context())
        assert (await today()).owed == 2, "it was counted while the first had not ended"
    run = await today()
    assert (run.claimed, run.charged, run.owed, run.amount_fen, run.batches) == (3, 1, 2, 900, 2)


async def test_who_parks_at_once_sees_what_the_other_parked(db):
    terms.use(replace(terms.current(), due_run_parked_most=2))
    await shop(*[5_000] * 4)
    run_id = await due_runs.begin()
    counted = asyncio.Event()

    async def first():
        async with database.transaction():
            await due_runs.add(run_id, due_runs.Outcomes(parked=1))
            counted.set()
            for _ in range(100):
                if second.done() or await database.fetchval(_WAITING):
                    break
                await asyncio.sleep(0.02)

    async def another():
        await counted.wait()
        async with database.transaction():
            await due_runs.add(run_id, due_runs.Outcomes(parked=1))

    second = asyncio.create_task(another())
    await asyncio.gather(first(), second)
    run = await today()
    assert (run.state, run.parked, run.reason) == ("paused", 2, "2 × parked")


async def test_a_day_without_a_run_has_none(db):
    with pytest.raises(due_runs.NoSuchDueRun):
        await today()


async def poisoned(customer_id, plan_id):
    """Somebody billed this period by hand, under its own source: every try to issue its bill fails."""
    await factories.bill(customer_id, 5)
    await database.execute(
        "UPDATE bill SET source = 'plan:' || $1::bigint || ':0' WHERE source LIKE 'operator:%'", plan_id
    )


async def unpoisoned():
    await database.execute(
        "UPDATE bill SET source = 'operator:M1' WHERE source LIKE 'plan:%' AND amount_fen = 5"
    )


async def test_a_period_that_cannot_be_worked_on_is_parked_and_keeps_nobody_back(db):
    everyone = await shop(*[5_000] * 7)
    bad, plan = everyone[3]
    await poisoned(bad.id, plan.id)
    run = await deductions.run_due()
    assert (run.due, run.charged, run.parked) == (7, 6, 1)
    (parked,) = await parked_periods.page()
    assert (parked.customer_id, parked.plan_id, parked.period_no) == (bad.id, plan.id, 0)
    assert "bill_source" in parked.reason or "UniqueViolation" in parked.reason
    (alert,) = await staff_alerts.page(is_open=True)
    assert (alert.kind, alert.params["plan_id"]) == ("period_parked", plan.id)
    assert (await today()).parked == 1
    assert await deductions.run_due() == deductions.DueRun(), "it is left alone"

    await unpoisoned()
    assert await parked_periods.retry(BY, parked.id, key="retry-it-1") == parked.id
    assert await parked_periods.retry(BY, parked.id, key="retry-it-1") == parked.id
    with pytest.raises(parked_periods.PeriodNotParked):
        await parked_periods.retry(BY, parked.id, key=factories.key())
    assert (await deductions.run_due()).charged == 1
    assert await staff_alerts.page(is_open=True) == []
    assert (await today()).charged == 7


async def test_an_operator_waives_what_is_parked(db):
    ((customer, plan),) = await shop(5_000)
    await poisoned(customer.id, plan.id)
    await deductions.run_due()
    (parked,) = await parked_periods.page()
    await parked_periods.waive(BY, parked.id, reason="已线下收取", key=factories.key())
    assert (await parked_periods.page(), await states()) == ([], ["waived"])
    with pytest.raises(parked_periods.PeriodNotParked):
        await parked_periods.waive(BY, parked.id, reason="x", key=factories.key())
    with pytest.raises(parked_periods.NoSuchPeriod):
        await parked_periods.retry(BY, 10**9, key=factories.key())
    await unpoisoned()


async def test_of_a_plan_that_was_ended_before_a_parked_period_can_only_be_waived(db):
    ((customer, plan),) = await shop(5_000)
    await poisoned(customer.id, plan.id)
    await deductions.run_due()
    await plans.cancel(customer.id, plan.id)
    (parked,) = await parked_periods.page()
    with pytest.raises(parked_periods.PlanOver):
        await parked_periods.retry(BY, parked.id, key=factories.key())
    await parked_periods.waive(BY, parked.id, reason="已结束", key=factories.key())
    await unpoisoned()


async def test_a_plan_whose_periods_cannot_be_written_keeps_nobody_back(db):
    everyone = await shop(*[5_000] * 4)
    await deductions.run_due()
    _, bad = everyone[1]
    await database.execute("UPDATE plan SET next_period_no = next_period_no - 1 WHERE id = $1", bad.id)
    clock.set_offset(timedelta(days=60))
    terms.use(replace(terms.current(), plan_days_ahead=0))
    run = await deductions.run_due(batch=100)
    assert run.charged > 3
    ahead = "SELECT count(*) FROM plan WHERE ahead_on <= $1"
    assert await database.fetchval(ahead, clock.today()) == 1, "the others are as far as they should be"
    await database.execute("UPDATE plan SET next_period_no = next_period_no + 1 WHERE id = $1", bad.id)
    await deductions.run_due()
    assert await database.fetchval(ahead, clock.today()) == 0


async def test_of_who_leaves_nothing_stays_parked(db):
    ((customer, plan),) = await shop(5_000)
    await poisoned(customer.id, plan.id)
    await deductions.run_due()
    await plans.cancel(customer.id, plan.id)
    await unpoisoned()
    await plans.end_all(customer.id, by=BY)
    assert (await parked_periods.page(), await states()) == ([], ["waived"])
    assert await staff_alerts.page(is_open=True) == []


async def test_a_run_that_parks_one_period_after_the_other_pauses_itself(db, monkeypatch):
    terms.use(replace(terms.current(), due_run_parked_most=2))
    await shop(*[5_000] * 6)

    async def broken(*_):
        raise AssertionError("every row is poison now")

    monkeypatch.setattr(due_periods, "_charge_next", broken)
    monkeypatch.setattr(due_periods, "_charge_plain", broken)
    run = await deductions.run_due(batch=2)
    assert run.parked == 2
    assert (await today()).state == "paused"
    kinds = sorted(one.kind for one in await staff_alerts.page(is_open=True))
    assert kinds == ["due_run_paused", "period_parked", "period_parked"]
    assert (await states()).count("upcoming") == 4


async def test_what_has_nothing_to_do_with_rows_parks_nobody(db, monkeypatch):
    await shop(5_000)

    async def gone(*_):
        raise ConnectionResetError("the database went away")

    monkeypatch.setattr(due_periods, "_charge_next", gone)
    with pytest.raises(ConnectionResetError):
        await deductions.run_due()
    assert await states() == ["upcoming"]


async def test_a_dry_run_says_what_the_run_then_does_and_leaves_nothing(db):
    everyone = await shop(5_000, 1_000, 0)
    for customer, _ in everyone[:2]:
        await factories.plan(customer.id, 900, cycle="daily")
    before = await everything()
    summary, lines = await due_dry_runs.small(most=100)
    assert await everything() == before
    assert dict(summary.periods) == {"charged": 3, "owed": 2} and summary.taken_fen == 2_700
    run = await deductions.run_due()
    assert (run.charged, run.owed, run.amount_fen) == (3, 2, 2_700)
    told = {(line.plan_id, line.period_no): line.state for line in lines}
    rows = await database.fetch(
        "SELECT plan_id, period_no, state FROM plan_period WHERE due_on <= $1", clock.today()
    )
    assert told == {(row[0], row[1]): row[2] for row in rows}
    assert [batch async for batch in due_dry_runs.lines()] == [], "what is ahead is nobody's turn"


async def everything():
    tables = (
        "plan_period",
        "bill",
        "transfer",
        "entry",
        "outbox_message",
        "dunning_case",
        "due_run",
        "account",
    )
    return [
        await database.fetchval(
            f"SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY id)), '') FROM {name} t"
        )
        for name in tables
    ]


async def test_a_dry_run_tells_of_poison_and_looks_ahead(db):
    (good, (bad, plan)) = await shop(5_000, 5_000)
    await poisoned(bad.id, plan.id)
    _, lines = await due_dry_runs.small(most=100)
    assert {line.customer_id: line.state for line in lines} == {good[0].id: "charged", bad.id: "parked"}
    ahead, _ = await due_dry_runs.small(until=clock.today() + timedelta(days=2), most=100)
    assert ahead.periods["charged"] == 5
    with pytest.raises(due_dry_runs.DryRunTooLarge):
        await due_dry_runs.small(most=1)
    text = b"".join([piece async for piece in due_dry_runs.as_csv(due_dry_runs.lines(), "en")]).decode()
    assert text.count("\n") == 3 and "parked" in text
    await unpoisoned()


async def test_several_workers_share_a_run_and_its_counts(db):
    await shop(*[10_000] * 12, fen=1_000)
    clock.set_offset(timedelta(days=4))
    runs = await asyncio.gather(*(deductions.run_due(batch=3) for _ in range(4)))
    assert sum(run.charged for run in runs) == 60
    await deductions.run_due()
    run = await today()
    assert (run.state, run.claimed, run.charged, run.amount_fen) == ("finished", 60, 60, 60_000)


async def test_after_three_days_without_a_clock_everything_is_caught_up_once_and_nothing_untrue_is_said(db):
    (rich, _), (poor, _) = await shop(50_000, 900)
    later = await factories.bill(
        rich.id, 500, due_on=clock.today() + timedelta(days=2), automatic=True, consent="x"
    )
    clock.set_offset(timedelta(days=3))
    for _ in range(2):
        await reminders.run()  # it happens to come first
        await asyncio.gather(*(deductions.run_due(batch=2) for _ in range(2)))
        await due_bills.run()
        await dunning.run()
        await reminders.run()
    assert sorted(await states()) == ["charged"] * 5 + ["owed"] * 3
    assert (await bills.find(later)).state == "paid"
    assert await factories.balance(rich.id) == (50_000 - 4 * 900 - 500, 0)
    told = Counter(
        [(one.kind, who.id) for who in (rich, poor) for one in await outbox.page(who.id, limit=100)]
    )
    assert told["deducted", rich.id] == 5 and told["deducted", poor.id] == 1
    assert told["payment_due", poor.id] == 3 and told["payment_due", rich.id] == 0
    assert not {kind for kind, _ in told} & {"bill_due_soon", "bill_overdue"}
