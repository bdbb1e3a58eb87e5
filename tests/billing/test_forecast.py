"""How long a balance lasts: from plans, bills and habit; and what is said when it falls below the alert line."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import bills, deductions, forecast, low_balance, plans, staff_alerts
from core import clock
from core import db as database
from ledger import accounts, holds
from notifications import templates
from shop import orders
from tests import factories

TODAY = date(2026, 11, 10)


def facts(available_fen, dues=(), spent_fen=(), known_days=60):
    return forecast.Facts(available_fen, TODAY, dues, spent_fen, known_days)


def due(fen, in_days, kind="plan", title="月课"):
    return forecast.Due(kind, title, fen, TODAY + timedelta(days=in_days))


dues = st.lists(st.builds(due, st.integers(1, 10_000), st.integers(0, 400)), max_size=8)
spent = st.lists(st.integers(1, 10_000), max_size=12)
money = st.integers(0, 100_000)
known = st.integers(1, 60)


def days(found):
    return forecast.HORIZON + 1 if found.days is None else found.days


@settings(deadline=None)
@given(money, st.integers(0, 50_000), dues, spent, known)
def test_more_balance_never_runs_out_earlier(available, more, owed, habit, known_days):
    less = forecast.forecast(facts(available, owed, habit, known_days))
    assert days(forecast.forecast(facts(available + more, owed, habit, known_days))) >= days(less)


@settings(deadline=None)
@given(money, dues, st.builds(due, st.integers(1, 10_000), st.integers(0, 400)), spent, known)
def test_one_more_plan_never_makes_it_last_longer(available, owed, more, habit, known_days):
    before = forecast.forecast(facts(available, owed, habit, known_days))
    assert days(forecast.forecast(facts(available, [*owed, more], habit, known_days))) <= days(before)


@settings(deadline=None)
@given(money, known)
def test_who_spends_nothing_never_runs_out(available, known_days):
    found = forecast.forecast(facts(available, (), (), known_days))
    assert (found.days, found.runs_out_on, found.parts, found.spends) == (None, None, (), False)


@settings(deadline=None)
@given(money, dues, spent, known)
def test_the_day_it_runs_out_is_the_first_the_balance_does_not_cover(available, owed, habit, known_days):
    found = forecast.forecast(facts(available, owed, habit, known_days))
    total = sum(part.amount_fen for part in found.parts)
    if found.days is None:
        assert total <= available
    else:
        assert found.runs_out_on == TODAY + timedelta(days=found.days) and total > available


def test_a_plan_counts_on_the_very_day_it_falls_due():
    monthly = [due(3_000, 5), due(3_000, 35), due(3_000, 65)]
    assert forecast.forecast(facts(5_999, monthly)).runs_out_on == TODAY + timedelta(days=35)
    assert forecast.forecast(facts(6_000, monthly)).runs_out_on == TODAY + timedelta(days=65)
    assert forecast.forecast(facts(9_000, monthly)).days is None


def test_one_big_order_does_not_shorten_it_by_months():
    habit = [500] * 12
    usual = forecast.forecast(facts(10_000, (), habit))
    with_one = forecast.forecast(facts(10_000, (), [*habit, 100_000]))
    assert (usual.days, with_one.days) == (101, 81)


def test_a_habit_of_few_days_is_an_early_guess():
    assert forecast.forecast(facts(1_000, (), [100, 100, 100], 13)).is_early
    assert forecast.forecast(facts(1_000, (), [100, 100], 60)).is_early
    assert not forecast.forecast(facts(1_000, (), [100, 100, 100], 14)).is_early
    assert forecast.forecast(facts(700, (), [700], 1)).days == 8, (
        "one purchase on the first day is not every day's"
    )


async def bought(customer_id, fen):
    sku = await factories.sku(fen)
    order = await orders.place(customer_id, [orders.Wanted(sku.id, 1)], key=factories.key())
    return await orders.pay(customer_id, order.order_no, key=factories.key())


async def test_it_is_made_of_plans_bills_and_habit(db):
    customer = await factories.customer(principal=20_000)
    await factories.plan(customer.id, 3_000)
    await deductions.run_due()
    new = bills.NewBill(customer.id, "茶会", "x:1", 2_000, clock.now() + timedelta(days=3), "full", False)
    await bills.issue([new])
    await bought(customer.id, 700)
    refunded = await bought(customer.id, 900)
    await orders.cancel(customer.id, refunded.order_no)
    found = await forecast.of(customer.id)
    assert found.available_fen == 16_300 and found.is_early and found.per_day_fen == 100
    assert [(part.kind, part.title) for part in found.parts] == [
        ("bill", "茶会"), ("plan", "茶艺月课"), ("habit", ""),
    ]  # fmt: skip
    assert sum(part.amount_fen for part in found.parts) > 16_300
    assert found.runs_out_on == clock.today() + timedelta(days=found.days)


async def test_a_plan_counts_for_a_year_ahead_though_its_periods_are_not_written_yet(db):
    customer = await factories.customer(principal=100_000)
    await factories.plan(customer.id, 3_000)
    await deductions.run_due()
    found = await forecast.of(customer.id)
    assert [(part.kind, part.amount_fen) for part in found.parts] == [("plan", 12 * 3_000)]


async def test_falling_below_the_line_tells_how_long_it_lasts_and_alerts_the_shop_once(db):
    customer = await factories.customer(principal=10_000, threshold_fen=5_000)
    await bought(customer.id, 6_000)
    params = await database.fetchval(
        "SELECT params::text FROM outbox_message WHERE kind = 'low_balance' AND customer_id = $1", customer.id
    )
    read = templates.read("low_balance", json.loads(params))
    assert "还能用 5 天" in read.body and (clock.today() + timedelta(days=5)).isoformat() in read.body
    (alert,) = await staff_alerts.page(is_open=True)
    assert alert.kind == "low_balance" and "小林" in alert.text("zh-CN")
    assert await low_balance.resolve_recovered() == 0
    await factories.topped_up(customer.id, 3_000)
    assert await low_balance.resolve_recovered() == 1
    await bought(customer.id, 3_000)
    assert [one.resolved_at is None for one in await staff_alerts.page()] == [True, False]


async def test_a_plan_has_an_alert_line_of_its_own(db):
    customer = await factories.customer(principal=9_000)
    plan = await factories.plan(customer.id, 3_000, "daily")
    assert (await plans.set_warning(customer.id, plan.id, 2)).warn_periods == 2
    await deductions.run_due()
    assert await low_balances(customer.id) == []
    clock.set_offset(timedelta(days=1))
    await deductions.run_due()
    assert await low_balances(customer.id) == [6_000]
    assert (await plans.set_warning(customer.id, plan.id, None)).warn_periods is None


@pytest.mark.parametrize(
    ("principal", "bonus", "held", "line"),
    [(1_200, 300, 0, 1_200), (1_500, 0, 200, 1_000), (1_900, 0, 0, 1_900)],
    ids=["with bonus", "but for what is held", "from the very line"],
)
async def test_a_due_run_sees_the_line_crossed_by_all_that_can_be_spent(db, principal, bonus, held, line):
    customer = await factories.customer(principal=principal, bonus=bonus, threshold_fen=line)
    if held:
        await holds.place(accounts.of_customer(customer.id), reference="h", amount_fen=held)
    await factories.plan(customer.id, 400, "daily")
    await deductions.run_due()
    assert await low_balances(customer.id) == [line]


async def test_the_highest_of_the_lines_counts_of_plans_that_have_one(db):
    customer = await factories.customer(principal=1_700, threshold_fen=100)
    made = [await factories.plan(customer.id, fen, "daily") for fen in (300, 200, 100)]
    for plan, periods in zip(made, (5, 2, None), strict=True):
        await plans.set_warning(customer.id, plan.id, periods)
    await deductions.run_due()
    assert await low_balances(customer.id) == [1_500]


async def low_balances(customer_id):
    rows = await database.fetch(
        "SELECT (params ->> 'threshold_fen')::int FROM outbox_message WHERE kind = 'low_balance' AND customer_id = $1",
        customer_id,
    )
    return [row[0] for row in rows]
