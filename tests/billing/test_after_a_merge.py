"""After a merge: what a person did under the number that is gone counts, and what comes late reaches who is kept."""

from datetime import timedelta

import pytest

from billing import (
    approvals,
    counter,
    merges,
    package_rules,
    packages,
    payments,
    points_adjustments,
    points_bonus,
    refunds,
    remittances,
    remittances_shown,
    spending,
    terms,
    top_ups,
)
from core import clock
from core import db as database
from members import points, points_ends
from shop import orders
from tests import factories
from tests.billing import remitting
from tests.billing.refunding import Channel, opened, paid_bill, refund_bill
from tests.members.test_points import has, owed, ruled


async def merge(gone, kept):
    number = await merges.request(1, gone.id, kept.id, reason="同一个人", key=factories.key())
    assert (await approvals.approve(2, number, key=factories.key())).state == "executed"


async def closed(payment):
    word = factories.trade(payment, state="closed", channel_trade_no=None, paid_at=None)
    assert await payments.confirm(word) == "closed"


async def paid(customer, fen):
    order = await factories.order(customer.id, fen)
    return await orders.pay(customer.id, order.order_no, key=factories.key())


async def back(order, fen):
    await refunds.of_bill(opened(), 1, order.bill_no, amount_fen=fen, reason="r", key=factories.key())
    await spending.follow()


async def two_who_earn():
    """Two customers with 500 yuan each, whose payments bring points."""
    await ruled()
    return [await factories.customer(principal=50_000, named=True) for _ in range(2)]


async def test_two_numbers_of_one_customer_do_not_double_what_one_operator_gives_back_alone(db):
    most = terms.current().approval_above_fen
    gone = await factories.customer(principal=most, named=True)
    kept = await factories.customer(principal=most, named=True)
    one, two = await paid_bill(gone.id, most), await paid_bill(kept.id, most)
    await merge(gone, kept)
    await refund_bill(one, most)
    assert (await refund_bill(two, most)).approval_no is not None, await factories.balance(kept.id)


async def test_late_money_for_an_unpaid_order_of_who_was_merged_reaches_who_is_kept(db):
    gone, kept = await factories.customer(), await factories.customer()
    order = await factories.order(gone.id, 1_000)
    payment = await factories.combined_payment(order, 0)
    await closed(payment)
    await merge(gone, kept)
    await payments.confirm(factories.trade(payment))
    assert await factories.balance(kept.id) == (1_000, 0)
    assert (await orders.get(gone.id, order.order_no)).state == "placed", "it lapses"


async def test_who_was_served_under_the_number_that_is_gone_has_no_right_of_who_never_was(db):
    gone, kept = await factories.customer(principal=1_000), await factories.customer()
    await paid_bill(gone.id, 1_000)
    await merge(gone, kept)
    made = await factories.topped_up(kept.id, 10_000, 2_000)
    await paid_bill(kept.id, 2_000)  # the bonus
    channel = Channel("accepted").open()
    asked = await refunds.ask_for(
        channel, kept.id, made.top_up_no, amount_fen=None, reason="x", key=factories.key()
    )
    assert (asked.state, asked.amount_fen) == ("requested", 8_333)


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [({"first_time_only": True}, package_rules.FirstOnly), ({"per_customer": 1}, package_rules.LimitReached)],
)
async def test_a_package_that_was_bought_under_the_number_that_is_gone_counts(db, rule, refusal):
    gone, kept = await factories.customer(), await factories.customer()
    package = await packages.add(name="首充", pay_fen=100, bonus_fen=100, rules=packages.Rules(**rule))

    async def buys(who):
        started = await top_ups.start(
            opened(), who.id, package_id=package.id, amount_fen=None, channel="wechat_pay", method="native", payer=None,
            key=factories.key(),
        )  # fmt: skip
        assert await payments.confirm(factories.trade(started)) == "credited"

    await buys(gone)
    with pytest.raises(refusal):
        await buys(gone)
    await merge(gone, kept)
    with pytest.raises(refusal):
        await buys(kept)


@pytest.mark.parametrize("rule", [{"first_time_only": True}, {"per_customer": 1}])
async def test_a_package_that_may_still_be_paid_under_the_number_that_is_gone_is_not_bought_beside_it(
    db, rule
):
    gone, kept = await factories.customer(), await factories.customer()
    package = await packages.add(name="首充", pay_fen=100, bonus_fen=100, rules=packages.Rules(**rule))

    def buys(who):
        return top_ups.start(
            opened(), who.id, package_id=package.id, amount_fen=None, channel="wechat_pay", method="native", payer=None,
            key=factories.key(),
        )  # fmt: skip

    begun = await buys(gone)
    await merge(gone, kept)
    with pytest.raises(package_rules.Unfinished):
        await buys(kept)
    assert await payments.confirm(factories.trade(begun)) == "credited"
    assert await factories.balance(kept.id) == (100, 100)


