"""What people do with plans: agree, pause, skip, end, and what periods cost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing import (
    deductions,
    horizon,
    plan_actors,
    plan_events,
    plan_notices,
    plan_offers,
    plan_pages,
    plan_pauses,
    plan_prices,
    plan_usage,
    plans,
    schedule,
    terms,
)
from core import clock
from core import db as database
from notifications import truth
from tests import factories
from tests.billing.planning import SHOP, offer, outcomes, start, states, taken_fen

key = factories.key
DAY = timedelta(days=1)


def go(days):
    """Moves the clock to so many days after the test began."""
    clock.set_offset(timedelta(days=days))


async def rich():
    return await factories.customer(principal=100_000)


async def test_consent_given_on_paper_is_kept_with_who_says_so_and_what_shows_it(db):
    customer = await rich()
    plan_id = await start(customer, most_fen=5_000)
    row = await database.fetchrow("SELECT * FROM plan WHERE id = $1", plan_id)
    kept = (
        row["consent_door"],
        row["consent_by"],
        row["consent_proof"],
        row["consent_text"],
        row["consented_fen"],
    )
    assert kept == ("paper", "operator:1", "协议 7", "同意", 5_000)
    (event,) = await plan_events.of(plan_id)
    assert (event.kind, event.by) == ("subscribed", "operator:1")


async def test_a_plan_that_would_begin_in_the_past_or_end_before_it_begins_is_refused(db):
    customer = await rich()
    with pytest.raises(plans.StartOutOfRange):
        await start(customer, starts_on=clock.today() - DAY)
    with pytest.raises(plans.StartOutOfRange):
        await start(customer, starts_on=clock.today() + timedelta(days=400))
    with pytest.raises(plans.WrongTerms):
        await start(customer, ends_on=clock.today() - DAY)
    over = await offer(schedule.Schedule("dates", dates=(clock.today() - DAY,)))
    with pytest.raises(plans.WrongTerms):
        await plans.subscribe(customer.id, offer_id=over.id, consent_version="1", key=key())
    made = await offer()
    wish = plans.Wish(made.id, plans.Consent("0", "paper", SHOP.label, "x"))
    with pytest.raises(plans.ConsentOutdated):
        await plans.start(SHOP, customer.id, wish, key=key())
    with pytest.raises(plans.NoSuchCustomer):
        await plans.start(
            SHOP, 10**9, replace(wish, consent=plans.Consent("1", "paper", SHOP.label, "x")), key=key()
        )


async def test_a_plan_begins_on_its_day_and_is_taken_then(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", starts_on=clock.today() + 3 * DAY)
    assert (await deductions.run_due()).due == 0
    go(3)
    assert (await deductions.run_due()).charged == 1
    assert (await plans.one(plan_id)).next_due_on == clock.today() + 7 * DAY


async def test_trial_periods_are_free_or_cheaper_and_the_rest_costs_the_price(db):
    free, cheap = await rich(), await rich()
    plan_id = await start(free, "weekly", trial_periods=2)
    await start(cheap, "weekly", trial_periods=2, trial_fen=100)
    go(21)
    await deductions.run_due()
    assert (await outcomes(plan_id))[:3] == [
        (-21, 0, "waived", "free"), (-14, 0, "waived", "free"), (-7, 3_000, "charged", None),
    ]  # fmt: skip
    assert (await taken_fen(free), await taken_fen(cheap)) == (6_000, 6_200)


async def test_a_plan_of_so_many_periods_ends_by_itself_and_one_with_a_last_day_covers_it(db):
    first, second = await rich(), await rich()
    three = await start(first, "weekly", periods=3)
    until = await start(second, "weekly", ends_on=clock.today() + 8 * DAY)
    assert (await plan_pages.ahead(until))[-1].covers_to == clock.today() + 8 * DAY
    go(20)
    await deductions.run_due()
    await plans.complete()
    assert [(await plans.one(number)).state for number in (three, until)] == ["active", "ended"]
    go(21)
    await plans.complete()
    await horizon.run()
    assert (await plans.one(three)).state == "ended" and await states(three) == ["charged"] * 3
    assert (await taken_fen(first), await taken_fen(second)) == (9_000, 6_000)


async def test_a_pause_takes_nothing_and_what_fell_due_meanwhile_lapses(db):
    customer = await rich()
    plan_id = await start(customer, "daily", 100)
    await deductions.run_due()
    go(2)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(50)
    assert (await deductions.run_due()).due == 1  # what was due the day before the pause
    await plan_pauses.resume(SHOP, plan_id, key=key())
    assert (await deductions.run_due()).due == 1
    assert await states(plan_id, 52) == ["charged"] * 2 + ["waived"] * 48 + ["charged", "upcoming"]
    assert {row[3] for row in await outcomes(plan_id)} == {None, "paused"}
    assert (
        await factories.told(customer.id, "plan_paused")
        == await factories.told(customer.id, "plan_resumed")
        == 1
    )


async def test_a_pause_with_an_end_is_over_on_its_day_even_if_the_clock_comes_later(db):
    customer = await rich()
    plan_id = await start(customer, "daily", 100)
    await plan_pauses.pause(
        plan_actors.by_customer(customer.id), plan_id, until=clock.today() + 3 * DAY, key=key()
    )
    go(5)
    assert (await plan_pauses.resume_due(), await plan_pauses.resume_due()) == (1, 0)
    await deductions.run_due()
    assert await states(plan_id, 7) == ["waived"] * 3 + ["charged"] * 3 + ["upcoming"]


async def test_where_a_pause_moves_the_periods_the_customer_gets_them_all(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", periods=4, on_pause="shift")
    await deductions.run_due()
    await plan_pauses.skip(SHOP, plan_id, 2, key=key())
    go(5)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(40)
    await plan_pauses.resume(SHOP, plan_id, key=key())
    weekday = (await plans.one(plan_id)).started_on.isoweekday()
    coming = await plan_pages.ahead(plan_id)
    assert [one.period_no for one in coming] == [1, 3] and coming[0].due_on >= clock.today()
    assert {one.due_on.isoweekday() for one in coming} == {weekday}
    assert (coming[1].due_on - coming[0].due_on).days == 14
    go(70)
    await deductions.run_due()
    assert await states(plan_id) == ["charged", "charged", "waived", "charged"]


async def test_the_last_day_of_a_plan_moves_with_a_pause(db):
    plan_id = await start(await rich(), "daily", ends_on=clock.today() + 9 * DAY, on_pause="shift")
    await deductions.run_due()
    go(1)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(11)
    await plan_pauses.resume(SHOP, plan_id, key=key())
    assert (await plans.one(plan_id)).ends_on == clock.today() + 8 * DAY
    go(30)
    await deductions.run_due()
    assert await states(plan_id) == ["charged"] * 10


async def test_a_period_is_skipped_once_and_only_ahead(db):
    customer = await rich()
    plan_id, actor = await start(customer, "weekly"), plan_actors.by_customer(customer.id)
    await deductions.run_due()
    with pytest.raises(plan_pauses.PeriodNotAhead):
        await plan_pauses.skip(actor, plan_id, 0, key=key())
    with pytest.raises(plan_pauses.NoSuchPeriod):
        await plan_pauses.skip(actor, plan_id, 99, key=key())
    with pytest.raises(plans.NoSuchPlan):
        await plan_pauses.skip(plan_actors.by_customer(customer.id + 1), plan_id, 1, key=key())
    one_click = key()
    for _ in range(2):
        await plan_pauses.skip(actor, plan_id, 1, key=one_click)
    go(14)
    await deductions.run_due()
    assert await states(plan_id, 3) == ["charged", "waived", "charged"]
    assert await factories.told(customer.id, "plan_skipped") == 0  # they did it themselves


async def test_what_does_not_run_cannot_be_paused_and_what_is_not_paused_not_resumed(db):
    plan_id = await start(await rich())
    with pytest.raises(plan_pauses.PlanNotPaused):
        await plan_pauses.resume(SHOP, plan_id, key=key())
    with pytest.raises(plan_pauses.PauseOutOfRange):
        await plan_pauses.pause(SHOP, plan_id, until=clock.today(), key=key())
    await plan_pauses.pause(SHOP, plan_id, key=key())
    with pytest.raises(plan_pauses.PlanNotRunning):
        await plan_pauses.pause(SHOP, plan_id, key=key())
    await plans.stop(SHOP, plan_id)
    with pytest.raises(plan_pauses.PlanNotPaused):
        await plan_pauses.resume(SHOP, plan_id, key=key())


async def test_a_shop_may_keep_changes_to_itself_but_ending_is_the_customers(db):
    customer = await rich()
    plan_id, actor = await start(customer), plan_actors.by_customer(customer.id)
    terms.use(replace(terms.current(), customers_change_plans=False))
    try:
        for change in (plan_pauses.pause(actor, plan_id, key=key()), plan_pauses.resume(actor, plan_id, key=key()),
                       plan_pauses.skip(actor, plan_id, 0, key=key())):  # fmt: skip
            with pytest.raises(plan_actors.NotByCustomers):
                await change
        await plans.stop(actor, plan_id)
    finally:
        terms.use()
    assert (await plans.one(plan_id)).state == "cancelled"


async def test_ending_a_plan_now_lapses_what_is_not_taken_but_not_what_was_due_before(db):
    customer = await rich()
    plan_id = await start(customer, "daily", 100)
    go(2)
    await plans.stop(SHOP, plan_id, reason="搬家")
    assert (await deductions.run_due()).charged == 2
    await horizon.run()
    assert set(await states(plan_id)) == {"charged", "waived"} and await taken_fen(customer) == 200
    assert (await plans.one(plan_id)).next_due_on is None
    assert await factories.told(customer.id, "plan_cancelled") == 1


async def test_a_plan_ended_for_the_end_of_its_period_covers_that_one_and_no_more(db):
    customer = await rich()
    plan_id = await start(customer, "weekly")
    await deductions.run_due()
    go(2)
    for _ in range(2):
        await plans.stop(plan_actors.by_customer(customer.id), plan_id, when="period_end")
    plan = await plans.one(plan_id)
    assert (plan.state, plan.ends_on, plan.next_due_on) == ("active", clock.today() + 4 * DAY, None)
    go(7)
    await horizon.run()
    await deductions.run_due()
    await plans.complete()
    assert (await plans.one(plan_id)).state == "ended" and await taken_fen(customer) == 3_000


async def test_a_higher_price_is_announced_ahead_and_told_and_holds_from_its_day(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", most_fen=9_000, trial_periods=1)
    with pytest.raises(plan_prices.PriceTooSoon):
        await plan_prices.announce(1, plan_id, amount_fen=4_000, from_on=clock.today() + 29 * DAY, key=key())
    with pytest.raises(plan_prices.SamePrice):
        await plan_prices.announce(1, plan_id, amount_fen=3_000, from_on=clock.today() + 40 * DAY, key=key())
    await plan_prices.announce(1, plan_id, amount_fen=4_000, from_on=clock.today() + 30 * DAY, key=key())
    assert [one.amount_fen for one in await plan_pages.ahead(plan_id)] == [3_000] * 4 + [4_000]
    assert await factories.told(customer.id, "plan_price") == 1
    assert await plan_prices.take_effect() == 0
    go(35)
    await deductions.run_due()
    assert (await plan_prices.take_effect(), (await plans.one(plan_id)).amount_fen) == (1, 4_000)
    assert await taken_fen(customer) == 4 * 3_000 + 4_000


async def test_a_lower_price_holds_from_the_next_day_and_can_be_withdrawn(db):
    plan_id = await start(await rich(), "daily")
    with pytest.raises(plan_prices.NoPriceAnnounced):
        await plan_prices.withdraw(1, plan_id, key=key())
    with pytest.raises(plan_prices.PriceTooSoon):
        await plan_prices.announce(1, plan_id, amount_fen=100, from_on=clock.today(), key=key())
    await plan_prices.announce(1, plan_id, amount_fen=100, from_on=clock.today() + DAY, key=key())
    assert [one.amount_fen for one in await plan_pages.ahead(plan_id, limit=3)] == [3_000, 100, 100]
    await plan_prices.withdraw(1, plan_id, key=key())
    assert [one.amount_fen for one in await plan_pages.ahead(plan_id, limit=3)] == [3_000] * 3


async def test_more_than_the_customer_agreed_to_is_only_asked_for_until_they_agree(db):
    customer = await rich()
    plan_id, actor = await start(customer, "weekly"), plan_actors.by_customer(customer.id)
    await plan_prices.announce(1, plan_id, amount_fen=4_000, from_on=clock.today() + 30 * DAY, key=key())
    assert await factories.told(customer.id, "plan_price_asked") == 1
    go(40)
    await horizon.run()
    await deductions.run_due()
    assert (await plan_prices.take_effect(), await taken_fen(customer)) == (0, 6 * 3_000)
    with pytest.raises(plan_prices.NoPriceAnnounced):
        await plan_prices.agree(actor, plan_id, amount_fen=5_000, door="mini_program", key=key())
    await plan_prices.agree(actor, plan_id, amount_fen=4_000, door="mini_program", key=key())
    assert {one.amount_fen for one in await plan_pages.ahead(plan_id)} == {4_000}
    assert (await plans.one(plan_id)).consented_fen == 4_000
    with pytest.raises(plan_prices.NoPriceAnnounced):
        await plan_prices.agree(actor, plan_id, amount_fen=4_000, door="mini_program", key=key())
    go(42)
    await deductions.run_due()
    assert (await plan_prices.take_effect(), await taken_fen(customer)) == (1, 6 * 3_000 + 4_000)


async def test_all_plans_of_an_offer_get_a_price_at_once(db):
    made = await offer("weekly")
    everyone = [await rich() for _ in range(3)]
    for customer in everyone:
        await plans.subscribe(customer.id, offer_id=made.id, consent_version="1", key=key())
    ended, *running = [(await plans.page(customer.id))[0].id for customer in everyone]
    await plans.stop(SHOP, ended)
    said = {"amount_fen": 2_000, "from_on": clock.today() + DAY, "key": key()}
    assert [await plan_prices.announce_for_all(1, made.id, **said) for _ in range(2)] == [2, 2]
    for plan_id in running:
        assert [one.amount_fen for one in await plan_pages.ahead(plan_id, limit=2)] == [3_000, 2_000]
    with pytest.raises(plan_prices.PlanNotRunning):
        await plan_prices.announce(1, ended, amount_fen=1, from_on=clock.today() + DAY, key=key())


async def use(plan_id, units, reference, used_on=None):
    return await plan_usage.record(
        1, plan_id, units=units, used_on=used_on or clock.today(), reference=reference, key=key()
    )


async def test_a_plan_by_use_takes_what_was_used_up_to_what_was_agreed_and_nothing_for_nothing(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100, unit="节", most_fen=450)
    for reference in ("a", "a", "b"):
        await use(plan_id, 2, reference)
    with pytest.raises(plan_usage.UsageReused):
        await use(plan_id, 3, "a")
    with pytest.raises(plan_usage.NoSuchPeriod):
        await use(plan_id, 1, "z", clock.today() - DAY)
    assert (await deductions.run_due()).due == 0
    go(6)
    await use(plan_id, 1, "c")
    go(7)
    assert (await deductions.run_due()).charged == 1
    with pytest.raises(plan_usage.PeriodNotAhead):
        await use(plan_id, 1, "late", clock.today() - DAY)
    go(14)
    assert (await deductions.run_due()).due == 0
    assert [row[1:] for row in (await outcomes(plan_id))[:2]] == [
        (450, "charged", None),
        (0, "waived", "not_used"),
    ]
    assert [one.units for one in await plan_usage.page(plan_id)] == [1, 2, 2]
    with pytest.raises(plan_usage.NotByUse):
        await use(await start(customer), 1, "a")


@pytest.mark.parametrize("how", ["pause", "cancel", "skip"])
async def test_nobody_gets_around_what_was_used(db, how):
    customer = await rich()
    plan_id, actor = (
        await start(customer, "weekly", 100, unit="节", most_fen=900),
        plan_actors.by_customer(customer.id),
    )
    await use(plan_id, 3, "a")
    if how == "pause":
        await plan_pauses.pause(actor, plan_id, key=key())
    elif how == "cancel":
        await plans.stop(actor, plan_id)
    else:
        with pytest.raises(plan_pauses.PeriodNotAhead):
            await plan_pauses.skip(actor, plan_id, 0, key=key())
    go(30)
    await deductions.run_due()
    assert await taken_fen(customer) == 300


@pytest.mark.parametrize(
    ("days", "catch_up", "charged"), [(3, "all", 4), (400, "all", 401), (3, "latest", 1), (400, "latest", 1)]
)
async def test_after_a_downtime_of_any_length_every_period_has_one_end(db, days, catch_up, charged):
    customer = await rich()
    plan_id = await start(customer, "daily", 10, catch_up=catch_up)
    go(days)
    assert (await deductions.run_due()).charged == charged
    assert (await deductions.run_due()).due == 0
    found = await outcomes(plan_id)
    assert len([one for one in found if one[2] == "charged"]) == charged
    assert [one[3] for one in found if one[2] == "waived"] == ["catch_up"] * (days + 1 - charged)
    assert await taken_fen(customer) == charged * 10


async def test_periods_are_made_only_so_far_ahead(db):
    plan_id = await start(await rich(), "daily")
    assert len(await outcomes(plan_id)) == 36
    go(1)
    assert (await horizon.run(), await horizon.run()) == (1, 0)
    yearly = await start(await rich(), "yearly")
    assert len(await outcomes(yearly)) == 1
    assert (await plans.one(yearly)).next_due_on == clock.today()


async def test_a_plan_that_makes_no_sense_keeps_no_others_waiting(db):
    broken, other = await start(await rich(), "daily"), await start(await rich(), "weekly")
    await database.execute(
        "UPDATE plan SET schedule = '{\"every\": \"moon\"}', ahead_on = '2000-01-01' WHERE id = $1", broken
    )
    go(7)
    assert await horizon.run() == 1
    assert len(await outcomes(other)) == 7
    await database.execute('UPDATE plan SET schedule = \'{"every": "day"}\' WHERE id = $1', broken)
    assert await horizon.run() == 7


async def test_a_deduction_is_told_ahead_once_and_not_when_it_is_too_late(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", notice_days=3)
    assert await plan_notices.run() == 0  # today's is too late to be told ahead
    go(4)
    assert (await plan_notices.run(), await plan_notices.run()) == (1, 0)
    row = await database.fetchrow("SELECT * FROM outbox_message WHERE kind = 'deduction_ahead'")
    assert row["stale_after"] == clock.start_of(clock.today() + 3 * DAY)
    waiting = [truth.Waiting(1, customer.id, "deduction_ahead", row["dedup_key"], {"plan_id": plan_id, "period_no": 1, "amount_fen": 3_000}, clock.now())]  # fmt: skip
    assert await truth.untrue(waiting) == {}
    await plan_pauses.skip(SHOP, plan_id, 1, key=key())
    assert await truth.untrue(waiting) == {1: "period_not_ahead"}
    await plan_pauses.pause(SHOP, plan_id, key=key())
    assert await truth.untrue(waiting) == {1: "plan_not_active"}
    await plan_pauses.resume(SHOP, plan_id, key=key())
    go(24)  # the clock was down: of what is due by now nobody is told any more, of what comes they are
    assert await plan_notices.run() == 0
    go(25)
    assert await plan_notices.run() == 1


async def test_of_a_plan_by_use_the_customer_is_told_what_was_used_so_far(db):
    customer = await rich()
    plan_id = await start(customer, "weekly", 100, unit="节", most_fen=900, notice_days=1)
    await use(plan_id, 3, "a")
    go(6)
    assert await plan_notices.run() == 1
    assert (
        await database.fetchval(
            "SELECT params ->> 'amount_fen' FROM outbox_message WHERE kind = 'usage_ahead'"
        )
        == "300"
    )


async def test_an_offer_is_changed_by_a_next_version_and_plans_keep_theirs(db):
    made = await offer()
    customer = await rich()
    await plans.subscribe(customer.id, offer_id=made.id, consent_version="1", key=key())
    asked = plan_offers.Asked("新月课", replace(made.terms, amount_fen=4_000), "2", "新条款")
    for one_click in [key()] * 2:
        changed = await plan_offers.get(int(await plan_offers.change(1, made.id, asked, key=one_click)))
    assert (changed.version_no, changed.first_id, changed.amount_fen) == (2, made.id, 4_000)
    assert [one.id for one in await plans.offers()] == [changed.id]
    with pytest.raises(plan_offers.NoSuchOffer):
        await plan_offers.change(1, made.id, asked, key=key())
    assert (await plans.page(customer.id))[0].amount_fen == 3_000
    await plan_offers.retire(changed.id)
    with pytest.raises(plans.NoSuchOffer):
        await plans.subscribe(customer.id, offer_id=changed.id, consent_version="2", key=key())


@pytest.mark.parametrize(
    ("rule", "more", "fault"),
    [
        (schedule.Schedule("month", day=1, nth=1, weekday=1), {}, plan_offers.WrongSchedule),
        ("monthly", {"unit": "节"}, plan_offers.WrongTerms),
        ("monthly", {"unit": "节", "most_fen": 1, "catch_up": "latest"}, plan_offers.WrongTerms),
        ("monthly", {"most_fen": 2_999}, plan_offers.WrongTerms),
        ("monthly", {"trial_periods": 1, "trial_fen": 3_001}, plan_offers.WrongTerms),
        (
            schedule.Schedule("dates", dates=(date(2027, 1, 1),)),
            {"on_pause": "shift"},
            plan_offers.WrongTerms,
        ),
    ],
)
async def test_terms_that_do_not_go_together_are_refused(db, rule, more, fault):
    with pytest.raises(fault):
        await offer(rule, **more)


async def test_a_plan_that_cannot_go_on_after_its_pause_keeps_nobody_back(db):
    everyone = [await start(await factories.customer(), "daily") for _ in range(3)]
    for plan_id in everyone:
        await plan_pauses.pause(SHOP, plan_id, until=clock.today() + timedelta(days=2), key=key())
    good = "SELECT schedule::text FROM plan WHERE id = $1"
    was = await database.fetchval(good, everyone[0])
    await database.execute("UPDATE plan SET schedule = '{}' WHERE id = $1", everyone[0])
    clock.set_offset(timedelta(days=2))
    assert await plan_pauses.resume_due() == 2
    await database.execute("UPDATE plan SET schedule = $2::jsonb WHERE id = $1", everyone[0], was)
    assert await plan_pauses.resume_due() == 1
