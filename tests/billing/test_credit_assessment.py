"""Credit assessment: rules anybody can check, each with the facts it saw; the limit they suggest has a ceiling."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from billing import credit_assessment, credit_limits, deductions, quarantine
from core import clock, words
from shop import orders
from tests import factories

AT = datetime(2026, 11, 25, tzinfo=UTC)
GOOD = credit_assessment.Facts(
    months=12, top_ups=9, top_up_months=6, spent_by_month_fen=[30_000, 50_000, 40_000, 45_000, 38_000, 42_000],
    on_time=10, late=0, overdue=0, quarantined=0, rejected=0,
)  # fmt: skip


def assess(facts, ceiling_fen=200_000):
    return credit_assessment.assess(facts, ceiling_fen=ceiling_fen, at=AT)


def test_a_good_customer_gets_a_typical_months_spending():
    found = assess(GOOD)
    assert [rule.points for rule in found.rules] == [20, 15, 15, 20, 30, 0, 0, 0]
    assert (found.points, found.monthly_fen, found.suggested_fen) == (100, 41_000, 41_000)
    assert assess(GOOD, ceiling_fen=12_345).suggested_fen == 12_000


def test_what_went_wrong_takes_points_up_to_a_bound():
    found = assess(replace(GOOD, overdue=3, quarantined=5, rejected=9))
    assert [rule.points for rule in found.rules][-3:] == [-40, -20, -30]
    assert (found.points, found.suggested_fen) == (10, 0)
    assert assess(replace(GOOD, on_time=5, late=5)).points == 85


def test_nobody_known_gets_nothing():
    facts = credit_assessment.Facts(0, 0, 0, [0] * 6, 0, 0, 0, 0, 0)
    assert (assess(facts).points, assess(facts).suggested_fen) == (0, 0)
    assert "暂不建议" in assess(facts).text("zh-CN")


counts = st.integers(0, 500)


@settings(deadline=None)
@given(
    st.builds(
        credit_assessment.Facts, counts, counts, st.integers(0, 6),
        st.lists(st.integers(0, 10**12), min_size=6, max_size=6), counts, counts, counts, counts, counts,
    ),
    st.integers(0, 10**6),
)  # fmt: skip
def test_it_stays_within_its_bounds_and_says_why_in_both_languages(facts, ceiling_fen):
    found = assess(facts, ceiling_fen)
    assert 0 <= found.points <= 100 and 0 <= found.suggested_fen <= min(ceiling_fen, found.monthly_fen)
    for rule in found.rules:
        assert rule.points <= rule.most
        assert all(rule.text(locale).startswith(f"{rule.points:+d}") for locale in words.LOCALES)
    worse = assess(replace(facts, overdue=facts.overdue + 1), ceiling_fen)
    assert worse.points <= found.points and worse.suggested_fen <= found.suggested_fen


async def test_the_facts_are_the_customers_own_history(db):
    clock.set_offset(-timedelta(days=100))
    customer = await factories.customer(principal=20_000)
    await factories.customer("别人", principal=90_000)
    await factories.plan(customer.id, 3_000)
    for days in range(-100, -9):  # a clock that comes every day: what is paid late is the customer's doing
        clock.set_offset(timedelta(days=days))
        await deductions.run_due()
    clock.set_offset(timedelta())
    sku = await factories.sku(1_000)
    for _ in range(2):
        placed = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
        await orders.pay(customer.id, placed.order_no, key=factories.key())
    await orders.cancel(customer.id, placed.order_no)
    found = await credit_assessment.of(customer.id)
    seen = {rule.code: rule.facts for rule in found.rules}
    assert seen["tenure"] == {"months": 3}
    assert seen["top_ups"]["count"] == 1
    assert seen["activity"]["months"] >= 2
    assert seen["on_time"]["bills"] >= 2 and seen["on_time"]["on_time"] == seen["on_time"]["bills"]
    assert seen["overdue"] == {"count": 0} and await quarantine.page() == []


async def test_the_assessment_a_limit_was_set_from_is_kept_as_it_stood(db):
    customer = await factories.customer(principal=20_000)
    await credit_limits.set_limit(
        1, customer.id, limit_fen=100, automatic_only=True, reason="试用", assessed=True, key=factories.key()
    )  # fmt: skip
    (change,) = await credit_limits.changes(customer.id)
    assert change.assessment["rules"][1]["facts"] == {"count": 1, "of": 12}
    assert change.assessment["suggested_fen"] == 0 and change.automatic_only
