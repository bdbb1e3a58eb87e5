"""Where a pause and an end, a price or a catching up meet: nobody pays for what they have not had, or twice as long as agreed."""

from datetime import timedelta

import pytest

from billing import (
    deductions,
    dunning,
    dunning_policies,
    parked_periods,
    plan_actors,
    plan_pages,
    plan_pauses,
    plan_prices,
    plan_usage,
    plans,
)
from core import clock
from core import db as database
from tests import factories
from tests.billing.planning import SHOP, start, states, taken_fen

DAY = timedelta(days=1)
key = factories.key


def go(days):
    clock.set_offset(days * DAY)


async def rich():
    return await factories.customer(principal=100_000, threshold_fen=None)


@pytest.mark.parametrize("on_pause", ["waive", "shift"])
async def test_ending_a_paused_plan_takes_nothing_that_fell_due_in_the_pause(db, on_pause):
    customer = await rich()
    plan_id = await start(customer, "daily", 100, on_pause=on_pause)
    go(1)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(4)
    await plans.stop(plan_actors.by_customer(customer.id), plan_id)
    await deductions.run_due()
    assert await states(plan_id, 5) == ["charged"] + ["waived"] * 4 and await taken_fen(customer) == 100


async def test_ending_a_plan_whose_pause_is_over_takes_what_was_due_after_the_pause(db):
    customer = await rich()
    plan_id, actor = await start(customer, "daily", 100), plan_actors.by_customer(customer.id)
    await plan_pauses.pause(actor, plan_id, until=clock.today() + 2 * DAY, key=key())
    go(4)
    await plans.stop(actor, plan_id)
    await deductions.run_due()
    assert await states(plan_id, 5) == ["waived"] * 2 + ["charged"] * 2 + ["waived"]


@pytest.mark.parametrize("when", ["now", "period_end"])
async def test_what_fell_due_while_the_clock_was_down_for_longer_than_periods_are_made_ahead_outlives_the_end(
    db, when
):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100)
    go(100)  # the fifteenth period is two days old; rows of five were made
    await plans.stop(plan_actors.by_customer(customer.id), plan_id, when=when)
    await deductions.run_due()
    assert await states(plan_id) == ["charged"] * 15


@pytest.mark.parametrize("on_pause", ["waive", "shift"])
async def test_what_fell_due_while_the_clock_was_down_is_not_the_pauses(db, on_pause):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100, on_pause=on_pause)
    due_on = (await plan_pages.ahead(plan_id, limit=1))[0].due_on
    go(100)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(101)
    await plan_pauses.resume(SHOP, plan_id, key=key())
    await deductions.run_due()
    assert (await states(plan_id))[:15] == ["charged"] * 15
    found = await plan_pages.periods(plan_id, limit=100)
    assert [one.due_on for one in found[::-1]][:15] == [due_on + 7 * number * DAY for number in range(15)]


@pytest.mark.parametrize(("last_day", "periods"), [(20, 3), (87, 13)])
async def test_a_pause_that_moves_the_last_day_gives_no_period_more_than_agreed(db, last_day, periods):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100, ends_on=clock.today() + last_day * DAY, on_pause="shift")
    await deductions.run_due()
    go(1)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(12)
    await plan_pauses.resume(SHOP, plan_id, key=key())
    go(150)
    await deductions.run_due()
    assert await states(plan_id) == ["charged"] * periods


async def test_who_has_ended_a_plan_and_pauses_it_is_not_charged_for_a_period_after_the_end(db):
    customer = await rich()
    plan_id, actor = (
        await start(customer, "weekly", 100, on_pause="shift"),
        plan_actors.by_customer(customer.id),
    )
    await deductions.run_due()
    await plans.stop(actor, plan_id, when="period_end")
    last_day = (await plans.one(plan_id)).ends_on
    go(2)
    await plan_pauses.pause(actor, plan_id, key=key())
    go(80)
    await plan_pauses.resume(actor, plan_id, key=key())
    go(120)
    await deductions.run_due()
    await plans.complete()
    plan = await plans.one(plan_id)
    assert (plan.state, plan.ends_on, await taken_fen(customer)) == ("ended", last_day, 100)


async def test_a_plan_that_is_ended_before_its_period_is_taken_moves_that_one_only(db):
    customer = await rich()
    plan_id, actor = (
        await start(customer, "weekly", 100, on_pause="shift"),
        plan_actors.by_customer(customer.id),
    )
    await plans.stop(actor, plan_id, when="period_end")
    await plan_pauses.pause(actor, plan_id, key=key())
    go(10)
    await plan_pauses.resume(actor, plan_id, key=key())
    assert (await plans.one(plan_id)).ends_on == clock.today() + 10 * DAY
    go(60)
    await deductions.run_due()
    await plans.complete()
    assert await taken_fen(customer) == 100 and (await plans.one(plan_id)).state == "ended"


@pytest.mark.parametrize("days_until", [10, 300])
async def test_a_pause_before_a_plan_begins_brings_nothing_forward(db, days_until):
    starts_on = clock.today() + days_until * DAY
    plan_id = await start(await rich(), "weekly", 100, starts_on=starts_on, on_pause="shift")
    await plan_pauses.pause(SHOP, plan_id, key=key())
    await plan_pauses.resume(SHOP, plan_id, key=key())
    assert (await plans.one(plan_id)).next_due_on == starts_on
    assert (await deductions.run_due()).due == 0


