"""Recurring deductions: each period charged once or visibly owed."""

import asyncio
from datetime import timedelta

import pytest

from billing import bills, collecting, deductions, due_periods, due_runs, operator_holds, payments, plans
from core import clock
from core import db as database
from members import customers
from notifications import outbox
from tests import factories


async def messages():
    return [
        tuple(row) for row in await database.fetch("SELECT kind, customer_id FROM outbox_message ORDER BY id")
    ]


async def test_a_plan_is_charged_on_its_first_day_and_then_every_month(db):
    customer = await factories.customer(principal=50_000)
    await factories.plan(customer.id, 9800)
    assert await deductions.run_due() == deductions.DueRun(due=1, charged=1)
    assert await deductions.run_due() == deductions.DueRun()
    clock.set_offset(timedelta(days=31))
    assert await deductions.run_due() == deductions.DueRun(due=1, charged=1)
    assert await factories.balance(customer.id) == (50_000 - 2 * 9800, 0)


async def test_after_an_outage_every_missed_period_is_charged_once_in_order(db):
    customer = await factories.customer(principal=50_000)
    await factories.plan(customer.id, 1000, cycle="weekly")
    clock.set_offset(timedelta(days=29))
    run = await deductions.run_due()
    assert (run.due, run.charged) == (5, 5)
    days = [
        row[0]
        for row in await database.fetch("SELECT due_on FROM plan_period WHERE state = 'charged' ORDER BY id")
    ]
    assert days == [days[0] + timedelta(weeks=n) for n in range(5)]


async def test_a_batch_of_what_is_plain_long_due_or_lacks_money_takes_each_once_and_in_order(db):
    rich, poor = await factories.customer(principal=50_000), await factories.customer(principal=4_500)
    for one in (rich, poor):
        await factories.plan(one.id, 1_000, cycle="daily")
    clock.set_offset(
        timedelta(days=34)
    )  # what was due on the first days is told to the database as days no more
    run = await deductions.run_due()
    assert run == deductions.DueRun(due=70, charged=39, amount_fen=39_000)
    seen = await due_runs.get(clock.today())
    assert (seen.claimed, seen.charged, seen.owed, seen.amount_fen) == (70, 39, 31, 39_000)
    rows = await database.fetch(
        """SELECT o.due_on, o.state, b.due_at FROM plan_period o JOIN plan p ON p.id = o.plan_id JOIN bill b ON b.id = o.bill_id
           WHERE p.customer_id = $1 ORDER BY o.period_no""",
        poor.id,
    )
    assert [row["state"] for row in rows] == ["charged"] * 4 + ["owed"] * 31
    assert [row["due_at"] for row in rows] == [clock.start_of(row["due_on"]) for row in rows]
    paid = await database.fetch(
        "SELECT due_at FROM bill WHERE customer_id = $1 AND state = 'paid' ORDER BY id", rich.id
    )
    days = [row["due_at"] for row in paid]
    assert days == [clock.start_of(clock.today() - timedelta(days=34 - n)) for n in range(35)]
    assert await factories.balance(rich.id) == (15_000, 0) and await factories.balance(poor.id) == (500, 0)


async def test_what_the_balance_does_not_cover_stays_owed_with_one_reminder_until_a_top_up_settles_it(db):
    customer = await factories.customer(principal=5000)
    await factories.plan(customer.id, 9800)
    run = await deductions.run_due()
    assert (run.due, run.charged, run.owed) == (1, 0, 1)
    (owed,) = await bills.page(customer.id, states=bills.OWED)
    assert owed.owed_fen == 9800 and await factories.balance(customer.id) == (5000, 0)
    await deductions.run_due()
    assert [kind for kind, _ in await messages()].count("payment_due") == 1

    await factories.topped_up(customer.id, 10_000)
    assert (await bills.get(customer.id, owed.bill_no)).state == "paid"
    assert await factories.balance(customer.id) == (5200, 0)
    assert await database.fetchval("SELECT state FROM plan_period ORDER BY id LIMIT 1") == "charged"


