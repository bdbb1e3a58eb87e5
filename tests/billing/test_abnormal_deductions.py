"""Unusual deductions are told, or held until an operator decides; each hold ends once, whoever comes first."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import (
    abnormal,
    bills,
    collecting,
    combined,
    credit_limits,
    deduction_rules,
    deductions,
    payments,
    reviews,
    staff_alerts,
)
from core import clock
from core import db as database
from ledger import accounts, credit_line, proof
from shop import orders
from tests import factories
from tests.billing.test_credit_limits import set_limit

OPERATOR, OTHER = 1, 2


async def rule(kind="size", action="hold", tells_customer=False, **params):
    return await deduction_rules.add(
        name="大额", kind=kind, params=params or {"at_least_fen": 500}, action=action, tells_customer=tells_customer
    )  # fmt: skip


async def ordered(customer_id, price_fen=600):
    sku = await factories.sku(price_fen)
    return (await orders.place(customer_id, [orders.Wanted(sku.id, 1)], key=factories.key())).order_no


async def pay(customer_id, order_no, key=None):
    return await orders.pay(customer_id, order_no, key=key or factories.key())


async def under_review(principal=1000, price_fen=600, **more):
    """A customer, their order and the review its payment waits for."""
    customer = (await factories.customer(principal=principal, **more)).id
    await rule()
    order_no = await ordered(customer, price_fen)
    assert (await pay(customer, order_no)).under_review
    (waiting,) = await reviews.page(state="waiting", customer_id=customer)
    return customer, order_no, waiting.review_no


async def told(customer_id):
    rows = await database.fetch(
        "SELECT kind FROM outbox_message WHERE customer_id = $1 ORDER BY id", customer_id
    )
    return [row[0] for row in rows]


async def alerts():
    return [alert.kind for alert in await staff_alerts.page(is_open=True)]


async def state(review_no):
    return (await reviews.get(review_no)).state


# rules

AT = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai


def seen(amount_fen, *before, balance_fen=10_000, at=AT, every_min=10):
    lately = [
        deduction_rules.Deduction(fen, at - timedelta(minutes=every_min * nth))
        for nth, fen in enumerate(before, 1)
    ]
    return deduction_rules.Seen(amount_fen, balance_fen, at, lately)


@pytest.mark.parametrize(
    ("test", "case", "meets"),
    [
        (deduction_rules.Size(at_least_fen=500), seen(500), True),
        (deduction_rules.Size(at_least_fen=500), seen(499), False),
        (deduction_rules.Size(share_percent=50), seen(5_000), True),
        (deduction_rules.Size(share_percent=50), seen(4_999), False),
        (deduction_rules.Size(at_least_fen=9_000, share_percent=50), seen(5_000), True),
        (deduction_rules.Frequency(more_than=2, minutes=30), seen(1, 1, 1), True),
        (deduction_rules.Frequency(more_than=2, minutes=20), seen(1, 1, 1), False),
        (deduction_rules.Frequency(more_than=3, minutes=60), seen(1, 1, 1), False),
        (deduction_rules.Hour(from_hour=23, to_hour=6), seen(1), True),
        (deduction_rules.Hour(from_hour=22, to_hour=23), seen(1), False),
        (deduction_rules.Hour(from_hour=23, to_hour=24), seen(1), True),
        (deduction_rules.Hour(from_hour=23, to_hour=0), seen(1), True),
        (deduction_rules.Hour(from_hour=0, to_hour=6), seen(1), False),
        (deduction_rules.Deviation(percent=300, last=5, least=3), seen(301, 100, 100, 900), True),
        (deduction_rules.Deviation(percent=300, last=5, least=3), seen(300, 100, 100, 900), False),
        (deduction_rules.Deviation(percent=300, last=5, least=4), seen(301, 100, 100, 900), False),
        (deduction_rules.Deviation(percent=200, last=2, least=2), seen(302, 101, 200, 9_000), True),
        (deduction_rules.Deviation(percent=200, last=2, least=2), seen(301, 101, 200, 9_000), False),
    ],
)
def test_what_a_rule_finds_unusual(test, case, meets):
    assert (test.meets(case) is not None) is meets


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 10**9), min_size=3, max_size=20), st.integers(1, 10**12), st.integers(100, 1000)
)
def test_more_than_an_unusual_amount_is_unusual_too(own, amount, percent):
    deviates = deduction_rules.Deviation(percent=percent, last=20, least=3)
    if deviates.meets(seen(amount, *own)) is not None:
        assert deviates.meets(seen(amount + 1, *own)) is not None
        assert amount > min(own)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("size", {}),
        ("size", {"at_least_fen": 0}),
        ("size", {"share_percent": 101}),
        ("size", {"minutes": 3}),
        ("frequency", {"more_than": 101, "minutes": 5}),
        ("frequency", {"more_than": 1}),
        ("hour", {"from_hour": 24, "to_hour": 3}),
        ("hour", {"from_hour": 0, "to_hour": 24}),
        ("hour", {"from_hour": 5, "to_hour": 5}),
        ("deviation", {"percent": 99, "last": 5, "least": 5}),
        ("deviation", {"percent": 300, "last": 5, "least": 6}),
        ("weather", {}),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(db, kind, params):
    with pytest.raises(deduction_rules.RuleInvalid):
        await rule(kind, **(params or {"nothing": 1}))


async def test_rules_are_changed_and_put_out_of_force(db):
    made = await rule()
    assert await abnormal.active()
    with pytest.raises(deduction_rules.RuleInvalid):
        await deduction_rules.change(made.id, kind="hour", params={"from_hour": 1, "to_hour": 2})
    changed = await deduction_rules.change(made.id, name="很大", params={"share_percent": 90}, active=False)
    assert (changed.name, changed.kind, changed.action) == ("很大", "size", "hold")
    assert not await abnormal.active()
    with pytest.raises(deduction_rules.NoSuchRule):
        await deduction_rules.change(10**6, name="x")


# telling


async def test_an_alert_tells_the_shop_and_where_asked_the_customer_and_the_deduction_goes_on(db):
    customer = (await factories.customer(principal=2000)).id
    quiet = await rule(action="alert")
    assert (await pay(customer, await ordered(customer))).state == "paid"
    assert await alerts() == ["abnormal_deduction"] and "abnormal_deduction" not in await told(customer)
    await deduction_rules.change(quiet.id, tells_customer=True)
    await pay(customer, await ordered(customer))
    assert await alerts() == ["abnormal_deduction"] * 2 and "abnormal_deduction" in await told(customer)
    (first, _) = await staff_alerts.page(is_open=True)
    assert "大额" in first.text("zh-CN")
    await staff_alerts.seen_to(first.id)
    assert len(await alerts()) == 1
    with pytest.raises(staff_alerts.NoSuchAlert):
        await staff_alerts.seen_to(10**6)


async def test_each_part_of_a_bill_is_told_the_balances_share_of_a_combined_payment_too(db):
    customer = (await factories.customer(principal=100)).id
    await rule(action="alert", tells_customer=True, at_least_fen=10)
    bill_no = await factories.bill(customer, 500, collect_mode="partial")
    await collecting.pay(customer, bill_no, amount_fen=60, key=factories.key())
    wanted = combined.Wanted(40, "wechat_pay", "native", None)
    started = await combined.start(factories.open_channels(), customer, bill_no, wanted, key=factories.key())
    assert await payments.confirm(factories.trade(started)) == "settled"
    assert (await told(customer)).count("abnormal_deduction") == 2


async def test_what_was_not_taken_is_not_told(db):
    customer = (await factories.customer(principal=100)).id
    await rule(action="alert")
    await rule(action="hold")
    with pytest.raises(orders.InsufficientBalance):
        await pay(customer, await ordered(customer))
    assert await alerts() == [] and await reviews.page() == []


async def test_the_customers_own_habit_is_what_counts(db):
    customer = (await factories.customer(principal=10_000)).id
    await rule("deviation", percent=300, last=10, least=3)
    for price in (100, 120, 90):
        await pay(customer, await ordered(customer, price))
    assert (await pay(customer, await ordered(customer, 300))).state == "paid"
    assert (await pay(customer, await ordered(customer, 331))).under_review
    (waiting,) = await reviews.page()
    assert waiting.findings[0].facts == {"amount_fen": 331, "median_fen": 110, "count": 4}
    assert "中位数" in waiting.findings[0].text("zh-CN")


# holding


async def test_a_held_payment_waits_with_its_money_on_hold_and_is_not_paid_twice(db):
    customer, order_no, _ = await under_review()
    order = await orders.get(customer, order_no)
    assert (order.state, order.under_review) == ("placed", True)
    balance = await accounts.balance(customer)
    assert (balance.balance_fen, balance.held_fen) == (1000, 600)
    assert (await told(customer))[-1] == "under_review" and await alerts() == ["deduction_review"]
    with pytest.raises(orders.BillUnderReview):
        await pay(customer, order_no)
    assert (await orders.page(customer))[0].under_review


async def test_the_same_key_gets_the_same_answer(db):
    customer = (await factories.customer(principal=1000)).id
    await rule()
    order_no, key = await ordered(customer), factories.key()
    answers = await asyncio.gather(*(pay(customer, order_no, key) for _ in range(3)))
    assert all(answer.under_review for answer in answers)
    assert len(await reviews.page()) == 1


async def test_approved_it_is_paid_as_if_paid_then(db):
    customer, order_no, review_no = await under_review()
    done = await reviews.approve(OPERATOR, review_no, reason="已核实", key=factories.key())
    assert (done.state, done.decided_by, done.reason) == ("approved", "operator:1", "已核实")
    assert (await orders.get(customer, order_no)).state == "paid"
    assert await factories.balance(customer) == (400, 0)
    assert (await accounts.balance(customer)).held_fen == 0
    assert (await told(customer))[-1] == "deducted" and await alerts() == []
    await orders.cancel(customer, order_no)
    assert await factories.balance(customer) == (1000, 0)


async def test_rejected_the_money_is_free_and_the_order_is_still_open(db):
    customer, order_no, review_no = await under_review()
    done = await reviews.reject(OPERATOR, review_no, key=factories.key())
    assert done.state == "rejected" and (await told(customer))[-1] == "review_ended"
    assert (await accounts.balance(customer)).available_fen == 1000
    assert (await orders.get(customer, order_no)).state == "placed"
    assert (await pay(customer, order_no)).under_review, "asked again, it is looked at again"


async def test_a_review_nobody_decides_on_ends_and_can_no_longer_be_decided(db):
    customer, _, review_no = await under_review()
    assert await reviews.expire_due() == 0
    clock.set_offset(timedelta(hours=24, minutes=1))
    with pytest.raises(reviews.ReviewEnded):
        await reviews.approve(OPERATOR, review_no, key=factories.key())
    assert await reviews.expire_due() == 1
    assert await state(review_no) == "expired" and (await accounts.balance(customer)).held_fen == 0
    assert await reviews.expire_due() == 0


async def test_an_order_under_review_does_not_expire_until_the_review_has_ended(db):
    customer, order_no, review_no = await under_review()
    clock.set_offset(orders.UNPAID_LIFETIME + timedelta(minutes=1))
    assert await orders.expire_unpaid() == 0
    await reviews.reject(OPERATOR, review_no, key=factories.key())
    assert await orders.expire_unpaid() == 1
    assert (await orders.get(customer, order_no)).state == "cancelled"


async def test_the_customer_cancels_the_order_and_the_review_is_off(db):
    customer, order_no, review_no = await under_review()
    await orders.cancel(customer, order_no)
    ended = await reviews.get(review_no)
    assert (ended.state, ended.decided_by) == ("withdrawn", f"customer:{customer}")
    assert (await accounts.balance(customer)).available_fen == 1000 and await alerts() == []
    with pytest.raises(reviews.ReviewEnded):
        await reviews.approve(OPERATOR, review_no, key=factories.key())


async def test_a_due_run_holds_the_unusual_ones_and_takes_the_others(db):
    people = [(await factories.customer(principal=9_000)).id for _ in range(3)]
    await rule(at_least_fen=5_000)
    for who, fen in zip(people, (4_000, 6_000, 4_500), strict=True):
        await factories.plan(who, fen)
    assert await deductions.run_due() == deductions.DueRun(3, 2)
    (waiting,) = await reviews.page(state="waiting")
    assert (waiting.customer_id, waiting.asked_by) == (people[1], "clock")
    assert "payment_due" not in await told(people[1]), "the money is there; nobody is asked to top up"
    await factories.topped_up(people[1], 100)  # what comes in does not take what is being looked at
    assert await state(waiting.review_no) == "waiting"
    await reviews.reject(OPERATOR, waiting.review_no, key=factories.key())
    await factories.topped_up(people[1], 100)  # and what was found wrong is not taken unasked any more
    assert await reviews.page(state="waiting") == []
    (owed,) = await bills.page(people[1], states=bills.OWED)
    assert owed.owed_fen == 6_000 and not owed.automatic


async def test_frequency_counts_the_bills_of_the_same_set(db):
    customer = (await factories.customer(principal=9_000)).id
    await rule("frequency", more_than=2, minutes=60)
    for _ in range(4):
        await factories.plan(customer, 1_000)
    assert await deductions.run_due() == deductions.DueRun(4, 2)
    assert len(await reviews.page(state="waiting")) == 2


async def test_a_held_payment_may_be_on_credit_and_a_rejected_one_pays_it_back(db):
    customer = (await factories.customer(principal=100)).id
    await credit_limits.set_limit(
        OPERATOR, customer, limit_fen=1000, automatic_only=False, reason="r", assessed=False, key=factories.key()
    )  # fmt: skip
    await rule()
    order_no = await ordered(customer, 600)
    for decide, used_fen in ((reviews.reject, 0), (reviews.approve, 500)):
        await pay(customer, order_no)
        (waiting,) = await reviews.page(state="waiting")
        assert waiting.drawn_fen == 500 and (await credit_line.of(customer)).used_fen == 500
        await decide(OPERATOR, waiting.review_no, key=factories.key())
        assert (await credit_line.of(customer)).used_fen == used_fen
    assert (await orders.get(customer, order_no)).state == "paid"


# at once


def kinds(outcomes, refusal):
    assert all(not isinstance(one, Exception) or isinstance(one, refusal) for one in outcomes), outcomes
    return [isinstance(one, Exception) for one in outcomes]


async def test_two_payments_at_the_edge_of_a_frequency_rule_are_judged_one_after_the_other(db):
    customer = (await factories.customer(principal=9_000)).id
    await rule("frequency", more_than=1, minutes=60)
    numbers = [await ordered(customer) for _ in range(4)]
    done = await asyncio.gather(*(pay(customer, number) for number in numbers))
    assert sorted(one.under_review for one in done) == [False, True, True, True]


@pytest.mark.parametrize("times", range(3))
async def test_approved_and_rejected_at_once_is_one_of_them(db, times):
    customer, order_no, review_no = await under_review()
    done = await asyncio.gather(
        reviews.approve(OPERATOR, review_no, key=factories.key()),
        reviews.reject(OTHER, review_no, key=factories.key()),
        reviews.approve(OTHER, review_no, key=factories.key()),
        return_exceptions=True,
    )
    assert sorted(kinds(done, reviews.ReviewEnded)) == [False, True, True]
    paid = (await orders.get(customer, order_no)).state == "paid"
    assert paid == (await state(review_no) == "approved")
    assert (await accounts.balance(customer)).available_fen == (400 if paid else 1000)


@pytest.mark.parametrize("times", range(3))
async def test_approved_and_cancelled_at_once_costs_nothing(db, times):
    customer, order_no, review_no = await under_review()
    done = await asyncio.gather(
        reviews.approve(OPERATOR, review_no, key=factories.key()),
        orders.cancel(customer, order_no),
        return_exceptions=True,
    )
    kinds(done, reviews.ReviewEnded)
    assert (await orders.get(customer, order_no)).state == "cancelled"
    assert await state(review_no) == ("withdrawn" if isinstance(done[0], Exception) else "approved")
    assert (await accounts.balance(customer)).available_fen == 1000


@pytest.mark.parametrize("times", range(3))
async def test_the_last_moment_and_the_expiry_at_once(db, times):
    _, _, review_no = await under_review()
    approving = asyncio.create_task(reviews.approve(OPERATOR, review_no, key=factories.key()))
    await asyncio.sleep(0.002 * times)
    clock.set_offset(abnormal.LIFETIME + timedelta(seconds=1))
    expired, done = await asyncio.gather(reviews.expire_due(), approving, return_exceptions=True)
    assert (expired == 1) == isinstance(done, reviews.ReviewEnded)
    assert await state(review_no) == ("expired" if expired else "approved")


async def test_refusals(db):
    for decide in (reviews.approve, reviews.reject):
        with pytest.raises(reviews.NoSuchReview):
            await decide(OPERATOR, "Y0", key=factories.key())
    _, _, review_no = await under_review()
    key = factories.key()
    for _ in range(2):
        assert (await reviews.reject(OPERATOR, review_no, key=key)).state == "rejected"
    with pytest.raises(reviews.KeyReused):
        await reviews.reject(OPERATOR, review_no, reason="other", key=key)


@pytest.mark.broken_books
@pytest.mark.parametrize(
    ("invariant", "broken"),
    [
        ("I10", "UPDATE deduction_review SET state = 'approved', decided_at = now()"),
        ("I10", "UPDATE deduction_review SET amount_fen = 599"),
        ("I11", "UPDATE bill SET pending_no = NULL"),
        ("I11", "UPDATE bill SET pending_no = 'Y-other'"),
    ],
)
@pytest.mark.parametrize("incremental", [False, True])
async def test_the_proof_finds_a_review_that_is_not_what_is_held(
    db, database_url, invariant, broken, incremental
):
    assert (await proof.run()).is_mark
    await under_review()
    assert await proof.check() == []
    breaking = await asyncpg.connect(database_url)
    await breaking.execute(broken)
    await breaking.close()
    found = await proof.run(since_last=incremental)
    assert invariant in {violation.invariant for violation in found.violations}


async def test_who_is_told_of_a_review_that_ended_is_told_what_is_there(db):
    customer = await factories.customer()
    await set_limit(customer.id, 1_000)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    order = await factories.order(customer.id, 800)
    assert (await orders.pay(customer.id, order.order_no, key=factories.key())).under_review
    (waiting,) = await reviews.page(state="waiting", customer_id=customer.id)
    await factories.topped_up(customer.id, 1_000)
    assert (await credit_line.of(customer.id)).used_fen == 0
    await reviews.reject(1, waiting.review_no, key=factories.key())
    told = await database.fetchval(
        "SELECT params::jsonb ->> 'available_fen' FROM outbox_message WHERE kind = 'review_ended'"
    )
    assert int(told) == (await accounts.balance(customer.id)).available_fen == 1_000


async def test_who_is_told_of_a_review_that_ended_is_told_what_is_there_once_other_credit_is_paid_back(db):
    customer = await factories.customer(principal=1_000)
    await set_limit(customer.id, 1_000)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 700}, action="hold", tells_customer=False
    )
    order, other = await factories.order(customer.id, 800), await factories.order(customer.id, 500)
    assert (await orders.pay(customer.id, order.order_no, key=factories.key())).under_review
    await orders.pay(customer.id, other.order_no, key=factories.key())
    assert (await credit_line.of(customer.id)).used_fen == 300
    (waiting,) = await reviews.page(state="waiting", customer_id=customer.id)
    await reviews.reject(1, waiting.review_no, key=factories.key())
    told = await database.fetchval(
        "SELECT params::jsonb ->> 'available_fen' FROM outbox_message WHERE kind = 'review_ended'"
    )
    assert int(told) == (await accounts.balance(customer.id)).available_fen == 500