async def test_points_owed_again_after_a_merge_are_owed_by_who_is_kept(db):
    gone, kept = await two_who_earn()
    order = await paid(gone, 10_000)
    await spending.follow()
    await points_bonus.change(gone.id, 100, key=factories.key())
    await back(order, 5_000)
    await points_adjustments.adjust(1, gone.id, 50, reason="x", key=factories.key())
    assert (await has(gone), await owed(gone)) == (0, []), "that was owed is paid"
    await merge(gone, kept)
    await back(order, 5_000)
    await points_adjustments.adjust(1, kept.id, 200, reason="x", key=factories.key())
    assert await has(kept) == 150, (await owed(kept), await owed(gone))


async def test_points_that_were_over_after_a_merge_are_not_taken_from_others(db):
    gone, kept = await two_who_earn()
    order = await paid(gone, 10_000)
    await spending.follow()
    await merge(gone, kept)
    assert await has(kept) == 100
    clock.set_offset(timedelta(days=60))
    await points_ends.expire()
    assert await has(kept) == 0
    await points_adjustments.adjust(1, kept.id, 100, reason="x", key=factories.key())
    await back(order, 10_000)
    assert await has(kept) == 100


async def test_a_remittance_of_a_refund_of_who_was_merged_can_be_confirmed(db):
    gone = await factories.customer()
    kept = await remitting.known_customer(1_000)
    bill_no = await factories.bill(gone.id, 5_000)
    await counter.bill(1, bill_no, counter.Taking("cash", None), key=factories.key())
    await merge(gone, kept)
    out = await refunds.of_bill(opened(), 1, bill_no, amount_fen=5_000, reason="x", key=factories.key())
    channel = remitting.Payouts("waiting")
    sent = await remittances.of_refund(
        channel.open(), 1, out.refund.refund_no, payee_name="小林", key=factories.key()
    )
    assert sent.payee == "oM-1", "it goes to who is kept"
    seen = await remittances_shown.of_customer(channel.open(), kept.id)
    assert [one.remittance_no for one in seen] == [sent.remittance_no]


async def test_nobody_pays_an_unpaid_order_of_who_was_merged_at_the_counter(db):
    gone, kept = await factories.customer(), await factories.customer()
    order = await factories.order(gone.id, 1_000)
    bill_no = await factories.bill(gone.id, 700)
    await merge(gone, kept)
    with pytest.raises(counter.CustomerHasLeft):
        await counter.bill(1, order.bill_no, counter.Taking("cash", None), key=factories.key())
    taken = await counter.bill(1, bill_no, counter.Taking("cash", None), key=factories.key())
    assert taken.payment.customer_id == kept.id, "what is owed has moved on"


async def test_points_of_lots_that_are_alike_are_over_for_each_of_them(db):
    gone, kept = await two_who_earn()
    one, two = await paid(gone, 10_000), await paid(gone, 10_000)
    await spending.follow()
    await merge(gone, kept)
    await points_adjustments.adjust(1, kept.id, -100, reason="x", key=factories.key())
    clock.set_offset(timedelta(days=60))
    await points_ends.expire()
    await points_adjustments.adjust(1, kept.id, 300, reason="x", key=factories.key())
    await back(one, 10_000)
    await back(two, 10_000)
    assert await has(kept) == 200, "of 200 that were earned 100 had been taken before the others were over"


async def test_points_are_found_over_several_merges_also_those_that_came_back_to_who_was_gone(db):
    await ruled()
    first, second, third = [await factories.customer(principal=50_000, named=True) for _ in range(3)]
    one = await paid(first, 10_000)
    await spending.follow()
    async with database.transaction():
        await points.spend(first.id, 30, "test:spent", worth_fen=1)
    await merge(first, second)
    async with database.transaction():
        await points.give_back("test:spent")
    await merge(second, third)
    assert await has(third) == 100
    clock.set_offset(timedelta(days=60))
    await points_ends.expire()
    await points_adjustments.adjust(1, third.id, 100, reason="x", key=factories.key())
    await back(one, 10_000)
    assert (await has(third), await owed(third)) == (100, [])


async def test_the_counter_asks_nobody_to_agree_to_what_nobody_may_pay(db):
    most = terms.current().counter_approval_above_fen
    gone, kept = await factories.customer(named=True), await factories.customer(named=True)
    order = await factories.order(gone.id, most + 1)
    await merge(gone, kept)
    with pytest.raises(counter.CustomerHasLeft):
        await counter.bill(1, order.bill_no, counter.Taking("cash", None), key=factories.key())
    assert await approvals.page(state="waiting") == []


async def test_nobody_looks_through_all_top_ups_of_a_package_for_who_has_had_it(db):
    package = await packages.add(
        name="首充", pay_fen=100, bonus_fen=100, rules=packages.Rules(per_customer=1)
    )
    statement = package_rules._TAKEN.replace("$1", str(package.id)).replace("$2", "1").replace("$3", "false")
    async with database.transaction():
        await database.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await database.fetch(f"EXPLAIN {statement}"))
    found_by = plan.split("using top_up_taken")[1].split("Index Cond")[1].split("\n")[0]
    assert "package_id = " in found_by and "customer_id = ANY" in found_by, plan
