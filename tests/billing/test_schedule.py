"""The calendar of plans, over a hundred years: every rule is total, no period is skipped or doubled, order is kept."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing import plans_ahead, schedule, workdays
from core import clock
from tests import factories

DAY = timedelta(days=1)
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
closed = st.sampled_from(["as_is", "before", "after", "skip"])
short = st.sampled_from(["last_day", "next_day", "skip"])
Schedule = schedule.Schedule


def on_weekdays(chosen):
    return tuple(sorted(chosen))


rules = st.one_of(
    st.builds(Schedule, st.just("day"), st.integers(1, 99), closed_days=closed),
    st.builds(
        Schedule, st.just("week"), st.integers(1, 60), st.sets(st.integers(1, 7)).map(on_weekdays), closed_days=closed
    ),
    st.builds(
        Schedule, st.just("month"), st.integers(1, 60), day=st.none() | st.integers(1, 31), short_months=short, closed_days=closed
    ),
    st.builds(
        Schedule, st.just("month"), st.integers(1, 60), nth=st.sampled_from([1, 2, 3, 4, -1]), weekday=st.integers(1, 7),
        closed_days=closed,
    ),
    st.builds(
        lambda every, month, day, short, closed: Schedule("year", every, month=month, day=day, short_months=short, closed_days=closed),
        st.integers(1, 20), st.integers(1, 12), st.integers(1, 31), short, closed,
    ),
    st.builds(
        Schedule, st.just("dates"), dates=st.sets(days, min_size=1, max_size=12).map(on_weekdays), closed_days=closed
    ),
).filter(lambda rule: rule.fault() is None)  # fmt: skip


def following(rule, start, count):
    """The first days of an anchored rule."""
    found = [schedule.first(rule, start)]
    while found[-1] is not None and len(found) < count:
        found.append(schedule.after(rule, found[-1]))
    return [day for day in found if day is not None]


def is_of(rule, start, day):
    """Whether a day is one of the rule's, said without steps: by looking at the day."""
    if rule.every == "dates":
        return day in rule.dates
    if rule.every == "day":
        return (day - start).days % rule.interval == 0
    if rule.every == "week":
        return day.isoweekday() in rule.weekdays
    if rule.nth is not None:
        last = (day + 7 * DAY).month != day.month
        return day.isoweekday() == rule.weekday and (
            last if rule.nth == -1 else (day.day + 6) // 7 == rule.nth
        )
    months = range(1, 13) if rule.month is None else [rule.month]
    if day.day == rule.day and day.month in months:
        return True
    if rule.short_months == "last_day":
        return day.month in months and day.day < rule.day and (day + DAY).day == 1
    eve = day - DAY
    return rule.short_months == "next_day" and day.day == 1 and eve.month in months and eve.day < rule.day


@settings(max_examples=300, deadline=None)
@given(rule=rules, start=days)
def test_every_rule_is_total_and_its_days_are_its_own_and_increase(rule, start):
    rule = schedule.anchored(rule, start)
    assert rule.fault() is None and schedule.read(schedule.written(rule)) == rule
    found = following(rule, start, 30)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(day >= start and is_of(rule, start, day) for day in found)
    if rule.closed_days == "skip":
        assert all(map(workdays.is_workday, found))


@settings(max_examples=150, deadline=None)
@given(rule=rules, start=days)
def test_no_day_of_a_rule_that_counts_every_turn_is_left_out(rule, start):
    assume(rule.interval == 1 or rule.every == "day")
    rule = schedule.anchored(rule, start)
    found = following(rule, start, 10)
    assume(found)
    wanted = [day for n in range((found[-1] - start).days + 1) if is_of(rule, start, day := start + n * DAY)]
    if rule.closed_days == "skip":
        wanted = [day for day in wanted if workdays.is_workday(day)]
    assert found == wanted


@settings(max_examples=200, deadline=None)
@given(rule=rules, start=days)
def test_moving_to_business_days_keeps_the_order_and_lands_on_one(rule, start):
    found = following(schedule.anchored(rule, start), start, 30)
    due = [schedule.due_on(rule, day) for day in found]
    assert due == sorted(due)
    if rule.closed_days in ("before", "after"):
        assert all(map(workdays.is_workday, due))
        assert all(abs((on - day).days) <= 11 for on, day in zip(due, found, strict=True))
    else:
        assert due == found