async def test_a_free_period_that_would_fall_into_the_pause_moves_behind_it_too(db):
    customer = await rich()
    begins_on = clock.today()
    plan_id = await start(customer, "weekly", 100, trial_periods=2, on_pause="shift")
    go(1)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(12)
    await plan_pauses.resume(SHOP, plan_id, key=key())
    assert (await plans.one(plan_id)).next_due_on == begins_on + 21 * DAY
    go(20)
    assert (await deductions.run_due()).due == 0
    go(21)
    assert (await deductions.run_due()).charged == 1 and await states(plan_id, 3) == [
        "waived",
        "waived",
        "charged",
    ]


async def skip_today(actor, plan_id):
    await plan_pauses.skip(actor, plan_id, 2, key=key())


async def pause(actor, plan_id):
    await plan_pauses.pause(actor, plan_id, key=key())


@pytest.mark.parametrize("leave_out", [plans.stop, pause, skip_today])
async def test_what_is_left_out_today_is_not_the_latest_that_is_taken_after_a_downtime(db, leave_out):
    customer = await rich()
    plan_id = await start(customer, "daily", 100, catch_up="latest")
    go(2)
    await leave_out(plan_actors.by_customer(customer.id), plan_id)
    assert (await deductions.run_due()).charged == 1
    assert (await states(plan_id, 2))[1] == "charged" and await taken_fen(customer) == 100


async def test_a_new_price_waits_for_what_was_used_at_the_old_one_and_is_parked(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100, unit="节", most_fen=90_000)
    await plan_usage.record(1, plan_id, units=3, used_on=clock.today(), reference="L1", key=key())
    await plan_prices.announce(1, plan_id, amount_fen=500, from_on=clock.today() + 30 * DAY, key=key())
    period_id = await database.fetchval(
        "UPDATE plan_period SET state = 'parked', reason = 'x' WHERE plan_id = $1 AND period_no = 0 RETURNING id",
        plan_id,
    )
    go(35)
    await deductions.run_due()
    await plan_prices.take_effect()
    await parked_periods.retry(SHOP.label, period_id, key=key())
    await deductions.run_due()
    assert await taken_fen(customer) == 300
    assert (await plan_prices.take_effect(), (await plans.one(plan_id)).amount_fen) == (1, 500)


async def owing_beyond_its_grace(until):
    """A customer who has paused their plan until that day of the test, before the clock would have suspended it on the third."""
    customer = await factories.customer(threshold_fen=None)
    plan = await factories.plan(customer.id, 900)
    rules = dunning_policies.Rules((), partial=False, grace_days=3, suspends=True)
    policy = await dunning_policies.add(1, "停", rules, key=key())
    await dunning_policies.assign(plan.offer_id, policy.id)
    await deductions.run_due()
    go(1)
    await plan_pauses.pause(
        plan_actors.by_customer(customer.id), plan.id, until=clock.today() + (until - 1) * DAY, key=key()
    )
    go(3)
    assert (await dunning.run()).suspended == 0
    return customer, plan.id


async def test_who_owes_does_not_get_round_being_suspended_by_a_pause_of_their_own(db):
    customer, plan_id = await owing_beyond_its_grace(until=5)
    with pytest.raises(plan_pauses.PlanSuspended):
        await plan_pauses.resume(plan_actors.by_customer(customer.id), plan_id, key=key())
    go(5)
    assert (await plan_pauses.resume_due(), await plan_pauses.resume_due()) == (0, 0)
    assert (await plans.one(plan_id)).state == "paused"
    assert await factories.told(customer.id, "plan_suspended") == 1
    await factories.topped_up(customer.id, 900)
    assert (await dunning.run()).closed == 1
    assert (await plans.one(plan_id)).state == "active"


async def test_who_has_paid_by_the_end_of_their_pause_goes_on_then(db):
    customer, plan_id = await owing_beyond_its_grace(until=5)
    await factories.topped_up(customer.id, 900)
    assert (await dunning.run()).closed == 1
    assert (await plans.one(plan_id)).state == "paused", "it is their own pause"
    go(5)
    assert await plan_pauses.resume_due() == 1


async def test_what_an_operator_lets_go_on_unpaid_is_not_suspended_again_for_the_same_bill(db):
    customer, plan_id = await owing_beyond_its_grace(until=9)
    await plan_pauses.resume(SHOP, plan_id, key=key())
    actor = plan_actors.by_customer(customer.id)
    await plan_pauses.pause(actor, plan_id, until=clock.today() + DAY, key=key())
    go(4)
    assert await plan_pauses.resume_due() == 1


async def test_what_broke_a_parked_period_is_not_its_customers_to_read(db):
    plan_id = await start(await rich(), "daily", 100)
    await database.execute(
        "UPDATE plan_period SET state = 'parked', reason = 'x' WHERE plan_id = $1 AND period_no = 0", plan_id
    )
    (seen,) = await plan_pages.history(plan_id)
    assert (seen.state, seen.reason) == ("parked", None)
    assert (await plan_pages.periods(plan_id, before=1))[0].reason == "x"


async def test_nothing_is_recorded_as_used_after_a_plan_was_ended(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100, unit="节", most_fen=90_000)
    await plan_usage.record(1, plan_id, units=3, used_on=clock.today(), reference="L1", key=key())
    go(1)
    await plans.stop(plan_actors.by_customer(customer.id), plan_id)
    go(2)
    with pytest.raises(plan_usage.NoSuchPeriod):
        await plan_usage.record(1, plan_id, units=5, used_on=clock.today(), reference="L2", key=key())
    await plan_usage.record(1, plan_id, units=1, used_on=clock.today() - DAY, reference="L3", key=key())
    go(9)
    await deductions.run_due()
    assert await taken_fen(customer) == 400
