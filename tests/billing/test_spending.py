"""Spending follows payments: points by the rule, tiers up at once and down at their time, everything once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import approvals as second_persons
from billing import counter, counter_undo, merges, points_adjustments, points_bonus, refunds, spending
from core import clock
from core import db as database
from members import customers, points_debts, points_desk, points_rules, settings, standings, tiers
from members import spending as spent
from shop import orders, placing
from tests import factories

RULE = points_rules.Rule(100, 100, 100, 200, None, None)


async def ruled():
    await points_rules.put(RULE, by="operator:1")


async def paid(customer, fen):
    order = await factories.order(customer.id, fen)
    return await orders.pay(customer.id, order.order_no, key=factories.key())


async def has(customer):
    return await spent.within(customer.id, 365), (await points_desk.balance(customer.id)).points


async def judged():
    await spending.follow_and_judge()


async def tier_of(customer):
    return (await customers.get(customer.id)).tier


async def test_what_is_paid_counts_once_and_what_comes_back_counts_down(db):
    await ruled()
    customer = await factories.customer(principal=50_000)
    first, _ = await paid(customer, 10_050), await paid(customer, 99)
    assert await has(customer) == (0, 0), "nobody who pays waits for it"
    done = await asyncio.gather(*(spending.follow(limit=1) for _ in range(4)))
    assert sum(done) == 2
    assert await has(customer) == (10_149, 100)
    await refunds.of_bill(
        factories.open_channels(),
        1,
        first.bill_no,
        amount_fen=5_025,
        reason="r",
        key=factories.key(),
    )
    await spending.follow()
    assert await has(customer) == (5_124, 50)
    await orders.cancel(customer.id, first.order_no)
    assert (await spending.follow(), await spending.follow()) == (1, 0)
    assert await has(customer) == (99, 0)


async def test_money_at_the_counter_counts_until_it_is_undone_also_in_one_look(db):
    await ruled()
    customer = await factories.customer()
    for looks in (True, False):
        bill_no = await factories.bill(customer.id, 3_000)
        taken = await counter.bill(1, bill_no, counter.Taking("cash", None), key=factories.key())
        if looks:
            await spending.follow()
            assert await has(customer) == (3_000, 30)
        await counter_undo.undo(1, taken.payment.counter_no, reason="r", key=factories.key())
        await spending.follow()
        assert await has(customer) == (0, 0)


async def test_a_tier_comes_at_once_and_goes_when_its_time_is_over(db):
    await tiers.put("silver", name_zh="银", name_en="Silver", rank=1, rule=tiers.Rule(5_000, 30, 10))
    await tiers.put("gold", name_zh="金", name_en="Gold", rank=2, rule=tiers.Rule(10_000, 30, 20))
    customer = await factories.customer(principal=50_000)
    await paid(customer, 6_000)
    await judged()
    assert await tier_of(customer) == "silver"
    seen = await standings.of(customer.id)
    assert (seen.tier.code, seen.next_tier.code, seen.spent_fen) == ("silver", "gold", 6_000)
    assert seen.keeps_until == clock.today() + timedelta(days=10)
    await paid(customer, 4_000)
    await judged()
    assert (await tier_of(customer), await factories.told(customer.id, "tier_up")) == ("gold", 2)
    clock.set_offset(timedelta(days=19))
    await judged()
    assert await tier_of(customer) == "gold"
    clock.set_offset(timedelta(days=20))
    await judged()
    assert (await standings.of(customer.id)).keeps_until == clock.today() + timedelta(days=20), (
        "spent enough again"
    )
    clock.set_offset(timedelta(days=25))
    await paid(customer, 5_000)
    clock.set_offset(timedelta(days=40))
    await asyncio.gather(judged(), judged())
    assert (await tier_of(customer), await factories.told(customer.id, "tier_down")) == ("silver", 1)
    clock.set_offset(timedelta(days=60))
    await judged()
    assert (await tier_of(customer), await factories.told(customer.id, "tier_over")) == (None, 1)
    history = [(one.before, one.after, one.operator) for one in await settings.history(customer.id)]
    assert [one for one in history if one[2] == "clock"] == [
        ("silver", None, "clock"), ("gold", "silver", "clock"), ("silver", "gold", "clock"), (None, "silver", "clock"),
    ]  # fmt: skip


async def meanwhile(statement, done, over):
    async with database.transaction():
        await database.execute(statement)
        done.set()
        await over.wait()


async def test_no_tier_is_over_while_what_was_paid_is_not_counted(db):
    await tiers.put("silver", name_zh="银", name_en="Silver", rank=1, rule=tiers.Rule(5_000, 30, 10))
    customer = await factories.customer(principal=50_000)
    await paid(customer, 6_000)
    await judged()
    clock.set_offset(timedelta(days=31))
    await paid(customer, 5_000)
    for busy in ("SELECT FROM spending_mark FOR UPDATE", "LOCK TABLE transfer IN ROW EXCLUSIVE MODE"):
        at_it, over = asyncio.Event(), asyncio.Event()
        other = asyncio.create_task(meanwhile(busy, at_it, over))  # counts too, or pays
        await at_it.wait()
        assert await spending.follow_and_judge(patience_s=0) == 0
        over.set()
        await other
    assert await factories.told(customer.id, "tier_over") == 0
    await judged()
    seen = await standings.of(customer.id)
    assert (seen.tier.code, seen.keeps_until) == ("silver", clock.today() + timedelta(days=10))
    assert await factories.told(customer.id, "tier_over") == 0


async def test_a_tier_goes_with_the_money_it_came_by(db):
    for rank, code in enumerate(("silver", "gold"), 1):
        await tiers.put(code, name_zh=code, name_en=code, rank=rank, rule=tiers.Rule(rank * 5_000, 30, 60))
    customer = await factories.customer(principal=90_000)
    first = await paid(customer, 6_000)
    await judged()
    second, third = await paid(customer, 5_000), await paid(customer, 100)
    await judged()
    await orders.cancel(customer.id, third.order_no)
    await judged()
    assert await tier_of(customer) == "gold", "enough is left of what it came by"
    clock.set_offset(timedelta(days=31))
    await orders.cancel(customer.id, (await paid(customer, 9_000)).order_no)
    await judged()
    assert await tier_of(customer) == "gold", "kept, though nothing was spent of late"
    await tiers.put("gold", name_zh="金", name_en="Gold", rank=2, rule=tiers.Rule(20_000, 30, 60))
    await judged()
    assert await tier_of(customer) == "gold", "dearer for others only"
    await paid(customer, 5_500)
    await orders.cancel(customer.id, second.order_no)
    await judged()
    assert await tier_of(customer) == "gold", "what was spent since stands in for it"
    await orders.cancel(customer.id, first.order_no)
    await asyncio.gather(judged(), judged())
    assert (await tier_of(customer), await factories.told(customer.id, "tier_over")) == (None, 1)
    await paid(customer, 11_000)
    await judged()
    assert await tier_of(customer) == "silver"


async def test_what_an_operator_gave_is_only_left_for_better(db):
    for rank, code in enumerate(("silver", "gold"), 1):
        await tiers.put(code, name_zh=code, name_en=code, rank=rank, rule=tiers.Rule(rank * 5_000, 30, 1))
    given, old = [await factories.customer(principal=50_000, tier="silver") for _ in range(2)]
    await database.execute(
        "DELETE FROM tier_standing WHERE customer_id = $1", old.id
    )  # from before there were rules
    for customer in (given, old):
        await paid(customer, 100)
    await judged()
    clock.set_offset(timedelta(days=99))
    await judged()
    assert [await tier_of(one) for one in (given, old)] == ["silver", "silver"]
    await paid(given, 10_000)
    await judged()
    assert await tier_of(given) == "gold"
    clock.set_offset(timedelta(days=199))
    await judged()
    assert await tier_of(given) is None


async def test_other_rules_are_asked_of_everybody_again_also_the_first(db):
    customer = await factories.customer(principal=50_000)
    await paid(customer, 6_000)
    await judged()
    await tiers.put("silver", name_zh="银", name_en="Silver", rank=1, rule=tiers.Rule(5_000))
    await tiers.put("gold", name_zh="金", name_en="Gold", rank=2, rule=tiers.Rule(10_000))
    await judged()
    assert await tier_of(customer) == "silver"
    await tiers.put("gold", name_zh="金", name_en="Gold", rank=2, rule=tiers.Rule(6_000))
    await judged()
    assert await tier_of(customer) == "gold"


async def test_points_become_bonus_once_for_a_key_and_never_more_than_there_are(db):
    customer = await factories.customer(principal=100)
    with pytest.raises(points_bonus.NoPoints):
        await points_bonus.change(customer.id, 100, key=factories.key())
    await ruled()
    await points_rules.put(replace(RULE, bonus_days=3), by="operator:1")
    await points_adjustments.adjust(1, customer.id, 1_000, reason="r", key=factories.key())
    with pytest.raises(points_bonus.TooFewPoints):
        await points_bonus.change(customer.id, 1, key=factories.key())
    key = factories.key()
    made = await asyncio.gather(*(points_bonus.change(customer.id, 400, key=key) for _ in range(3)))
    assert {one.bonus_fen for one in made} == {200} and len({one.number for one in made}) == 1
    with pytest.raises(points_bonus.KeyReused):
        await points_bonus.change(customer.id, 401, key=key)
    done = await asyncio.gather(
        *(points_bonus.change(customer.id, 300, key=factories.key()) for _ in range(4)),
        return_exceptions=True,
    )
    assert [type(one) for one in done].count(points_bonus.PointsShort) == 2
    assert (await points_desk.balance(customer.id)).points == 0
    assert await factories.balance(customer.id) == (100, 500)
    assert await factories.told(customer.id, "points_bonus") == 3
    await database.execute("UPDATE customer SET state = 'closing' WHERE id = $1", customer.id)
    with pytest.raises(points_bonus.CustomerHasLeft):
        await points_bonus.change(customer.id, 300, key=factories.key())


async def test_points_of_a_payment_that_is_given_back_are_changed_into_bonus_once(db):
    await ruled()
    customer = await factories.customer(principal=20_000)
    for _ in range(2):
        order = await paid(customer, 10_000)
        await spending.follow()
        if not await factories.told(customer.id, "points_bonus"):
            await points_bonus.change(customer.id, 100, key=factories.key())
        await orders.cancel(customer.id, order.order_no)
        await spending.follow()
        assert (await points_desk.balance(customer.id)).points == 0
    await paid(customer, 10_000)
    await spending.follow()
    with pytest.raises(points_bonus.PointsShort):
        await points_bonus.change(customer.id, 100, key=factories.key())
    await paid(customer, 5_000)
    await spending.follow()
    assert (await points_desk.balance(customer.id)).points == 50


async def test_points_on_an_order_come_back_to_nobody_when_their_payment_is_gone(db):
    await ruled()
    customer = await factories.customer(principal=20_000)
    brought = await paid(customer, 10_000)
    await spending.follow()
    piece = await factories.sku(4_000)
    spent_on = await orders.place(
        customer.id, [orders.Wanted(piece.id, 1)], placing.How(points=100), key=factories.key()
    )
    await orders.cancel(customer.id, brought.order_no)
    await spending.follow()
    await orders.cancel(customer.id, spent_on.order_no)
    assert (await points_desk.balance(customer.id)).points == 0
    assert await points_debts.open_of([customer.id]) == []


async def test_what_a_merged_customer_pays_and_has_back_late_counts_for_who_is_kept(db):
    await ruled()
    gone, kept = await factories.customer(principal=5_000), await factories.customer(principal=1)
    order = await paid(gone, 2_000)
    await spending.follow()
    await paid(gone, 1_000)
    asked = await merges.request(1, gone.id, kept.id, reason="r", key=factories.key())
    seen = await merges.preview(gone.id, kept.id)
    assert (seen.points, seen.coupons) == (20, 0)
    done = await second_persons.approve(2, asked, key=factories.key())
    assert done.state == "executed", done
    assert (await has(gone), await has(kept)) == ((0, 0), (2_000, 20))
    await spending.follow()
    assert (await has(gone), await has(kept)) == ((0, 0), (3_000, 30))
    await orders.cancel(gone.id, order.order_no)
    await spending.follow()
    assert (await has(gone), await has(kept)) == ((0, 0), (1_000, 10))
