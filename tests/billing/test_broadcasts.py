"""Broadcasts: whom they would reach, a second person above a size, twice at once, held, called off, cut off halfway; nobody gets two."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from datetime import time, timedelta

import pytest

from billing import approvals, broadcasts, segment_alerts, staff_alerts, terms
from core import clock
from core import db as database
from members import segment_rules, segment_runs, segments
from notifications import addresses, policy, preferences, truth
from tests import factories

EVERYBODY = segment_rules.read({"what": "joined", "days": 30})


async def customer(*, agreed=True, phone=None):
    made = await factories.customer()
    if agreed:
        await preferences.change(made.id, marketing=True, wording="优惠", door="chat", by="customer")
    if phone:
        await addresses.put(made.id, "sms", phone, by="operator:1")
    return made


async def segment():
    return await segments.add(1, "全部", EVERYBODY, key=factories.key())


async def start(segment_id, text="新茶到店", operator=1, **more):
    return await broadcasts.start(operator, segment_id, text, **{"key": factories.key(), **more})


@pytest.fixture
def _one_alone():
    terms.use(replace(terms.current(), broadcast_approval_above=1))


async def test_it_is_told_beforehand_whom_it_would_reach_and_why_others_not(db):
    found = await segment()
    assert await broadcasts.preview(found.id) == broadcasts.Reach(0, 0, 0, 0, 0, None)
    with pytest.raises(broadcasts.NobodyToReach):
        await start(found.id)
    people = [
        await customer(agreed=False, phone="13800138000"),
        await customer(),
        await customer(phone="13800138001"),
    ]
    people += [await customer(phone=f"1380013800{number}") for number in (2, 3, 4)]
    await addresses.refused(people[3].id, "sms", "13800138002", "gone")
    await preferences.put(
        people[4].id,
        preferences.Preferences(marketing=True, channels=["email"]),
        wording="x",
        door="chat",
        by="c",
    )
    await database.execute(
        "INSERT INTO message_allowance (customer_id, kind_class, began_at, used) VALUES ($1, 'marketing', $2, 1)",
        people[5].id,
        clock.now(),
    )
    gone = await customer(phone="13800138009")
    await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", gone.id)
    reach = await broadcasts.preview(found.id)
    assert (reach.customers, reach.not_agreed, reach.too_often, reach.inbox_only, reach.reached) == (
        6,
        1,
        1,
        3,
        1,
    )
    assert reach.told == 5 and reach.waits_until is None
    local = clock.now().astimezone(clock.zone())
    policy.use(
        policy.Policy(quiet_from=(local - timedelta(hours=1)).time(), quiet_until=time((local.hour + 1) % 24))
    )
    try:
        assert (await broadcasts.preview(found.id)).waits_until > clock.now()
    finally:
        policy.use()
    with pytest.raises(broadcasts.NoSuchSegment):
        await broadcasts.preview(404)


async def test_many_wait_for_a_second_person_who_agrees_to_the_very_words_and_rule(db, _one_alone):
    people, found = [await customer() for _ in range(3)], await segment()
    with pytest.raises(broadcasts.BroadcastNeedsSecond):
        await start(found.id, alone=True)
    key = factories.key()
    asked = [await start(found.id, key=key) for _ in range(2)]
    assert asked[0] == asked[1] and asked[0].run is None
    with pytest.raises(broadcasts.BroadcastUnderWay):
        await start(found.id, operator=2)
    await segments.change(1, found.id, "没有人", segment_rules.read({"what": "points", "least": 5}))
    with pytest.raises(approvals.OwnRequest):
        await approvals.approve(1, asked[0].approval_no, key=factories.key())
    done = await approvals.approve(2, asked[0].approval_no, key=factories.key())
    assert (done.state, done.params["expected"]) == ("executed", 3)
    run = await segment_runs.get(done.result)
    assert (run.state, run.expected, run.approval_no, run.asked_by) == (
        "running",
        3,
        done.approval_no,
        "operator:1",
    )
    with pytest.raises(broadcasts.BroadcastUnderWay):
        await start(found.id)
    await segment_runs.advance()
    assert [await factories.told(one.id, "offer") for one in people] == [1, 1, 1], (
        "by the rule that was agreed to"
    )
    with pytest.raises(broadcasts.NobodyToReach):
        await start(found.id)


async def test_small_ones_add_up_to_a_large_one(db, _one_alone):
    await customer()
    first, second = await segment(), await segments.add(1, "也是全部", EVERYBODY, key=factories.key())
    ended = await asyncio.gather(start(first.id), start(second.id), start(first.id, "再来一次"))
    assert sorted(bool(one.approval_no) for one in ended) == [False, True, True]
    assert (await start(second.id, "另一位", operator=2)).run is not None
    with pytest.raises(broadcasts.BroadcastNeedsSecond):
        await start(first.id, "第三次", alone=True)
    clock.set_offset(timedelta(hours=terms.current().approval_window_hours, seconds=1))
    assert (await start(first.id, "第二天")).run is not None


async def test_one_begun_alone_does_not_write_to_more_when_its_segment_grows(db, _one_alone):
    people, found = [await customer()], await segment()
    run = (await start(found.id)).run
    await segment_runs.pause(run.run_no)
    people += [await customer() for _ in range(3)]
    for _ in range(2):
        assert (await segment_runs.go_on(run.run_no)).state == "running"
        await segment_alerts.advance()
    held = await segment_runs.get(run.run_no)
    assert (held.state, held.done) == ("paused", 0)
    assert [await factories.told(one.id, "offer") for one in people] == [0] * 4
    assert [alert.kind for alert in await staff_alerts.page(is_open=True)] == ["segment_run_broken"]
    terms.use(replace(terms.current(), broadcast_approval_above=4))
    await segment_runs.go_on(run.run_no)
    await segment_alerts.advance()
    assert (await segment_runs.get(run.run_no)).state == "done"
    assert await staff_alerts.page(is_open=True) == [], "one may write to so many alone now, and has"


async def test_twice_at_once_is_once(db):
    people, found = [await customer() for _ in range(5)], await segment()
    ended = await asyncio.gather(
        *(start(found.id, operator=number) for number in (1, 1, 2, 3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in ended) == ["BroadcastUnderWay"] * 3 + ["Outcome"]
    (run,) = await segment_runs.page()
    await asyncio.gather(*(segment_runs.advance(limit=1, turns=4) for _ in range(3)))
    await segment_runs.advance()
    assert [await factories.told(one.id, "offer") for one in people] == [1] * 5
    told = await segment_runs.get(run.run_no)
    assert (told.state, told.looked_at, told.done, told.expected) == ("done", 5, 5, 5)
    assert await segment_runs.progress(run.run_no) == (told, {"queued": 5})
    another = await start(found.id)
    assert another.run.run_no != run.run_no, "once it is over, the same words may be sent again, as another"


async def test_one_is_held_goes_on_where_it_was_and_is_called_off(db):
    people, found = [await customer() for _ in range(4)], await segment()
    run = (await start(found.id)).run
    await segment_runs.advance(limit=1, turns=1)
    for _ in range(2):
        assert (await segment_runs.pause(run.run_no)).state == "paused"
    assert await segment_runs.advance() == 0
    with pytest.raises(broadcasts.BroadcastUnderWay):
        await start(found.id)
    assert (await segment_runs.go_on(run.run_no)).state == "running"
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with (
        database.transaction()
    ):  # somebody holds the third customer, so the turn waits with half of it done; then it dies
        await database.execute("SELECT FROM customer WHERE id = $1 FOR UPDATE", people[2].id)
        dying = asyncio.create_task(segment_runs.advance(limit=2), context=elsewhere)
        await asyncio.wait({dying}, timeout=0.3)
        assert not dying.done()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
    assert (await segment_runs.get(run.run_no)).looked_at == 1, "what was begun left nothing"
    await segment_runs.advance(limit=2, turns=1)
    assert [await factories.told(one.id, "offer") for one in people] == [1, 1, 1, 0]
    row = await database.fetchrow(
        "SELECT * FROM outbox_message WHERE customer_id = $1 AND kind = 'offer'", people[0].id
    )
    waiting = truth.Waiting(
        row["id"], people[0].id, "offer", row["dedup_key"], {"run_no": run.run_no}, row["created_at"]
    )
    assert await truth.untrue([waiting]) == {}
    await segment_runs.pause(run.run_no)
    assert (await segment_runs.stop(run.run_no)).state == "stopped"
    assert await truth.untrue([waiting]) == {row["id"]: "called_off"}, (
        "what is queued does not go out any more"
    )
    for verb in (segment_runs.pause, segment_runs.go_on):
        with pytest.raises(segment_runs.RunEnded):
            await verb(run.run_no)
    with pytest.raises(segment_runs.NoSuchRun):
        await segment_runs.progress("D0")


async def test_operators_try_ask_follow_hold_and_end_it(world):
    desk, second = await world.operator(), await world.operator("second")
    phones = [await world.arrive() for _ in range(3)]
    for phone in phones[1:]:
        await preferences.change(
            phone.customer_id, marketing=True, wording="优惠", door="chat", by="customer"
        )
    made = await desk.post("/segments", {"name": "全部", "rule": {"what": "joined", "days": 30}})
    path = f"/segments/{made.body['id']}"
    reach = (await desk.get(f"{path}/reach")).body
    assert (reach["customers"], reach["not_agreed"], reach["inbox_only"]) == (3, 1, 2)
    terms.use(replace(terms.current(), broadcast_approval_above=1))
    body = {"text": "周末新茶到店"}
    assert (await desk.post(f"{path}/messages", body)).code == "broadcast_needs_second"
    asked = await desk.post(f"{path}/broadcasts", body)
    assert (asked.status, asked.body["run"]) == (201, None), asked
    assert (await second.post(f"{path}/broadcasts", body)).code == "broadcast_under_way"
    number = asked.body["approval_no"]
    assert (await desk.get(f"/approvals/{number}")).body["reason"] == "2 人 · people: 周末新茶到店"
    done = (await second.post(f"/approvals/{number}/approve")).body
    run = f"/segment-runs/{done['result']}"
    assert (await desk.post(f"{run}/pause", key=None)).body["state"] == "paused"
    assert (await desk.post(f"{run}/resume", key=None)).body["state"] == "running"
    assert (await desk.get(f"{run}/progress")).body["run"]["expected"] == 2
    assert (await desk.post(f"{run}/stop", key=None)).body["state"] == "stopped"
    assert (await desk.post(f"{run}/resume", key=None)).code == "segment_run_ended"
    assert (
        (await desk.get("/segments/404/reach")).code
        == (await desk.post("/segments/404/broadcasts", body)).code
        == "no_such_segment"
    )