async def test_a_top_up_settles_the_oldest_bill_first_as_far_as_it_goes(db):
    customer = await factories.customer()
    await factories.plan(customer.id, 3000, cycle="weekly")
    clock.set_offset(timedelta(days=15))
    assert (await deductions.run_due()).owed == 3
    await factories.topped_up(customer.id, 7000)
    states = [row[0] for row in await database.fetch("SELECT state FROM bill ORDER BY due_at")]
    assert states == ["paid", "paid", "open"]
    assert await factories.balance(customer.id) == (1000, 0)


async def test_a_cancelled_plan_falls_due_no_more_but_what_is_owed_stays_owed(db):
    customer = await factories.customer()
    plan = await factories.plan(customer.id, 3000)
    await deductions.run_due()
    assert (await plans.cancel(customer.id, plan.id)).state == "cancelled"
    assert (await plans.cancel(customer.id, plan.id)).state == "cancelled"
    clock.set_offset(timedelta(days=62))
    assert await deductions.run_due() == deductions.DueRun()
    assert len(await bills.page(customer.id, states=bills.OWED)) == 1


async def test_consent_to_an_outdated_text_starts_nothing(db):
    customer = await factories.customer()
    offer = await plans.add_offer(
        name="月课", amount_fen=1, cycle="monthly", consent_version="2", consent_text="新"
    )
    with pytest.raises(plans.ConsentOutdated):
        await plans.subscribe(customer.id, offer_id=offer.id, consent_version="1", key=factories.key())
    assert await plans.page(customer.id) == []


async def test_falling_below_the_threshold_alerts_once_per_crossing(db):
    customer = await factories.customer(principal=10_000, threshold_fen=5000)
    await factories.plan(customer.id, 3000, cycle="daily")
    for day in range(3):
        clock.set_offset(timedelta(days=day))
        await deductions.run_due()
    assert [kind for kind, _ in await messages()].count("low_balance") == 1
    await factories.topped_up(customer.id, 5000)
    clock.set_offset(timedelta(days=3))
    await deductions.run_due()
    assert [kind for kind, _ in await messages()].count("low_balance") == 2


async def test_several_runners_at_once_charge_every_period_once(db):
    everyone = [await factories.customer(principal=10_000) for _ in range(12)]
    for customer in everyone:
        await factories.plan(customer.id, 1000, cycle="daily")
    clock.set_offset(timedelta(days=4))
    runs = await asyncio.gather(*(deductions.run_due(batch=3) for _ in range(5)))
    assert sum(run.due for run in runs) == 60
    assert {await factories.balance(customer.id) for customer in everyone} == {(5000, 0)}


async def test_two_plans_of_one_customer_in_a_batch_are_judged_one_after_the_other(db):
    customer = await factories.customer(principal=10_000)
    for _ in range(3):
        await factories.plan(customer.id, 4000)
    run = await deductions.run_due()
    assert (run.charged, run.owed) == (2, 1)


async def test_a_bill_that_falls_due_while_a_top_up_waits_for_the_account_is_settled_by_it(db):
    customer = await factories.customer(principal=2)
    await factories.plan(customer.id, 3000)
    word = factories.trade(await factories.top_up(customer.id, 5000))
    due_run_has_the_account = asyncio.Event()

    async def paid():
        await due_run_has_the_account.wait()
        return await payments.confirm(word)

    arriving = asyncio.create_task(paid())
    async with database.transaction():
        assert (await deductions.run_due()).owed == 1
        due_run_has_the_account.set()
        await asyncio.sleep(0.2)
    assert await arriving == "credited"
    assert [bill.state for bill in await bills.page(customer.id)] == ["paid"]
    assert await factories.balance(customer.id) == (2002, 0)