@settings(max_examples=200, deadline=None)
@given(
    rule=rules, start=days, first=st.sampled_from(["whole", "by_day", "full"]), unit=st.none() | st.just("节"),
    ends=st.none() | st.integers(0, 4000), periods=st.none() | st.integers(1, 40), trial=st.integers(0, 3),
)  # fmt: skip
def test_periods_follow_each_other_without_a_gap_and_are_due_in_order(
    rule, start, first, unit, ends, periods, trial
):
    terms = plans_ahead.Terms(
        schedule.anchored(rule, start), 3_100, unit, 40_000 if unit else None, trial, 100, first
    )
    span = plans_ahead.Span(start, None if ends is None else start + ends * DAY, periods)
    price = plans_ahead.Price(3_100)
    found, place, _ = plans_ahead.until(terms, span, price, plans_ahead.begin(terms, span), date.max, most=40)
    assert [one.period_no for one in found] == list(range(len(found))) and place.period_no == len(found)
    assert periods is None or len(found) <= periods
    for earlier, later in pairwise(found):
        assert earlier.covers_from <= earlier.covers_to < later.covers_from and earlier.due_on <= later.due_on
        assert later.covers_from == earlier.covers_to + DAY
    for one in found:
        assert start <= one.covers_from and one.due_on >= start
        assert span.ends_on is None or one.covers_to <= span.ends_on
        assert (one.amount_fen is None) if unit else 0 <= one.amount_fen <= 3_100
        assert (
            unit is None
            or one.due_on > one.covers_to
            or rule.closed_days == "before"
            or one.covers_to == date.max
        )


@given(start=days, cut=st.integers(0, 30), days_ahead=st.integers(0, 900))
def test_made_in_pieces_the_periods_are_the_same(start, cut, days_ahead):
    terms = plans_ahead.Terms(Schedule("month", day=31, closed_days="after"), 900, first_period="by_day")
    span, price, until = plans_ahead.Span(start), plans_ahead.Price(900), start + days_ahead * DAY
    whole, place, due = plans_ahead.until(terms, span, price, plans_ahead.begin(terms, span), until)
    first, between, _ = plans_ahead.until(terms, span, price, plans_ahead.begin(terms, span), until, most=cut)
    rest, at_last, due_at_last = plans_ahead.until(terms, span, price, between, until)
    assert (first + rest, at_last, due_at_last) == (whole, place, due)


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        (schedule.of_cycle("monthly"), "2027-01-31", ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
        (Schedule("month", day=31, short_months="next_day"), "2027-01-31", ["2027-01-31", "2027-03-01", "2027-03-31", "2027-05-01"]),
        (Schedule("month", day=31, short_months="skip"), "2027-01-31", ["2027-01-31", "2027-03-31", "2027-05-31", "2027-07-31"]),
        (schedule.of_cycle("yearly"), "2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        (Schedule("year", short_months="next_day"), "2024-02-29", ["2024-02-29", "2025-03-01", "2026-03-01", "2027-03-01", "2028-02-29"]),
        (Schedule("year", short_months="skip"), "2096-02-29", ["2096-02-29", "2104-02-29"]),
        (Schedule("month", nth=-1, weekday=5), "2026-11-01", ["2026-11-27", "2026-12-25", "2027-01-29"]),
        (Schedule("month", 3, nth=1, weekday=1), "2026-11-01", ["2026-11-02", "2027-02-01", "2027-05-03"]),
        (Schedule("week", 2, (1, 4)), "2026-11-25", ["2026-11-26", "2026-12-07", "2026-12-10", "2026-12-21"]),
        (Schedule("dates", dates=(date(2026, 12, 1), date(2027, 3, 1))), "2026-11-25", ["2026-12-01", "2027-03-01"]),
        (Schedule("day", closed_days="skip"), "2026-09-29", ["2026-09-29", "2026-09-30", "2026-10-08", "2026-10-09", "2026-10-10", "2026-10-12"]),
    ],
)  # fmt: skip
def test_well_known_days(rule, start, expected):
    start = date.fromisoformat(start)
    found = following(schedule.anchored(rule, start), start, len(expected))
    assert [str(day) for day in found] == expected


