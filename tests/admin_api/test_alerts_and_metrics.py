"""A proof that fails reaches the shop's people once, and whoever watches the figures."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from billing import figures, staff_alerts, upkeep
from core import db as database
from ledger import proof
from tests import factories

BREAK = "UPDATE account SET principal_fen = principal_fen + 1 WHERE kind = 'customer'"  # each test has one customer
MEND = "UPDATE account SET principal_fen = principal_fen - 1 WHERE kind = 'customer'"


async def alerts(**which):
    return sorted(alert.params["invariant"] for alert in await staff_alerts.page(limit=100, **which))


async def test_an_alert_is_raised_once_per_broken_invariant_and_resolved_when_it_is_kept_again(db):
    await factories.customer(principal=100)
    await database.execute(BREAK)
    for _ in range(3):
        await upkeep.prove()
    assert await alerts(is_open=True) == ["I15", "I2", "I9"]
    await database.execute(MEND)
    await upkeep.prove()
    assert await alerts(is_open=True) == []
    assert await alerts(is_open=False) == ["I15", "I2", "I9"]
    await database.execute(BREAK)
    await upkeep.prove()
    assert len(await alerts()) == 6
    await database.execute(MEND)


async def test_only_a_proof_that_looked_resolves(db):
    await factories.customer(principal=100)
    await upkeep.prove()
    await database.execute(BREAK)
    await upkeep.prove()
    assert (await upkeep.prove(since_last=True)).violations == ()
    assert await alerts(is_open=True) == ["I15", "I2", "I9"]
    await database.execute(MEND)
    await staff_alerts.raise_once("proof_failed", "I16", {"invariant": "I16"})
    await upkeep.prove(freshness=False)
    assert await alerts(is_open=True) == ["I16"]
    await upkeep.prove()
    assert await alerts(is_open=True) == []


async def test_an_incremental_proof_raises_too(db):
    await upkeep.prove()
    await factories.customer(principal=100)
    await database.execute(BREAK)
    assert (await upkeep.prove(since_last=True)).since is not None
    assert await alerts(is_open=True) == ["I15", "I2", "I9"]
    assert (await figures.now()).violations["I2"] == 1
    await database.execute(MEND)


async def test_operators_see_alerts_in_their_language(world):
    desk, phone = await world.operator(), await world.arrive()
    assert (await desk.get("/alerts")).body["items"] == []
    await world.give(phone.customer_id, 100)
    await database.execute(BREAK)
    await desk.post("/proof")
    (newest, *_) = (await desk.get("/alerts?state=open&limit=1")).body["items"]
    assert newest["kind"] == "proof_failed" and newest["resolved_at"] is None
    assert newest["text"].startswith("账本不平：I") and newest["params"]["count"] == 1
    english = (await desk.get("/alerts", locale="en")).body["items"]
    assert len(english) == 3 and all("do not balance" in alert["text"] for alert in english)
    await database.execute(MEND)
    await desk.post("/proof")
    assert len(await desk.all("/alerts")) == 3
    assert (await desk.get("/alerts?state=open")).body["items"] == []
    assert (await phone.get("/alerts")).status == 404


async def metrics(world, **headers):
    async with world.http.get(f"{world.url}/metrics", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = text_string_to_metric_families(await answer.text())
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }


async def test_the_figures_can_be_read_by_prometheus(world):
    phone, key = await world.arrive(), "yucun_proof_violations"
    before = await metrics(world)
    assert {name[1] for name in before if name[0] == key} == set(proof.INVARIANTS)
    assert "yucun_proof_last_timestamp_seconds" not in {name[0] for name in before}
    await phone.top_up(amount_fen=100)
    await world.give(phone.customer_id, 100)
    await database.execute(BREAK)
    await upkeep.prove()
    await database.execute(
        "INSERT INTO job (id, starts, runs, missed, failures, failed_in_a_row, last_run_no, last_duration_ms, last_lag_ms)"
        " VALUES ('proof', 3, 3, 2, 1, 1, 3, 1500, 250)"
    )
    await database.execute(
        "UPDATE outbox_message SET state = 'dead', next_attempt_at = NULL, ended_at = now()"
    )
    found = await metrics(world)
    assert (found[key, "I2"], found[key, "I1"]) == (1, 0)
    assert found["yucun_proof_last_timestamp_seconds",] == found["yucun_proof_last_whole_timestamp_seconds",]
    assert (found["yucun_job_runs_total", "proof"], found["yucun_job_failures_total", "proof"]) == (3, 1)
    assert found["yucun_job_last_duration_seconds", "proof"] == 1.5
    assert (found["yucun_job_last_lag_seconds", "proof"], found["yucun_job_missed_total", "proof"]) == (
        0.25,
        2,
    )
    assert found["yucun_job_failed_in_a_row", "proof"] == 1
    assert (found["yucun_outbox_queued",], found["yucun_outbox_dead",]) == (0, 1)
    assert (found["yucun_payments_open",], found["yucun_staff_alerts_open",]) == (1, 3)
    await database.execute(MEND)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_what_a_proxy_passes_on_from_outside_finds_no_figures(world, header):
    async with world.http.get(f"{world.url}/metrics", headers={header: "203.0.113.9"}) as answer:
        assert answer.status == 404