async def test_a_bill_somebody_is_paying_by_hand_does_not_stop_a_top_up(db):
    customer = await factories.customer()
    await factories.plan(customer.id, 3000)
    await deductions.run_due()
    (bill,) = await bills.page(customer.id)
    words = [factories.trade(await factories.top_up(customer.id, 2000)) for _ in range(3)]
    await asyncio.gather(
        *(payments.confirm(word) for word in words),
        *(collecting.pay(customer.id, bill.bill_no, key=factories.key()) for _ in range(3)),
        return_exceptions=True,
    )
    assert (await bills.get(customer.id, bill.bill_no)).state == "paid"
    assert await factories.balance(customer.id) == (3000, 0)


async def test_a_top_up_is_told_before_what_it_settles(db):
    customer = await factories.customer()
    await factories.plan(customer.id, 3000)
    await deductions.run_due()
    await factories.topped_up(customer.id, 5000)
    told = [(queued.kind, queued.params.get("available_fen")) for queued in await outbox.page(customer.id)]
    assert told == [("deducted", 2000), ("topped_up", 5000), ("payment_due", None)]


async def test_nobody_else_cancels_a_plan(db):
    owner, other = await factories.customer(), await factories.customer()
    plan = await factories.plan(owner.id)
    with pytest.raises(plans.NoSuchPlan):
        await plans.cancel(other.id, plan.id)
    assert (await plans.get(owner.id, plan.id)).state == "active"


_CHARGED = """
SELECT p.next_period_no, p.next_due_on, d.period_no, d.due_on, d.state, d.created_at IS NOT NULL, b.title,
       b.source = 'plan:' || p.id || ':' || d.period_no, b.amount_fen, b.paid_fen, b.refunded_fen, b.state, b.collect_mode, b.automatic,
       b.due_at, b.collect_at, b.paid_at IS NOT NULL, b.pending_no, y.tender, y.amount_fen, y.matched_by,
       y.transfer_reference = 'bill:' || b.bill_no || ':0', t.kind, t.operator, t.memo, t.burn_policy,
       t.fingerprint = ledger_debit_fingerprint('bill_payment', 'customer:' || p.customer_id, 'house:revenue', b.amount_fen),
       e.principal_fen, e.bonus_fen, m.kind, (m.params - 'at' - 'bill_no')::text, m.params ->> 'bill_no' = b.bill_no, m.state
FROM plan p JOIN plan_period d ON d.plan_id = p.id JOIN bill b ON b.id = d.bill_id JOIN bill_payment y ON y.bill_id = b.id
JOIN transfer t ON t.reference = y.transfer_reference JOIN entry e ON e.transfer_id = t.id
JOIN outbox_message m ON m.dedup_key = t.reference WHERE p.customer_id = $1 ORDER BY d.id
"""


async def test_charging_a_set_at_once_leaves_the_rows_that_the_long_way_leaves(db, monkeypatch):
    left, ways = [], _watched(monkeypatch)
    for one in ("at once", "by take", "the long way"):
        customer = await factories.customer(principal=2_000, bonus=150, threshold_fen=500)
        await factories.plan(customer.id, 900)
        if one != "at once":
            monkeypatch.setattr(due_periods, "_charge_next", _none)
        if one == "the long way":
            monkeypatch.setattr(due_periods, "_charge_plain", _nobody)
        assert await deductions.run_due() == deductions.DueRun(due=1, charged=1)
        left.append([tuple(row) for row in await database.fetch(_CHARGED, customer.id)])
    assert left[0] == left[1] == left[2] and len(left[0]) == 1
    assert ways == [("_charge_plain", 1), ("_charge_or_owe", 1)]


async def _none(run_id, most):
    claimed = await due_periods.claim(run_id, most)
    return sum(period.amount_fen for period in claimed), len(claimed), False, claimed


async def _nobody(due):
    return set()


