"""The clock: every job runs, is recorded, and stops without leaving work half done."""

import asyncio
from datetime import timedelta

import pytest

from billing import job_record, job_watch, staff_alerts, upkeep
from core import clock
from core import db as database
from schedulers import jobs, runner
from tests import factories


async def run_until(table, is_enough):
    """The clock goes until there is enough, and is told to stop."""
    stop = asyncio.Event()
    running = asyncio.create_task(runner.run(table, stop))
    async with asyncio.timeout(60):
        while not is_enough():
            await asyncio.sleep(0.01)
        stop.set()
        await running


async def test_jobs_tick_and_their_runs_are_recorded(db):
    ticks = []

    async def work():
        ticks.append(1)
        return "3 charged"

    await run_until([jobs.Job("work", 0.05, work)], lambda: len(ticks) >= 3)
    (record,) = await job_record.page()
    assert record.runs == len(ticks) >= 3
    assert (record.failures, record.last_result, record.last_error) == (0, "3 charged", None)
    assert record.next_at > record.last_started_at


async def test_a_failing_job_is_recorded_and_goes_on(db):
    tries = []

    async def broken():
        tries.append(1)
        raise RuntimeError("no luck")

    await run_until([jobs.Job("broken", 0.05, broken)], lambda: len(tries) >= 2)
    (record,) = await job_record.page()
    assert record.failures == record.runs >= 2 and record.last_error == "RuntimeError: no luck"


async def test_a_stop_waits_for_what_is_under_way(db):
    begun, finished = [], []

    async def slow():
        begun.append(1)
        await asyncio.sleep(0.5)
        finished.append(1)

    await run_until([jobs.Job("slow", 0.05, slow)], lambda: begun)
    assert finished == [1]


async def test_a_job_for_one_worker_runs_once_an_interval_however_many_tick(db):
    runs = []

    async def proof():
        runs.append(1)

    alone = [jobs.Job("proof", 3600, proof, alone=True)]
    await asyncio.gather(*(runner.run_once(alone) for _ in range(6)))
    assert runs == [1]
    assert await database.fetchval("SELECT runs FROM job") == 1


MINUTE = timedelta(minutes=1)


async def begin(name="work", every=MINUTE, **chosen):
    return await job_record.begin(name, every, worker="here:1", **chosen)


async def test_how_late_a_run_began_and_what_was_missed_is_kept_over_all_workers(db):
    await job_record.finished(await begin(), duration_ms=5, result="1")
    clock.set_offset(timedelta(minutes=4, seconds=30))
    await begin()
    (record,) = await job_record.page()
    assert 209_000 < record.last_lag_ms < 212_000, "it was expected after one minute"
    assert (record.missed, record.every_ms, record.last_worker) == (3, 60_000, "here:1")
    clock.set_offset(timedelta(minutes=4, seconds=50))
    await begin()
    (record,) = await job_record.page()
    assert (record.last_lag_ms, record.missed) == (0, 3)


async def test_failures_in_a_row_are_counted_until_a_run_goes_well(db):
    for _ in range(2):
        await job_record.failed(await begin(), error="no luck")
    (record,) = await job_record.page()
    assert (record.failures, record.failed_in_a_row) == (2, 2)
    await job_record.finished(await begin(), duration_ms=5, result="fine")
    (record,) = await job_record.page()
    assert (record.failures, record.failed_in_a_row, record.last_result) == (2, 0, "fine")


async def test_a_worker_frozen_beyond_its_lease_concludes_nothing_when_it_wakes_up(db):
    frozen = await begin(alone=True)
    clock.set_offset(job_record.LEASE / 2)
    assert await begin(alone=True) is None, "it is at work"
    clock.set_offset(MINUTE + job_record.LEASE)
    successor = await begin(alone=True)
    assert successor.no == frozen.no + 1
    with job_record.running(frozen), pytest.raises(job_record.Superseded):
        async with database.transaction():
            await job_record.still_ours()
    assert not await job_record.renew(frozen)
    await job_record.finished(successor, duration_ms=1, result="new")
    await job_record.finished(frozen, duration_ms=99_999, result="old")
    (record,) = await job_record.page()
    assert (record.runs, record.last_result, record.last_duration_ms) == (2, "new", 1)


async def test_what_a_frozen_worker_had_proven_ends_no_alert_that_a_later_proof_raised(db):
    customer = await factories.customer(principal=100)
    frozen = await begin("proof", alone=True)
    clock.set_offset(MINUTE + job_record.LEASE)
    await begin("proof", alone=True)
    await staff_alerts.raise_once("proof_failed", "I2", {"invariant": "I2"})
    with job_record.running(frozen), pytest.raises(job_record.Superseded):
        await upkeep.prove()
    assert len(await staff_alerts.page(is_open=True)) == 1 and customer
    assert await database.fetchval("SELECT count(*) FROM proof_run") == 0


async def test_a_clock_that_was_a_day_ahead_keeps_nobody_from_the_jobs(db):
    clock.set_offset(timedelta(days=1))
    assert await begin(alone=True)
    clock.set_offset(timedelta())
    assert await begin(alone=True)
    (record,) = await job_record.page()
    assert (record.last_lag_ms, record.missed) == (0, 0)


async def test_who_runs_a_job_alone_renews_its_lease_while_it_works(db, monkeypatch):
    lease_s = 3
    monkeypatch.setattr(job_record, "LEASE", timedelta(seconds=lease_s))
    began, is_over = [], asyncio.Event()

    async def slow():
        began.append(1)
        await is_over.wait()

    job = jobs.Job("slow", 0.05, slow, alone=True)

    async def another_worker():
        await asyncio.sleep(lease_s * 1.2)
        await runner.run_once([job])
        is_over.set()

    await asyncio.gather(runner.run_once([job]), another_worker())
    assert began == [1]


async def test_the_shop_is_told_of_a_job_that_fails_again_and_again_or_is_late_until_it_is_well(db):
    bounds = job_watch.Bounds(failures=2, late=timedelta(minutes=5))
    for _ in range(2):
        await job_record.failed(await begin("bad"), error="no luck")
    for name in ("late", "gone"):
        await job_record.finished(await begin(name), duration_ms=1, result="")
    clock.set_offset(timedelta(minutes=9))
    await job_record.failed(await begin("bad"), error="no luck")
    watched = {"bad", "late"}  # a job there is no more is nobody's business
    for _ in range(2):
        assert await job_watch.run(bounds, watched) == 2
    told = [(alert.kind, alert.params["job"]) for alert in await staff_alerts.page(is_open=True)]
    assert sorted(told) == [("job_failing", "bad"), ("job_late", "bad"), ("job_late", "late")]
    for name in ("bad", "late"):
        await begin(name)
        clock.set_offset(timedelta(minutes=9, seconds=30))
        await job_record.finished(await begin(name), duration_ms=1, result="")
    assert await job_watch.run(bounds, watched) == 0
    assert await staff_alerts.page(is_open=True) == []
