"""What is done, day by day, about a period that could not be taken: tried again, suspended, charged late, written off."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    approvals,
    automatic_top_ups,
    bill_records,
    bills,
    counter,
    counter_undo,
    deductions,
    due_runs,
    dunning,
    dunning_cases,
    dunning_policies,
    payments,
    plan_actors,
    plan_pauses,
    plans,
    staff_alerts,
    terms,
    write_offs,
)
from core import clock
from core import db as database
from ledger import holds
from notifications import outbox
from tests import factories

SILENT = dunning_policies.Rules((1, 3, 7), partial=False, grace_days=7, suspends=False)


def days(number, **more):
    clock.set_offset(timedelta(days=number, **more))


async def owing(principal=0, fen=900, **rules):
    """A customer with a monthly plan whose first period is owed, under these rules."""
    customer = await factories.customer(principal=principal, threshold_fen=None)
    plan = await factories.plan(customer.id, fen)
    if rules:
        policy = await dunning_policies.add(
            1, f"方案{customer.id}", replace(SILENT, **rules), key=factories.key()
        )
        await dunning_policies.assign(plan.offer_id, policy.id)
    await deductions.run_due()
    return customer, plan


async def case():
    (found,) = await dunning_cases.page()
    return found


async def told(customer):
    return [one.kind for one in await outbox.page(customer.id, limit=100)]


async def freed(customer, fen):
    """Money the books have but nobody matched: what was held for a while."""
    hold = f"h{customer.id}"
    await holds.place(f"customer:{customer.id}", reference=hold, amount_fen=fen, title="押金", operator="t")
    return hold


async def test_a_period_that_is_owed_is_tried_again_on_the_days_of_the_ladder(db):
    customer = await factories.customer(principal=900)
    hold = await freed(customer, 900)
    await factories.plan(customer.id, 900)
    await deductions.run_due()
    assert ((await case()).tries, (await case()).opened_on) == (1, clock.today())
    await holds.release(hold)
    assert await dunning.run() == dunning.Done(), "not before its day"
    days(1)
    assert await dunning.run() == dunning.Done(tried=1, paid=1)
    assert await dunning.run() == dunning.Done(closed=1)
    assert await dunning_cases.page() == []
    assert await factories.balance(customer.id) == (0, 0)


async def test_what_was_missed_in_a_downtime_is_done_once(db):
    await owing()
    days(5)
    assert await dunning.run() == dunning.Done(tried=1)
    found = await case()
    assert found.tries == 2 and clock.day_of(found.next_at) == clock.today() + timedelta(days=2)
    days(7)
    assert (await dunning.run()).tried == 1
    assert (await case()).next_at is None


async def test_new_money_settles_it_without_waiting_and_the_case_is_over(db):
    customer, _ = await owing()
    await factories.topped_up(customer.id, 1_000)
    assert await dunning.run() == dunning.Done(closed=1)
    assert await database.fetchval("SELECT state FROM dunning_case") == "paid"


async def test_after_the_grace_the_plan_is_suspended_and_runs_again_by_itself_when_it_is_paid(db):
    customer, plan = await owing(suspends=True, grace_days=3)
    days(3)
    assert await dunning.run() == dunning.Done(tried=1, suspended=1)
    assert (await plans.get(customer.id, plan.id)).state == "paused"
    days(40)
    assert await deductions.run_due() == deductions.DueRun(), "nothing of it is due meanwhile"
    await factories.topped_up(customer.id, 5_000)
    assert (await dunning.run()).closed == 1
    resumed = await plans.get(customer.id, plan.id)
    assert resumed.state == "active" and resumed.next_due_on > clock.today()
    assert await deductions.run_due() == deductions.DueRun()
    assert await factories.balance(customer.id) == (4_100, 0)
    kinds = await told(customer)
    assert (kinds.count("plan_suspended"), kinds.count("plan_resumed")) == (1, 1)


async def test_who_has_not_paid_cannot_resume_a_suspended_plan_an_operator_can(db):
    customer, plan = await owing(suspends=True, grace_days=1)
    days(1)
    await dunning.run()
    with pytest.raises(plan_pauses.PlanSuspended):
        await plan_pauses.resume(plan_actors.by_customer(customer.id), plan.id, key=factories.key())
    await plan_pauses.resume(plan_actors.Actor("operator:1"), plan.id, key=factories.key())
    await plan_pauses.pause(plan_actors.by_customer(customer.id), plan.id, key=factories.key())
    await factories.topped_up(customer.id, 900)
    assert (await dunning.run()).closed == 1
    assert (await plans.get(customer.id, plan.id)).state == "paused", "it is their own pause now"


async def test_of_two_periods_that_suspend_a_plan_both_must_be_paid(db):
    customer, plan = await owing(suspends=True, grace_days=40, retry_days=())
    days(32)
    await deductions.run_due()
    days(80)
    assert (await dunning.run()).suspended == 1
    assert [one.suspended_at is not None for one in await dunning_cases.page()] == [True, True]
    await factories.topped_up(customer.id, 900)
    await dunning.run()
    assert (await plans.get(customer.id, plan.id)).state == "paused"
    await factories.topped_up(customer.id, 900)
    await dunning.run()
    assert (await plans.get(customer.id, plan.id)).state == "active"


async def test_a_fixed_late_fee_is_a_bill_of_its_own_once(db):
    customer, _ = await owing(fee_kind="fixed", fee_fen=50, grace_days=2)
    days(2)
    assert (await dunning.run()).fees == 1
    days(7)
    assert (await dunning.run()).fees == 0
    fee, _ = await bills.page(customer.id)
    assert (fee.amount_fen, fee.automatic, fee.source) == (50, False, f"late_fee:{(await case()).bill_no}")
    assert (await case()).fee_bill_no == fee.bill_no and fee.title.startswith("逾期费：")


async def test_without_grace_the_plan_is_suspended_and_the_fee_issued_at_the_next_tick(db):
    _, plan = await owing(suspends=True, fee_kind="fixed", fee_fen=50, grace_days=0, retry_days=())
    assert await dunning.run() == dunning.Done(tried=1, suspended=1, fees=1)
    assert await dunning.run() == dunning.Done()
    assert (await plans.one(plan.id)).state == "paused"


async def test_a_daily_late_fee_counts_each_payment_by_its_days_beyond_the_grace_up_to_the_cap(db):
    for cap, fee_fen in ((1_000, 21), (20, 20)):
        days(0)
        customer, _ = await owing(
            principal=0, fen=10_000, fee_kind="daily", fee_ppm=500, fee_fen=cap, grace_days=1, partial=True,
            fee_consent="合同第五条",
        )  # fmt: skip
        days(1)
        await dunning.run()
        days(3)
        await factories.topped_up(customer.id, 6_000)  # two days late: 6.0 fen
        days(9)
        await factories.topped_up(
            customer.id, 4_000
        )  # eight days late: 16.0 fen, 22 in all less the first day of grace
        await dunning.run()
        fee = (await bills.page(customer.id))[0]
        assert fee.source.startswith("late_fee:") and fee.automatic
        assert fee.amount_fen == min(cap, 6_000 * 500 * 2 // 10**6 + 4_000 * 500 * 8 // 10**6), fee_fen


async def test_a_partial_policy_takes_what_is_there(db):
    customer = await factories.customer(principal=500)
    plan = await factories.plan(customer.id, 900)
    policy = await dunning_policies.add(1, "部分", replace(SILENT, partial=True), key=factories.key())
    await dunning_policies.assign(plan.offer_id, policy.id)
    assert await deductions.run_due() == deductions.DueRun(due=1, partly=1)
    assert await factories.balance(customer.id) == (0, 0)
    assert await database.fetchval("SELECT state FROM plan_period WHERE period_no = 0") == "partly"
    assert ((await case()).owed_fen, (await case()).policy_id) == (400, policy.id)


async def test_a_case_keeps_the_rules_it_was_opened_with(db):
    _, plan = await owing(retry_days=(2,))
    (policy,) = await dunning_policies.page()
    assert policy.offer_ids == (plan.offer_id,)
    await dunning_policies.change(policy.id, {"retry_days": (9,), "suspends": True})
    await dunning_policies.end(policy.id)
    assert await dunning_policies.page() == []
    days(2)
    assert await dunning.run() == dunning.Done(tried=1)


async def test_policies_that_do_not_fit_together_are_refused(db):
    for wrong in (
        {"retry_days": (3, 1)}, {"retry_days": (0,)}, {"grace_days": 400}, {"fee_kind": "fixed"}, {"fee_fen": 5},
        {"fee_kind": "daily", "fee_fen": 5}, {"fee_kind": "fixed", "fee_fen": 5, "fee_ppm": 5},
        {"fee_kind": "daily", "fee_fen": 5, "fee_ppm": 10**6}, {"fee_kind": "fixed", "fee_fen": -5},
    ):  # fmt: skip
        with pytest.raises(dunning_policies.DunningPolicyInvalid):
            await dunning_policies.add(1, "x", replace(SILENT, **wrong), key=factories.key())
    made = await dunning_policies.add(1, "x", SILENT, key=factories.key())
    with pytest.raises(dunning_policies.DunningPolicyNameTaken):
        await dunning_policies.add(1, "x", SILENT, key=factories.key())
    with pytest.raises(dunning_policies.NoSuchDunningPolicy):
        await dunning_policies.get(made.id + 1)
    with pytest.raises(dunning_policies.NoSuchOffer):
        await dunning_policies.assign(10**9, made.id)


async def test_while_operators_hold_the_due_run_nothing_is_tried(db):
    await owing()
    days(1)
    await due_runs.pause("operator:1", reason="x", key=factories.key())
    assert await dunning.run() == dunning.Done()
    await due_runs.resume("operator:1", key=factories.key())
    assert (await dunning.run()).tried == 1


async def undone_at_the_counter(bill_no):
    """A bill was recorded as paid by mistake, the clock has closed its case, and the record is undone."""
    paid = await counter.bill(1, bill_no, counter.Taking("cash", None), key=factories.key())
    assert (await dunning.run()).closed == 1
    await counter_undo.undo(1, paid.payment.counter_no, reason="记错", key=factories.key())


async def test_a_bill_that_was_not_paid_after_all_is_come_for_again_and_its_plan_suspended_again(db):
    customer, plan = await owing(suspends=True, grace_days=3, fee_kind="fixed", fee_fen=50)
    days(3)
    assert await dunning.run() == dunning.Done(tried=1, suspended=1, fees=1)
    await undone_at_the_counter((await case()).bill_no)
    assert (await plans.get(customer.id, plan.id)).state == "active"
    assert await dunning.run() == dunning.Done(tried=1, suspended=1), "the fee is out already"
    assert (await plans.get(customer.id, plan.id)).state == "paused"
    days(7)
    assert (await dunning.run()).tried == 1
    await factories.topped_up(customer.id, 900)
    assert (await dunning.run()).closed == 1
    assert (await plans.get(customer.id, plan.id)).state == "active"


async def test_a_daily_fee_is_issued_once_however_often_its_bill_is_paid(db):
    customer, _ = await owing(fen=10_000, fee_kind="daily", fee_ppm=500, fee_fen=1_000, grace_days=1)
    days(3)
    await undone_at_the_counter((await case()).bill_no)
    days(4)
    await factories.topped_up(customer.id, 10_000)
    assert await dunning.run() == dunning.Done(closed=1)
    fees = await database.fetch("SELECT amount_fen FROM bill WHERE source LIKE 'late_fee:%'")
    assert [row[0] for row in fees] == [10_000 * 500 * 2 // 10**6]


async def test_a_case_that_cannot_be_closed_keeps_nobody_back(db):
    for _ in range(3):
        await owing(fen=10_000, fee_kind="daily", fee_ppm=500, fee_fen=100, grace_days=1)
    bad = (await dunning_cases.page())[1]
    await factories.bill((await factories.customer()).id, 5)
    await database.execute(
        "UPDATE bill SET source = 'late_fee:' || $1::text WHERE amount_fen = 5", bad.bill_no
    )
    days(4)
    for row in await database.fetch("SELECT customer_id FROM bill WHERE amount_fen = 10000"):
        await factories.topped_up(row["customer_id"], 10_000)
    done = await dunning.run()
    assert (done.closed, done.fees) == (2, 2)
    (alert,) = await staff_alerts.page(is_open=True)
    assert (alert.kind, alert.params["case_id"]) == ("dunning_stuck", bad.id)
    await database.execute("UPDATE bill SET source = 'operator:M1' WHERE amount_fen = 5")
    assert await dunning.run() == dunning.Done(closed=1, fees=1)


async def test_a_case_is_closed_resumed_and_its_bill_owed_again_at_once_without_a_deadlock(db):
    for number in range(4):
        days(number * 2)
        customer, plan = await owing(suspends=True, grace_days=1)
        days(number * 2 + 1)
        await dunning.run()
        (found,) = await dunning_cases.page(customer_id=customer.id)
        paid = await counter.bill(1, found.bill_no, counter.Taking("cash", None), key=factories.key())
        answers = await asyncio.gather(
            dunning.run(),
            dunning.run(),
            plan_pauses.resume(plan_actors.Actor("operator:1"), plan.id, key=factories.key()),
            counter_undo.undo(1, paid.payment.counter_no, reason="记错", key=factories.key()),
            return_exceptions=True,
        )
        failed = [one for one in answers if isinstance(one, BaseException)]
        assert not [one for one in failed if not isinstance(one, plan_pauses.PlanNotPaused)], failed
        (state,) = await database.fetchrow("SELECT state FROM dunning_case WHERE id = $1", found.id)
        assert (state, (await bills.find(found.bill_no)).state) == ("open", "open")


async def test_what_is_owed_is_written_off_by_two_people_and_no_money_moves(db):
    customer, _ = await owing(principal=500)
    bill_no = (await case()).bill_no
    waiting = await write_offs.request(1, bill_no, reason="已停业", key=factories.key())
    decided = await approvals.approve(2, waiting, key=factories.key())
    assert (decided.state, decided.result, decided.amount_fen) == ("executed", bill_no, 900)
    record = await bill_records.read(bill_no)
    assert (record.state, record.paid_fen) == ("written_off", 0)
    row = await database.fetchrow(
        "SELECT state, reason, ended_at FROM plan_period WHERE bill_id = $1", record.id
    )
    assert row["state"] == "failed" and row["reason"] == "written_off" and row["ended_at"] is not None
    await factories.topped_up(customer.id, 5_000)
    assert await factories.balance(customer.id) == (5_500, 0), "nobody comes for it any more"
    assert (await dunning.run()).closed == 1
    assert await database.fetchval("SELECT state FROM dunning_case") == "written_off"


async def test_a_plan_suspended_for_what_is_written_off_stays_so_until_its_customer_goes_on_with_it(db):
    for clock_first in (True, False):
        days(0)
        customer, plan = await owing(suspends=True, grace_days=1)
        days(1)
        await dunning.run()
        (found,) = await dunning_cases.page(customer_id=customer.id)
        waiting = await write_offs.request(1, found.bill_no, reason="x", key=factories.key())
        await approvals.approve(2, waiting, key=factories.key())
        if clock_first:
            assert (await dunning.run()).closed == 1
        assert (await plans.get(customer.id, plan.id)).state == "paused"
        await plan_pauses.resume(plan_actors.by_customer(customer.id), plan.id, key=factories.key())
        assert (await dunning.run()).closed == (0 if clock_first else 1)
        assert (await plans.get(customer.id, plan.id)).state == "active"


async def test_a_write_off_is_refused_for_what_is_paid_or_has_grown_and_for_who_asked(db):
    customer, _ = await owing()
    bill_no = (await case()).bill_no
    waiting = await write_offs.request(1, bill_no, reason="x", key=factories.key())
    with pytest.raises(approvals.OwnRequest):
        await approvals.approve(1, waiting, key=factories.key())
    await factories.topped_up(customer.id, 900)
    decided = await approvals.approve(2, waiting, key=factories.key())
    assert (decided.state, decided.refusal["code"]) == ("failed", "bill_not_owed")
    with pytest.raises(bills.BillNotOwed):
        await write_offs.request(1, bill_no, reason="x", key=factories.key())
    with pytest.raises(bills.NoSuchBill):
        await write_offs.request(1, "B0", reason="x", key=factories.key())


async def test_more_owed_than_the_second_person_saw_is_not_written_off(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 900, collect_mode="partial")
    paid = await counter.bill(1, bill_no, counter.Taking("cash", None), amount_fen=400, key=factories.key())
    waiting = await write_offs.request(1, bill_no, reason="x", key=factories.key())
    await counter_undo.undo(1, paid.payment.counter_no, reason="记错", key=factories.key())
    decided = await approvals.approve(2, waiting, key=factories.key())
    assert (decided.state, decided.refusal["code"]) == ("failed", "write_off_outgrown")


async def test_a_write_off_and_a_payment_at_once_end_in_one_of_both(db):
    customer, _ = await owing()
    bill_no = (await case()).bill_no
    waiting = await write_offs.request(1, bill_no, reason="x", key=factories.key())
    word = factories.trade(await factories.top_up(customer.id, 900))
    await asyncio.gather(
        approvals.approve(2, waiting, key=factories.key()), payments.confirm(word), dunning.run()
    )
    state = (await bills.find(bill_no)).state
    balance = await factories.balance(customer.id)
    assert (state, balance) in (("paid", (0, 0)), ("written_off", (900, 0)))


async def test_several_workers_do_each_case_once(db):
    for _ in range(6):
        await owing(suspends=True, grace_days=1, fee_kind="fixed", fee_fen=10)
    days(1)
    done = await asyncio.gather(*(dunning.run(batch=2) for _ in range(4)))
    total = sum(done, dunning.Done())
    assert (total.tried, total.suspended, total.fees) == (6, 6, 6)
    assert await database.fetchval("SELECT count(*) FROM bill WHERE source LIKE 'late_fee:%'") == 6


async def test_one_case_that_cannot_be_worked_on_keeps_nobody_back(db):
    for _ in range(3):
        await owing(fee_kind="fixed", fee_fen=10, grace_days=1)
    bad = (await dunning_cases.page())[1]
    other = await factories.customer()
    await factories.bill(other.id, 5)
    await database.execute(
        "UPDATE bill SET source = 'late_fee:' || $1::text WHERE amount_fen = 5", bad.bill_no
    )
    days(1)
    assert (await dunning.run()).fees == 2
    (alert,) = await staff_alerts.page(is_open=True)
    assert (alert.kind, alert.params["case_id"]) == ("dunning_stuck", bad.id)
    assert clock.day_of((await dunning_cases.page())[1].next_at) == clock.today() + timedelta(days=1)


async def test_the_shop_may_choose_what_follows_where_no_policy_says_so(db):
    terms.use(replace(terms.current(), dunning_retry_days=(2,), dunning_partial=True))
    customer = await factories.customer(principal=300)
    await factories.plan(customer.id, 900)
    assert (await deductions.run_due()).partly == 1
    assert clock.day_of((await case()).next_at) == clock.today() + timedelta(days=2)


class TopUps:
    """Somebody who may bring money, in the mood it is told to have."""

    def __init__(self, act):
        self.act, self.asked = act, []

    async def __call__(self, short):
        self.asked.append(short)
        return await self.act(short)

    def __enter__(self):
        self.take_back = automatic_top_ups.offer(self)
        return self

    def __exit__(self, *_):
        self.take_back()


async def test_before_the_first_retry_whoever_can_bring_the_money_is_asked_once(db):
    customer, _ = await owing(principal=300)

    async def bring(short):
        await factories.topped_up(short.customer_id, short.missing_fen)
        return True

    with TopUps(bring) as source:
        await asyncio.gather(*(dunning.run() for _ in range(3)))
        days(1)
        await dunning.run()
    (short,) = source.asked
    assert (short.owed_fen, short.available_fen, short.missing_fen) == (900, 300, 600)
    assert (await bills.find(short.bill_no)).state == "paid" and await factories.balance(customer.id) == (
        0,
        0,
    )


async def refuse(_short):
    raise write_offs.bills.NoSuchBill(bill_no="x")


async def hang(_short):
    await asyncio.sleep(60)


@pytest.mark.parametrize("act", [refuse, hang])
async def test_one_that_refuses_or_hangs_does_not_stop_the_ladder(db, act, monkeypatch):
    monkeypatch.setattr(automatic_top_ups, "ANSWERS_WITHIN_S", 0.05)
    await owing()
    with TopUps(act) as first, TopUps(refuse) as second:
        await dunning.run()
        days(1)
        assert await dunning.run() == dunning.Done(tried=1)
        days(3)
        assert await dunning.run() == dunning.Done(tried=1)
    assert len(first.asked) == len(second.asked) == 1


async def test_nobody_is_asked_while_due_runs_are_paused_nor_about_what_is_paid(db):
    customer, _ = await owing()
    with TopUps(refuse) as source:
        await due_runs.pause("operator:1", reason="盘点", key=factories.key())
        await dunning.run()
        assert source.asked == []
        await factories.topped_up(customer.id, 900)
        await due_runs.resume("operator:1", key=factories.key())
        await dunning.run()
        assert source.asked == []