def _watched(monkeypatch):
    """Which of the ways beside ``_charge_next`` were taken, and with how many periods; none is taken in halves."""
    ways = []

    def noted(name):
        really = getattr(due_periods, name)

        async def way(due):
            if due:
                ways.append((name, len(due)))
            return await really(due)

        monkeypatch.setattr(due_periods, name, way)

    noted("_charge_plain")
    noted("_charge_or_owe")

    async def halved(*_):
        raise AssertionError("a set failed and was done again in halves")

    monkeypatch.setattr(deductions, "_these", halved)
    return ways


@pytest.mark.parametrize("late", [0, 1, 30, 31])
async def test_what_is_due_for_up_to_thirty_days_is_claimed_and_charged_by_one_statement(
    db, monkeypatch, late
):
    ways = _watched(monkeypatch)
    customer, other = await factories.customer(principal=9_000), await factories.customer(principal=9_000)
    await factories.plan(customer.id, 900)
    clock.set_offset(timedelta(days=late))
    await factories.plan(customer.id, 500)
    await factories.plan(other.id, 700)
    due = 3 if late < 30 else 4  # a month has gone by
    assert (await deductions.run_due()).charged == due
    first = [("_charge_plain", due)] if late > 30 else []
    assert ways == [*first, ("_charge_or_owe", due - 2)], "of a customer one is charged so"
    rows = await database.fetch(
        "SELECT o.due_on, b.due_at FROM plan_period o JOIN bill b ON b.id = o.bill_id WHERE o.state = 'charged' ORDER BY b.id"
    )
    assert [row["due_at"] for row in rows] == [clock.start_of(row["due_on"]) for row in rows]
    paid = await database.fetch("SELECT due_at FROM bill WHERE customer_id = $1 ORDER BY id", customer.id)
    assert [row["due_at"] for row in paid] == sorted(row["due_at"] for row in paid)


async def test_a_set_that_lacks_money_is_tried_once(db, monkeypatch):
    ways = _watched(monkeypatch)
    poor = [await factories.customer(principal=1) for _ in range(3)]
    for one in poor:
        await factories.plan(one.id, 900)
    assert await deductions.run_due() == deductions.DueRun(due=3)
    assert ways == [("_charge_or_owe", 3)]


async def test_what_is_not_plain_in_a_set_goes_the_long_way_and_the_rest_does_not(db, monkeypatch):
    really, lengths = due_periods._charge_or_owe, []

    async def watched(due):
        lengths.append(len(due))
        return await really(due)

    monkeypatch.setattr(due_periods, "_charge_or_owe", watched)
    rich = [await factories.customer(principal=5_000) for _ in range(3)]
    poor, falls = await factories.customer(), await factories.customer(principal=1_500, threshold_fen=1_000)
    for customer in (*rich, poor, falls, rich[0]):
        await factories.plan(customer.id, 900)
    assert await deductions.run_due() == deductions.DueRun(due=6, charged=5)
    assert lengths == [3]
    kinds = [kind for kind, _ in await messages()]
    assert [kinds.count(kind) for kind in ("deducted", "payment_due", "low_balance")] == [5, 1, 1]
    assert await factories.balance(rich[0].id) == (3_200, 0)


async def test_what_is_held_and_a_plans_own_line_count_for_the_alert_of_a_set_too(db):
    holder, warned = await factories.customer(principal=1_000), await factories.customer(principal=1_000)
    for customer in (holder, warned):
        await customers.set_threshold(customer.id, 700 if customer is holder else None)
    await operator_holds.place(
        1, holder.id, amount_fen=300, title="押金", expires_at=None, key=factories.key()
    )
    await factories.plan(holder.id, 200)
    await plans.set_warning(warned.id, (await factories.plan(warned.id, 400)).id, 2)
    over = await factories.plan(warned.id, 300)  # a plan that has ended warns of nothing
    await plans.set_warning(warned.id, over.id, 9)
    await plans.cancel(warned.id, over.id)
    assert await deductions.run_due() == deductions.DueRun(due=2, charged=2)
    told = sorted(who for kind, who in await messages() if kind == "low_balance")
    assert told == sorted([holder.id, warned.id])
