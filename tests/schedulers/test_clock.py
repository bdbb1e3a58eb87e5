"""The clock: every job runs, is recorded, and stops without leaving work half done."""

import asyncio

from billing import job_record
from core import db as database
from schedulers import jobs, runner


async def run_for(table, seconds):
    stop = asyncio.Event()
    running = asyncio.create_task(runner.run(table, stop))
    await asyncio.sleep(seconds)
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_jobs_tick_and_their_runs_are_recorded(db):
    ticks = []

    async def work():
        ticks.append(1)
        return "3 charged"

    await run_for([jobs.Job("work", 0.05, work)], 0.6)
    (record,) = await job_record.page()
    assert record.runs == len(ticks) >= 3
    assert (record.failures, record.last_result, record.last_error) == (0, "3 charged", None)
    assert record.next_at > record.last_started_at


async def test_a_failing_job_is_recorded_and_goes_on(db):
    async def broken():
        raise RuntimeError("no luck")

    await run_for([jobs.Job("broken", 0.05, broken)], 0.4)
    (record,) = await job_record.page()
    assert record.failures == record.runs >= 2 and record.last_error == "RuntimeError: no luck"


async def test_a_stop_waits_for_what_is_under_way(db):
    finished = []

    async def slow():
        await asyncio.sleep(0.5)
        finished.append(1)

    await run_for([jobs.Job("slow", 0.05, slow)], 0.15)
    assert finished == [1]


async def test_a_job_for_one_worker_runs_once_an_interval_however_many_tick(db):
    runs = []

    async def proof():
        runs.append(1)

    alone = [jobs.Job("proof", 3600, proof, alone=True)]
    await asyncio.gather(*(runner.run_once(alone) for _ in range(6)))
    assert runs == [1]
    assert await database.fetchval("SELECT runs FROM job") == 1