def test_the_spring_festival_and_its_make_up_days():
    """2026: off from 15 to 23 February, worked on Saturday 14 and Saturday 28."""
    after, before = Schedule("day", closed_days="after"), Schedule("day", closed_days="before")
    assert schedule.due_on(after, date(2026, 2, 16)) == date(2026, 2, 24)
    assert schedule.due_on(before, date(2026, 2, 16)) == date(2026, 2, 14)
    assert schedule.due_on(after, date(2026, 2, 28)) == date(2026, 2, 28)


def test_two_weeks_in_one_holiday_stay_two_periods_due_the_same_day():
    terms = plans_ahead.Terms(Schedule("week", weekdays=(1,), closed_days="after"), 100)
    span = plans_ahead.Span(date(2026, 2, 16))
    found, _, _ = plans_ahead.until(
        terms, span, plans_ahead.Price(100), plans_ahead.begin(terms, span), date(2026, 3, 2)
    )
    assert [(one.period_no, str(one.covers_from), str(one.due_on)) for one in found] == [
        (0, "2026-02-16", "2026-02-24"), (1, "2026-02-23", "2026-02-24"), (2, "2026-03-02", "2026-03-02"),
    ]  # fmt: skip


def test_of_a_year_nobody_has_announced_only_the_weekends_are_known():
    year = workdays.known_through() + 1
    assert not workdays.is_known(date(year, 1, 1))
    for n in range(366):
        day = date(year, 1, 1) + n * DAY
        assert workdays.is_workday(day) == (day.isoweekday() <= 5)


@pytest.mark.parametrize(
    "rule",
    [
        Schedule("day", 0), Schedule("week", weekdays=(0,)), Schedule("week", weekdays=(3, 1)), Schedule("day", weekdays=(1,)),
        Schedule("month", day=32), Schedule("month", nth=5, weekday=1), Schedule("month", nth=1), Schedule("month", nth=1, weekday=1, day=1),
        Schedule("year", month=2, day=30), Schedule("year", day=1), Schedule("dates"), Schedule("day", dates=(date(2026, 1, 1),)),
        Schedule("dates", dates=(date(2026, 1, 2), date(2026, 1, 1))), Schedule("week", weekdays=(6, 7), closed_days="skip"),
        Schedule("month", nth=1, weekday=7, closed_days="skip"), Schedule("week", month=1), Schedule("day", 100),
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_that_contradicts_itself_is_found_out(rule):
    assert rule.fault() is not None


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        (Schedule("month", day=1), "2026-11-16", 15 * 3_100 // 30),
        (Schedule("month", day=1), "2027-02-27", 2 * 3_100 // 28),
        (Schedule("week", weekdays=(1,)), "2026-11-25", 5 * 3_100 // 7),
        (Schedule("year", month=1, day=1), "2026-12-31", 3_100 // 365),
        (Schedule("month", day=16), "2026-11-16", 3_100),
    ],
)
def test_a_first_part_of_a_period_costs_its_days(rule, start, expected):
    span = plans_ahead.Span(date.fromisoformat(start))
    terms = plans_ahead.Terms(rule, 3_100, first_period="by_day")
    ahead, _ = plans_ahead.following(terms, span, plans_ahead.Price(3_100), plans_ahead.begin(terms, span))
    assert (ahead.amount_fen, ahead.covers_from, ahead.due_on) == (expected, span.started_on, span.started_on)


async def test_a_shop_in_another_zone_has_its_own_days(db):
    """A change of the zone moves where days begin, not which periods there are."""
    customer = await factories.customer(principal=1_000)
    try:
        clock.set_zone("Pacific/Kiritimati")
        plan = await factories.plan(customer.id, 100, cycle="daily")
        assert plan.started_on == clock.today()
        clock.set_zone("Pacific/Niue")
        from billing import deductions, horizon

        before = clock.today()
        assert before < plan.started_on
        assert (await deductions.run_due()).due == 0
        clock.set_offset(plan.started_on - before + timedelta(days=2))
        assert await deductions.run_due() == deductions.DueRun(3, 3)
        await horizon.run()
    finally:
        clock.set_zone("Asia/Shanghai")
